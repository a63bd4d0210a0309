"""Ask NVIDIA's management library (optional package nvidia-ml-py) for GPUs and who uses them; bounded in time."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TypeVar

from aiguard_agent.core.facts import Gpu, GpuUse

T = TypeVar("T")
SECONDS = 5.0
"""A broken driver may never answer; then the asking thread is left behind and we go on."""
_NOT_TOLD = 1 << 63


def load() -> ModuleType | None:
    """Return the module, None when the extra is not installed."""
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


def ask(module: ModuleType, seconds: float = SECONDS) -> tuple[Gpu, ...]:
    """Return all NVIDIA GPUs; raises TimeoutError, or OSError with the library's words."""
    answer: list[tuple[Gpu, ...]] = []
    failure: list[str] = []

    def run() -> None:
        try:
            answer.append(_read(module))
        except module.NVMLError as error:
            failure.append(str(error))

    thread = threading.Thread(target=run, name="nvml", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"NVML did not answer within {seconds:g} s")
    if not answer:
        raise OSError(failure[0] if failure else "NVML gave no answer")
    return answer[0]


def _read(module: ModuleType) -> tuple[Gpu, ...]:
    module.nvmlInit()
    try:
        return tuple(_gpu(module, index) for index in range(int(module.nvmlDeviceGetCount())))
    finally:
        module.nvmlShutdown()


def _gpu(module: ModuleType, index: int) -> Gpu:
    device = module.nvmlDeviceGetHandleByIndex(index)
    used: dict[int, int] = {}
    for name in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"):
        for entry in _ask_one(module, getattr(module, name), device) or ():
            memory = entry.usedGpuMemory or 0
            used[int(entry.pid)] = max(used.get(int(entry.pid), 0), memory if memory < _NOT_TOLD else 0)
    memory = _ask_one(module, module.nvmlDeviceGetMemoryInfo, device)
    return Gpu(
        index=index,
        vendor="nvidia",
        name=_text(_ask_one(module, module.nvmlDeviceGetName, device)),
        uuid=_text(_ask_one(module, module.nvmlDeviceGetUUID, device)),
        memory=int(memory.total) if memory is not None else 0,
        used_by=uses(used.items()),
    )


def _ask_one(module: ModuleType, question: Callable[[object], T], device: object) -> T | None:
    try:
        return question(device)
    except module.NVMLError:
        return None  # this card, or this driver, does not tell


def uses(pairs: Iterable[tuple[int, int]]) -> tuple[GpuUse, ...]:
    """Return who holds a GPU, by pid."""
    return tuple(GpuUse(pid=pid, memory=memory) for pid, memory in sorted(pairs))


def _text(value: object) -> str:
    """Older versions of the library give bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""
