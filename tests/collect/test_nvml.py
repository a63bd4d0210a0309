import threading
from types import SimpleNamespace

import pytest

from aiguard_agent.collect.nvml import ask
from aiguard_agent.core.facts import Gpu, GpuUse

GIB = 1 << 30


class NVMLError(Exception):
    pass


def library(**more):
    """A stand-in for pynvml with one card that two processes use."""
    log = []
    told = {
        "NVMLError": NVMLError,
        "nvmlInit": lambda: log.append("init"),
        "nvmlShutdown": lambda: log.append("shutdown"),
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda _d: "NVIDIA A100",
        "nvmlDeviceGetUUID": lambda _d: b"GPU-1",
        "nvmlDeviceGetMemoryInfo": lambda _d: SimpleNamespace(total=80 * GIB),
        "nvmlDeviceGetComputeRunningProcesses": lambda _d: [
            SimpleNamespace(pid=9, usedGpuMemory=2**64 - 1),
            SimpleNamespace(pid=4, usedGpuMemory=3 * GIB),
        ],
        "nvmlDeviceGetGraphicsRunningProcesses": lambda _d: [SimpleNamespace(pid=9, usedGpuMemory=None)],
    }
    return SimpleNamespace(**{**told, **more}), log


def refuse(*_args):
    raise NVMLError("Not Supported")


def test_cards_and_their_users_are_told():
    """Name, UUID as bytes or text, memory, and every user once; memory that is not told is 0."""
    module, log = library()

    assert ask(module) == (
        Gpu(
            index=0,
            vendor="nvidia",
            name="NVIDIA A100",
            uuid="GPU-1",
            memory=80 * GIB,
            used_by=(GpuUse(pid=4, memory=3 * GIB), GpuUse(pid=9)),
        ),
    )
    assert log == ["init", "shutdown"]


def test_question_that_a_card_does_not_answer_is_left_out():
    """A card without process lists is still a card."""
    module, _log = library(nvmlDeviceGetComputeRunningProcesses=refuse, nvmlDeviceGetMemoryInfo=refuse)

    (gpu,) = ask(module)

    assert (gpu.memory, gpu.used_by) == (0, (GpuUse(pid=9),))


def test_library_without_a_driver_is_an_error_in_its_own_words():
    """When NVML cannot start, its words reach the operator."""
    module, _log = library(nvmlInit=refuse)

    with pytest.raises(OSError, match="Not Supported"):
        ask(module)


def test_driver_that_never_answers_does_not_stop_us():
    """A stuck driver costs the time limit and no more."""
    release = threading.Event()
    module, _log = library(nvmlInit=release.wait)

    with pytest.raises(TimeoutError):
        ask(module, seconds=0.01)
    release.set()
