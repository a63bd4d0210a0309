"""The loop that merges all sources: real threads and descriptors, small clocks."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aiguard_agent.collect.host import Host
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch import life
from aiguard_agent.watch.choose import Used, choose
from aiguard_agent.watch.conditions import all_watchers, look
from aiguard_agent.watch.life import Proof
from aiguard_agent.watch.run import Watch
from aiguard_agent.watch.watcher import Settings

ALL = frozenset({HintKind.PROCESS, HintKind.LISTENER, HintKind.FILE})
QUICK = Settings(hold=0.005, canary_seconds=1.0)


def watch_of(*plays, settings: Settings = QUICK) -> Watch:
    return Watch([Used(watcher=play.watcher, kinds=ALL) for play in plays], Host(), settings)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for what another thread does; fails when the time is up."""
    end = time.monotonic() + seconds
    gate = threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        gate.wait(0.002)


def take_until(watch: Watch, wanted: Callable[[Hint], bool], seconds: float = 5.0) -> list[Hint]:
    """Take hints until a wanted one came; the wanted one is last."""
    end, taken = time.monotonic() + seconds, []
    while time.monotonic() < end:
        for hint in watch.take(0.2):
            taken.append(hint)
            if wanted(hint):
                return taken
    pytest.fail(f"not told within {seconds} s, but {[hint.subject for hint in taken][-20:]}")


def proved(watch: Watch) -> bool:
    return all(state.proof is Proof.OK for state in watch.states())


def test_hints_of_all_sources_come_out(make_play, make_hint) -> None:
    """Two sources, one stream; canaries are not in it, repetitions are one."""
    one, other = make_play("one"), make_play("other")
    with watch_of(one, other) as watch:
        until(lambda: proved(watch))

        one.pipe.put(make_hint(1, source="one"), make_hint(1, source="one"))
        other.pipe.put(make_hint(2, source="other"))
        taken = take_until(watch, lambda hint: hint.pid == 2)
        taken += take_until(watch, lambda hint: hint.pid == 1) if 1 not in {hint.pid for hint in taken} else []

    assert sorted(hint.pid for hint in taken) == [1, 2]
    assert [hint.pid for hint in other.pipe.heard if hint.pid < 1000] == [1, 1]


def test_a_source_is_asked_for_its_kinds_alone(play) -> None:
    """What `choose` decided reaches the source."""
    with Watch([Used(watcher=play.watcher, kinds=frozenset({HintKind.FILE}))], Host(), QUICK) as watch:
        until(lambda: proved(watch))

    assert play.settings.kinds == {HintKind.FILE}


