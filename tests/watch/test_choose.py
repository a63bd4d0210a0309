"""Choosing sources: who is used, and why each other one is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch.choose import Choice, Conditions, choose
from aiguard_agent.watch.conditions import all_watchers
from aiguard_agent.watch.watcher import Settings

ROOT = Conditions(
    capabilities=frozenset("CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_NET_ADMIN".split()),
    kernel=(6, 18),
    places={"tracefs": True},
)
NOBODY = replace(ROOT, capabilities=frozenset())


def chosen(conditions: Conditions, settings: Settings | None = None) -> Choice:
    return choose(all_watchers(), conditions, settings or Settings())


def names(choice: Choice) -> dict[str, set[str]]:
    return {one.watcher.name: {str(kind) for kind in one.kinds} for one in choice.used}


def why(choice: Choice, name: str) -> str:
    return next(one.why for one in choice.passed if one.name == name)


def test_root() -> None:
    """Root has the connector, the comparison of sockets and the filesystem mark; the others say why not."""
    choice = chosen(ROOT)

    assert names(choice) == {
        "proc_connector": {"process"},
        "listen_diff": {"listener"},
        "fanotify_files": {"file"},
    }
    assert why(choice, "watchdog_files") == "fanotify_files tells the same, better"
    assert why(choice, "tracefs") == "off unless switched on in the configuration"
    assert choice.untold == frozenset()


def test_without_rights() -> None:
    """Nobody still has a source for every kind, and is told what the sources see less of."""
    choice = chosen(NOBODY)

    assert names(choice) == {
        "proc_connector": {"process"},
        "listen_diff": {"listener"},
        "watchdog_files": {"file"},
    }
    assert why(choice, "fanotify_files") == "needs CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH"
    less = {one.watcher.name: one.less for one in choice.used}
    assert less["listen_diff"] == "sees less without CAP_SYS_ADMIN and CAP_SYS_PTRACE"
    assert less["watchdog_files"] == ""


def test_tracefs_switched_on() -> None:
    """Asked for, tracefs tells of listeners and leaves processes to the connector, which tells their end too."""
    choice = chosen(ROOT, Settings(wanted={"tracefs": True}))

    assert names(choice) == {"proc_connector": {"process"}, "tracefs": {"listener"}, "fanotify_files": {"file"}}
    assert why(choice, "listen_diff") == "tracefs tells the same, better"


def test_tracefs_stands_in_for_the_connector() -> None:
    """With the connector switched off, tracefs tells of processes as well."""
    choice = chosen(ROOT, Settings(wanted={"tracefs": True, "proc_connector": False}))

    assert names(choice)["tracefs"] == {"process", "listener"}
    assert why(choice, "proc_connector") == "switched off in the configuration"


@pytest.mark.parametrize(
    ("conditions", "name", "words"),
    [
        (replace(ROOT, init_namespaces=False), "proc_connector", "works in the initial pid and user namespace only"),
        (replace(ROOT, kernel=(5, 4)), "fanotify_files", "needs Linux 5.9, this is 5.4"),
        (replace(ROOT, places={}), "tracefs", "tracefs is not there"),
        (NOBODY, "tracefs", "needs CAP_SYS_ADMIN"),
    ],
)
def test_obstacles(conditions: Conditions, name: str, words: str) -> None:
    """Each obstacle has words that say what would remove it."""
    choice = chosen(conditions, Settings(wanted={"tracefs": True}))

    assert why(choice, name).startswith(words)


def test_an_old_kernel_falls_back() -> None:
    """Where fanotify has no names, inotify is used."""
    assert "watchdog_files" in names(chosen(replace(ROOT, kernel=(5, 4))))


def test_a_container_tells_what_nobody_tells() -> None:
    """Without the host's pid namespace no source tells of processes: that is said."""
    assert chosen(replace(ROOT, init_namespaces=False)).untold == {HintKind.PROCESS}


def test_what_nobody_asked_for() -> None:
    """A source of a kind that is not wanted is not opened."""
    choice = chosen(ROOT, Settings(kinds=frozenset({HintKind.LISTENER})))

    assert names(choice) == {"listen_diff": {"listener"}}
    assert why(choice, "proc_connector") == "nobody asked for what it tells"


def test_every_watcher_is_accounted_for() -> None:
    """A watcher is used or passed over with words, never both, never neither."""
    for conditions in (ROOT, NOBODY, Conditions()):
        choice = chosen(conditions)
        accounted = [one.watcher.name for one in choice.used] + [one.name for one in choice.passed]

        assert sorted(accounted) == [watcher.name for watcher in all_watchers()]
        assert all(one.why for one in choice.passed)
