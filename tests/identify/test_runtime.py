"""Libraries that run models."""

from __future__ import annotations

from aiguard_agent.identify.runtime import runs_models
from small_hosts import view_of


def test_the_library_that_runs_models_is_named() -> None:
    """The file name counts, not the folder: a venv called v-torch is no torch."""
    view = view_of([{"argv": ["a"], "mapped": ["/v-libtorch/x.so", "/l/libtorch_cpu.so"]}, {"argv": ["b"]}])

    assert [runs_models(process) for process in view.facts.processes] == ["libtorch_cpu.so", ""]