def test_a_dead_source_is_a_blind_and_comes_back(play, make_hint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its descriptor closed under its hands: a loss, a Blind, and a moment later it tells again."""
    monkeypatch.setattr(life, "FIRST_BACKOFF", 0.3)
    with watch_of(play) as watch:
        until(lambda: proved(watch))

        os.close(play.pipe.out)
        taken = take_until(watch, lambda hint: hint.kind is HintKind.LOST)
        assert taken[-1].subject == "pipe ended: Bad file descriptor"
        assert [blind.collector for blind in watch.blinds()] == ["pipe"]

        until(lambda: len(play.opened) == 2 and proved(watch))
        assert watch.blinds() == ()
        play.pipe.put(make_hint(7))
        take_until(watch, lambda hint: hint.pid == 7)
        assert watch.states()[0].opened == 2


def test_one_sources_failure_is_not_the_others(make_play, make_hint) -> None:
    """A watcher that cannot be opened leaves the rest in peace."""
    bad, good = make_play("bad"), make_play("good")
    bad.refuse = ValueError("odd")
    with watch_of(bad, good) as watch:
        until(lambda: bool(good.opened))
        good.pipe.put(make_hint(5, source="good"))

        take_until(watch, lambda hint: hint.pid == 5)

        assert [blind.reason for blind in watch.blinds()] == ["odd"]
        assert [state.up for state in watch.states()] == [False, True]


def test_a_full_queue_is_one_loss(play, make_hint) -> None:
    """Hints that nobody takes are bounded; one lost hint says how many had no room."""
    with watch_of(play, settings=replace(QUICK, queue=10)) as watch:
        until(lambda: proved(watch))
        for batch in range(3):
            play.pipe.put(*[make_hint(10 * batch + number) for number in range(1, 11)])
            until(lambda batch=batch: play.pipe.counters.events >= 10 * batch + 11)
            until(lambda: watch._merger.due() is None)
        taken = watch.take(1.0)

    assert len(taken) == 11
    assert (taken[-1].kind, taken[-1].subject) == (HintKind.LOST, "20 hints were not taken in time")


def test_stopping_is_at_once(play) -> None:
    """With nothing to do for an hour, stopping takes no time; everything is closed, twice is allowed."""
    watch = watch_of(play)
    watch.start()
    until(lambda: proved(watch))
    assert watch.alive
    started = time.monotonic()

    watch.stop()
    watch.stop()

    assert time.monotonic() - started < 0.5
    assert not watch.alive
    assert play.pipe.closed == 1


def test_stopping_wakes_whoever_waits(play) -> None:
    """A thread that waits for hints without end comes home with nothing."""
    watch = watch_of(play)
    watch.start()
    got: list[tuple[Hint, ...]] = []
    taker = threading.Thread(target=lambda: got.append(watch.take(None)))
    taker.start()

    watch.stop()
    taker.join(5)

    assert got == [()]


def test_taking_waits_no_longer_than_asked(play) -> None:
    """No hint within the time is an empty answer."""
    with watch_of(play) as watch:
        assert watch.take(0.01) == ()


def test_nothing_to_do_costs_nothing(play) -> None:
    """Between events the loop sleeps: in a fifth of a second it reads nothing and burns next to no CPU."""
    with watch_of(play) as watch:
        until(lambda: proved(watch))
        reads, cpu = play.reads, time.process_time()
        assert watch.take(0.2) == ()

        assert play.reads == reads
        assert time.process_time() - cpu < 0.05


def test_a_source_that_never_stops_talking_does_not_own_the_loop(make_play, make_hint) -> None:
    """A descriptor that is always readable is read fifty times a second at most, and the others are heard."""
    loud, calm = make_play("loud"), make_play("calm")
    with watch_of(loud, calm) as watch:
        until(lambda: proved(watch))
        loud.stuck = True
        loud.pipe.put()
        reads, started = loud.reads, time.monotonic()
        calm.pipe.put(make_hint(3, source="calm"))

        take_until(watch, lambda hint: hint.pid == 3)
        watch.take(0.2)

        assert loud.reads - reads <= (time.monotonic() - started) * 50 + 2


def test_proof_on_request(make_play) -> None:
    """The named source proves itself, the other one is left alone; without names all do."""
    one, other = make_play("one"), make_play("other")
    with watch_of(one, other) as watch:
        until(lambda: proved(watch))

        watch.prove("one")
        until(lambda: one.canaries == 2)
        watch.prove()
        until(lambda: (one.canaries, other.canaries) == (3, 2) and proved(watch))


def test_fifty_rounds_leave_nothing_behind(play) -> None:
    """Started and stopped again and again: no descriptor, no thread more."""
    fds, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(50):
        with watch_of(play) as watch:
            until(lambda watch=watch: watch.states()[0].up)

    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == (fds, threads)
    assert len(play.opened) == 50


@pytest.fixture
def real(tmp_path: Path) -> tuple[Watch, Path]:
    """A watch of this host with what rights allow, and the store it watches."""
    for name in ("store", "scratch"):
        (tmp_path / name).mkdir()
    settings = Settings(
        stores=(str(tmp_path / "store"),),
        scratch=str(tmp_path / "scratch"),
        may_be_model=lambda name: name.endswith(".gguf"),
    )
    choice = choose(all_watchers(), look(Host(), settings), settings)
    return Watch(choice.used, Host(), settings), tmp_path / "store"


def test_this_host(real: tuple[Watch, Path]) -> None:
    """A program, a port and a model file are told by whatever sources this host allows, each within a second."""
    watch, store = real
    with watch:
        until(lambda: proved(watch), 10.0)
        with subprocess.Popen(["true"]) as process:
            pid = process.pid
        take_until(watch, lambda hint: hint.kind is HintKind.PROCESS and hint.pid == pid, 1.0)
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
            take_until(watch, lambda hint: hint.kind is HintKind.LISTENER and hint.port == port, 1.0)
        (store / "m.gguf").write_bytes(b"GGUF")
        hint = take_until(watch, lambda hint: hint.path == str(store / "m.gguf"), 1.0)[-1]

    assert hint.kind is HintKind.FILE


@pytest.mark.root
def test_a_new_namespace_is_told_from_its_first_program_on(real: tuple[Watch, Path]) -> None:
    """Server in a new namespace: exec and listener come within a second, though no sweep was due."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make a network namespace")
    watch, _ = real
    code = "import socket, sys; s = socket.create_server(('0.0.0.0', 9292)); sys.stdin.read()"
    with watch:
        until(lambda: proved(watch), 10.0)
        command = ["unshare", "-n", "python3", "-S", "-c", code]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            hint = take_until(watch, lambda hint: hint.port == 9292, 2.0)[-1]
            assert process.stdin is not None
            process.stdin.close()
        take_until(watch, lambda hint: hint.port == 9292 and hint.gone, 2.0)

    assert hint.netns not in (None, Path("/proc/self/ns/net").stat().st_ino)
