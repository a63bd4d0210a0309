"""Folding processes into servers."""

from __future__ import annotations

from dataclasses import replace

from aiguard_agent.identify.families import fold
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.servers import name_processes
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import ServerSignature
from small_hosts import signature, view_of

THING = signature("process: {exe: [thing]}")
PART = signature("process: {exe: [part]}", "part")


def families(view: View, *signatures: ServerSignature) -> list[list[int]]:
    named, _beaten = name_processes(view, Index(signatures or (THING, PART)))
    return [[process.pid for process in family.members] for family in fold(view, named)]


def test_workers_fold_into_their_parent() -> None:
    """Named and unnamed descendants are parts of the topmost named one."""
    view = view_of(
        [
            {"argv": ["thing"]},
            {"argv": ["thing", "worker"], "parent": 0},
            {"argv": ["python", "w.py"], "parent": 1},
            {"argv": ["bystander"]},
        ]
    )

    assert families(view) == [[1000, 1001, 1002]]


def test_two_starts_are_two_servers() -> None:
    """The same product twice, unrelated, is two servers."""
    assert families(view_of([{"argv": ["thing"]}, {"argv": ["thing"]}])) == [[1000], [1001]]


def test_another_product_below_stands_alone() -> None:
    """An engine that a gateway starts is a server of its own, unless the gateway calls it its child."""
    view = view_of([{"argv": ["thing"]}, {"argv": ["part"], "parent": 0}])
    owning = signature("process: {exe: [thing]}\nchildren: [part]")

    assert families(view) == [[1000], [1001]]
    assert families(view, owning, PART) == [[1000, 1001]]


def test_an_engine_below_does_not_speak_for_the_server() -> None:
    """A folded child of another product is a member, but its command line is not the server's."""
    owning = signature("process: {exe: [thing]}\nchildren: [part]")
    view = view_of([{"argv": ["thing"]}, {"argv": ["part"], "parent": 0}, {"argv": ["worker"], "parent": 0}])
    named, _beaten = name_processes(view, Index((owning, PART)))

    (family,) = fold(view, named)

    assert [process.pid for process in family.speakers] == [1000, 1002]


def test_agents_do_not_swallow_what_they_start() -> None:
    """With `folds: named` an unnamed descendant is nobody's part, a named child is."""
    agent = signature("process: {exe: [thing]}\nfolds: named\nchildren: [kernel, some.module]")
    view = view_of(
        [
            {"argv": ["thing"]},
            {"argv": ["python", "serve.py"], "parent": 0},
            {"argv": ["kernel"], "parent": 0},
            {"argv": ["python", "-m", "some.module"], "parent": 0},
        ]
    )

    assert families(view, agent) == [[1000, 1002, 1003]]


def test_a_swarm_is_one_server() -> None:
    """Detached processes of a cluster product of one user are one server."""
    swarm = signature("process: {exe: [thing]}\ncluster: true")

    assert families(view_of([{"argv": ["thing"]}, {"argv": ["thing", "x"]}]), swarm) == [[1000, 1001]]


def test_sharers_of_a_socket_are_one_server() -> None:
    """Workers whose parent is gone are held together by the socket they share."""
    view = view_of([{"argv": ["thing"], "listen": ["127.0.0.1:80"]}, {"argv": ["thing"]}])
    shared = replace(view.facts.listeners[0], pids=(1000, 1001))
    view = View(replace(view.facts, listeners=(shared,)))

    assert families(view) == [[1000, 1001]]


def test_a_loop_of_parents_ends() -> None:
    """A racing /proc may show two processes as each other's parent."""
    view = view_of([{"argv": ["thing"], "parent": 1}, {"argv": ["thing"], "parent": 0}])

    assert len(families(view)) == 1


def test_the_container_is_a_border() -> None:
    """An unnamed process in a container is not a part of the engine's ancestor outside."""
    view = view_of([{"argv": ["thing"]}, {"argv": ["python", "x.py"], "parent": 0, "image": "a/b"}])

    assert families(view) == [[1000]]
