"""Which processes deserve a deep look."""

from __future__ import annotations

import pytest

from aiguard_agent.core.facts import Process
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.interest import interest
from small_hosts import signature

SIGNATURES = (
    signature("process: {exe: [thing], exe_weak: [weak], cmdline: ['thing\\s+serve']}"),
    signature("process: {exe: [a-name-longer-than-comm], cmdline: ['(?i)shouted']}", "long"),
)


@pytest.mark.parametrize(
    ("argv", "comm", "wanted"),
    [
        (("/usr/bin/thing",), "thing", True),
        (("weak",), "weak", True),
        (("python3", "x.py"), "python3", True),
        (("run", "thing  serve"), "run", True),
        (("x",), "a-name-longer-t", True),
        (("run", "SHOUTED"), "run", True),
        (("run", "THING SERVE"), "run", False),
        (("sleep", "9"), "sleep", False),
        (("grep", "thing serve"), "grep", False),
        ((), "kworker/0:1", False),
    ],
)
def test_interest(argv: tuple[str, ...], comm: str, wanted: bool) -> None:
    """Names, interpreters and known command lines; never bystanders, never kernel threads."""
    process = Process(pid=1, start_ticks=1, started=0.0, argv=argv, comm=comm, exe="" if not argv else None)

    assert interest(Index(SIGNATURES))(process) is wanted


def test_without_signatures_only_interpreters() -> None:
    """An empty set of signatures is not a pattern that matches everything."""
    judge = interest(Index(()))

    assert not judge(Process(pid=1, start_ticks=1, started=0.0, argv=("thing",), exe="/usr/bin/thing"))
