"""The heuristic for model servers without a signature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiguard_agent.core.assets import ModelFile
from aiguard_agent.core.facts import Gpu, GpuUse
from aiguard_agent.identify.unknown import unknown_servers
from aiguard_agent.identify.view import View
from small_hosts import view_of

FILE = ModelFile(id="m", path="/m/a.safetensors", format="safetensors", size=1, held_by=(1000,))
TORCH = "/v/site-packages/torch/lib/libtorch_cpu.so"


def found(process: dict[str, Any], *files: ModelFile, gpu: int = 0) -> list[str]:
    view = view_of([{"argv": ["python3", "serve.py"], "listen": ["127.0.0.1:9000"], **process}])
    gpus = (Gpu(index=0, vendor="nvidia", used_by=(GpuUse(pid=1000, memory=gpu),)),) if gpu else ()
    return [server.id for server in unknown_servers(View(replace(view.facts, gpus=gpus), (), files), set())]


@pytest.mark.parametrize(
    ("process", "files", "gpu", "count"),
    [
        ({"mapped": [TORCH]}, (FILE,), 0, 1),
        ({}, (), 1 << 30, 1),
        ({"mapped": [TORCH]}, (), 0, 0),
        ({}, (FILE,), 0, 0),
        ({"mapped": [TORCH], "listen": []}, (FILE,), 0, 0),
        ({"mapped": ["/v/torch/libtorchvision_not_a_runtime.txt"]}, (FILE,), 0, 0),
        ({"mapped": [TORCH], "argv": ["vim", "x"], "listen": []}, (FILE,), 0, 0),
        ({"mapped": [TORCH], "argv": ["vim", "x"]}, (FILE,), 0, 1),
        ({"mapped": [TORCH], "argv": ["sshd"], "exe": "/tmp/sshd"}, (FILE,), 0, 1),
    ],
)
def test_all_three_signs_are_needed(
    process: dict[str, Any], files: tuple[ModelFile, ...], gpu: int, count: int
) -> None:
    """It runs models, has weights and listens; two of three are not enough, and no name talks it out of that."""
    assert len(found(process, *files, gpu=gpu)) == count


def test_its_id_is_stable_words() -> None:
    """The id names the heuristic, the host and the port."""
    assert found({"mapped": [TORCH]}, FILE) == ["unknown-model-server@host:9000"]


def test_its_worker_is_not_a_second_one() -> None:
    """A child that shows the same signs belongs to its parent."""
    view = view_of(
        [
            {"argv": ["python3", "s.py"], "mapped": [TORCH], "listen": ["127.0.0.1:9000"]},
            {"argv": ["python3", "s.py"], "mapped": [TORCH], "listen": ["127.0.0.1:9001"], "parent": 0},
        ]
    )
    both = replace(FILE, held_by=(1000, 1001))

    assert len(unknown_servers(View(view.facts, (), (both,)), set())) == 1
