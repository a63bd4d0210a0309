"""Write a TorchServe model archive with a TorchScript module and its handler: `write_torchscript.py FOLDER`."""

import subprocess
import sys
from pathlib import Path

import torch

HANDLER = """\
import torch
from ts.torch_handler.base_handler import BaseHandler


class Line(BaseHandler):
    def preprocess(self, data):
        return torch.tensor([[float(row.get("body") or 0)] for row in data])

    def postprocess(self, data):
        return data.flatten().tolist()
"""


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir()
    torch.jit.script(torch.nn.Linear(1, 1)).save(str(folder / "line.pt"))
    (folder / "handler.py").write_text(HANDLER)
    pack = [str(Path(sys.executable).parent / "torch-model-archiver"), "--model-name", "line", "--version", "1.0"]
    files = ["--serialized-file", str(folder / "line.pt"), "--handler", str(folder / "handler.py")]
    subprocess.run([*pack, *files, "--export-path", str(folder)], check=True)


if __name__ == "__main__":
    main()
