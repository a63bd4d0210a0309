"""Write the files of `torch/` with the real libraries: `make_torch.py FOLDER` (torch 2.13, safetensors 0.8)."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(3, 4)
        self.norm = nn.LayerNorm(4)
        self.down = nn.Linear(4, 2, bias=False)
        self.register_buffer("scratch", torch.zeros(5), persistent=False)
        self.register_buffer("steps", torch.tensor(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(self.norm(self.up(x)))


def main() -> None:
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    net = Tiny().eval()
    state = net.state_dict()
    half = {name: value.to(torch.bfloat16) if value.is_floating_point() else value for name, value in state.items()}
    small = {"w": torch.zeros(2, 3, dtype=torch.float8_e4m3fn), "u": torch.zeros(4, dtype=torch.uint16)}
    optimizer = torch.optim.Adam(net.parameters())

    torch.save(state, folder / "state.pt")
    save_file(state, folder / "state.safetensors")
    torch.save(half, folder / "bf16.bin")
    save_file(half, folder / "bf16.safetensors")
    torch.save(small, folder / "float8.pt")
    save_file(small, folder / "float8.safetensors")
    torch.save(net, folder / "module.pt")
    torch.save({"epoch": 3, "state_dict": state, "optimizer": optimizer.state_dict()}, folder / "checkpoint.ckpt")
    torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(net, folder / "legacy_module.pth", _use_new_zipfile_serialization=False)
    torch.jit.script(net).save(folder / "scripted.pt")
    torch.export.save(torch.export.export(net, (torch.zeros(2, 3),)), folder / "exported.pt2")

    names = sorted(state)
    shards = (names[:3], names[3:])
    for number, part in enumerate(shards, start=1):
        stem = f"model-{number:05d}-of-{len(shards):05d}"
        save_file({name: state[name] for name in part}, folder / f"{stem}.safetensors")
        torch.save({name: state[name] for name in part}, folder / f"pytorch_{stem}.bin")


if __name__ == "__main__":
    main()
