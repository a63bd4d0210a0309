"""The indexed facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiguard_agent.core.facts import Namespace
from aiguard_agent.identify.view import View
from small_hosts import view_of


def test_who_owns_what() -> None:
    """Sockets by holder, ancestors in order, packages of the nearest environment."""
    view = view_of(
        [
            {"argv": ["a"], "listen": ["127.0.0.1:80", "127.0.0.1:81"], "packages": {"p": "1"}},
            {"argv": ["b"], "parent": 0},
            {"argv": ["c"], "parent": 1, "image": "i/j"},
        ]
    )
    a, b, c = (view.processes[pid] for pid in (1000, 1001, 1002))

    assert [listener.port for listener in view.listeners(1000)] == [80, 81]
    assert [process.pid for process in view.ancestors(c)] == [1001, 1000]
    assert view.package(a, "pypi", "p") is not None
    assert view.package(b, "pypi", "p") is None
    container = view.container(c)
    assert container is not None and container.image == "i/j"
    assert view.container(a) is None


def test_a_shared_socket_belongs_to_all_its_holders() -> None:
    """Each pre-fork worker shows the socket."""
    facts = view_of([{"argv": ["a"], "listen": ["127.0.0.1:80"]}, {"argv": ["a"]}]).facts
    shared = replace(facts.listeners[0], pids=(1000, 1001))

    view = View(replace(facts, listeners=(shared,)))

    assert view.listeners(1000) == view.listeners(1001) == [shared]


def test_an_unknown_container_is_at_least_its_id() -> None:
    """A runtime that told us nothing leaves the id from the cgroup."""
    facts = view_of([{"argv": ["a"]}]).facts
    (process,) = facts.processes
    view = View(replace(facts, processes=(replace(process, container="f" * 64),)))

    container = view.container(view.processes[1000])

    assert container is not None and container.id == "f" * 64


def test_isolated_namespaces() -> None:
    """Only a namespace known to have nothing but loopback counts."""
    facts = view_of([{"argv": ["a"]}]).facts
    spaces = (
        Namespace(inode=1, interfaces=("lo",)),
        Namespace(inode=2, interfaces=("lo", "eth0")),
        Namespace(inode=3),
    )

    assert View(replace(facts, namespaces=spaces)).isolated == {1}


@pytest.mark.parametrize(
    ("exe", "mapped", "listen", "believed"),
    [
        ("/usr/sbin/sshd", [], ["0.0.0.0:22"], True),
        ("/tmp/sshd", [], [], True),
        ("/tmp/sshd", [], ["0.0.0.0:22"], False),
        ("/usr/sbin/sshd", ["/x/libtorch_cpu.so"], ["0.0.0.0:22"], False),
        ("/usr/bin/vim", ["/x/libtorch_cpu.so"], [], True),
        ("/home/bob/bin/rg", [], ["127.0.0.1:9000"], False),
        ("/home/bob/.cargo/bin/rg", [], [], True),
    ],
)
def test_a_harmless_name_is_believed_until_it_serves(
    exe: str, mapped: list[str], listen: list[str], believed: bool
) -> None:
    """A name vouches for what lies in a system folder or serves nothing; a served model runtime outweighs it."""
    name = exe.rpartition("/")[2]
    view = view_of([{"argv": [name, "vllm", "serve"], "exe": exe, "mapped": mapped, "listen": listen}])

    entry = view.entry(view.facts.processes[0])

    assert (entry.bystander or entry.daemon) is believed
