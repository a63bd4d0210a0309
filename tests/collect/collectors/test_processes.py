"""All processes of a host."""

import os
import signal
from pathlib import Path

import pytest

from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.collectors import processes
from aiguard_agent.collect.collectors.processes import COLLECTOR
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import VERIFY_EVERY
from aiguard_agent.collect.procfs import ARGV_WORD
from aiguard_agent.core.facts import REDACTED, Blind, BlindKind, Process

ID = "ab" * 32


def look(host: Host, options: Options | None = None) -> Sight:
    host.memory.begin()
    return COLLECTOR.collect(host, options or Options(), Sight())


def by_pid(sight: Sight) -> dict[int, Process]:
    return {process.pid: process for process in sight.processes or ()}


def everything(_process: Process) -> bool:
    return True


def test_it_is_a_plugin() -> None:
    """It runs first of all."""
    assert isinstance(COLLECTOR, Collector)
    assert (COLLECTOR.name, COLLECTOR.order) == ("processes", 10)


def test_one_process_whole(fake) -> None:
    """What the kernel shows becomes one fact, secrets replaced."""
    fake.process(
        7,
        argv=("/venv/bin/python", "-m", "vllm", "--api-key", "secret"),
        comm="python",
        exe="/usr/bin/python3.11 (deleted)",
        uid=1000,
        cgroup=f"0::/system.slice/docker-{ID}.scope\n",
    )

    process = by_pid(look(fake.host()))[7]

    assert process == Process(
        pid=7,
        start_ticks=107,
        started=1700000001.07,
        ppid=1,
        comm="python",
        argv=("/venv/bin/python", "-m", "vllm", "--api-key", REDACTED),
        exe="/usr/bin/python3.11 (deleted)",
        uid=1000,
        user="alice",
        cgroup=f"/system.slice/docker-{ID}.scope",
        container=ID,
        netns=4026531840,
        rss=25 * os.sysconf("SC_PAGE_SIZE"),
        threads=3,
    )


def test_hostile_names_come_through_unharmed(fake) -> None:
    """Newlines, escapes, formulas, parentheses and bytes that are no text are kept as they are."""
    names = [b"a\nb", b"\x1b[2J", b"=cmd|x", b") S 1 (", b"\xff\xfe"]
    for pid, name in enumerate(names, 10):
        fake.process(pid, comm=name, argv=(name, b"\xff" * 5))

    found = by_pid(look(fake.host()))

    assert [os.fsencode(found[pid].comm) for pid in range(10, 15)] == names
    assert [os.fsencode(found[pid].argv[0]) for pid in range(10, 15)] == names


def test_interesting_ones_get_a_closer_look(fake) -> None:
    """Only they have a working directory and environment, allow-listed and without secrets."""
    environ = b"HF_TOKEN=hf_x\0OLLAMA_HOST=0.0.0.0\0PRIVATE=1\0"
    fake.link(str(fake.process(7, comm="ollama", environ=environ).relative_to(fake.root) / "cwd"), "/srv")
    fake.process(8, environ=environ)

    found = by_pid(look(fake.host(), Options(interesting=lambda process: process.comm == "ollama")))

    assert (found[7].cwd, found[7].env) == ("/srv", (("HF_TOKEN", REDACTED), ("OLLAMA_HOST", "0.0.0.0")))
    assert (found[8].cwd, found[8].env) == (None, ())


def test_kernel_threads_and_zombies(fake) -> None:
    """A kernel thread has an empty program and no namespace, a zombie has no arguments and no blame."""
    fake.process(1)
    fake.process(2, comm="kthreadd", flags=0x00200000, argv=(), exe=None)
    fake.process(9, state="Z", argv=(), exe=None, net=None)

    sight = look(fake.host())
    found = by_pid(sight)

    assert (found[2].exe, found[2].netns) == ("", None)
    assert (found[9].exe, found[9].argv, found[9].state) == (None, (), "Z")
    assert sight.blind == ()


def test_a_cut_stat_is_told(fake) -> None:
    """A process whose stat makes no sense is a blind spot; the others are seen."""
    fake.process(7)
    fake.write("proc/8/stat", "8 (x")

    sight = look(fake.host())

    assert set(by_pid(sight)) == {7}
    assert [blind.subject for blind in sight.blind] == ["pid 8"]


def test_a_process_that_ends_meanwhile_is_left_out(fake) -> None:
    """An empty folder is what remains of a process that went away: no fact, no noise."""
    fake.process(7)
    (fake.root / "proc/8").mkdir()

    sight = look(fake.host())

    assert (set(by_pid(sight)), sight.blind) == ({7}, ())


def test_an_interesting_one_that_vanishes_is_told(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a process that matters ends under our hands, that is said, and again while it is still listed."""
    fake.process(7, comm="ollama")
    host = fake.host()
    monkeypatch.setattr(Host, "link", vanish_at("/cwd", Host.link))

    options = Options(interesting=everything)
    first, second = look(host, options), look(host, options)

    assert [(blind.subject, blind.kind) for blind in first.blind] == [("cwd of pid 7 (ollama)", BlindKind.VANISHED)]
    assert second.blind == first.blind


def vanish_at(ending: str, real):
    def link(self: Host, path: str) -> str:
        if path.endswith(ending):
            raise ProcessLookupError(3, "No such process")
        return real(self, path)

    return link


def test_denied_programs_are_one_line(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many processes that hide their program are one blind spot with a count."""
    for pid in (7, 8, 9):
        fake.process(pid)
    host = fake.host()

    def denied(_self: Host, path: str) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Host, "link", denied)
    sight = look(host)

    assert all(process.exe is None and process.netns is None for process in sight.processes or ())
    assert [(blind.kind, blind.count) for blind in sight.blind] == [(BlindKind.DENIED, 3)]


@pytest.mark.parametrize(("options", "told"), [("rw,hidepid=invisible", True), ("rw,relatime", False)])
def test_hidepid_is_told(fake, options: str, told: bool) -> None:
    """When /proc hides the processes of others, the report says so; a short recording is not hidepid."""
    fake.process(70)
    fake.write("proc/mounts", f"proc /proc proc {options} 0 0\n")

    sight = look(fake.host())

    assert any("hidepid" in blind.reason for blind in sight.blind) is told


def test_unreadable_stat_is_counted(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """hidepid=1 lists everybody and shows nobody: one blind spot with a count."""
    fake.process(1)
    fake.process(7)
    real = Host.proc

    def proc(self: Host, pid: int, name: str, limit: int = 100) -> bytes:
        if pid == 7:
            raise PermissionError(1, "Operation not permitted")
        return real(self, pid, name, limit)

    monkeypatch.setattr(Host, "proc", proc)
    sight = look(fake.host())

    assert set(by_pid(sight)) == {1}
    assert sight.blind == (
        Blind(
            collector="processes",
            subject="1 processes",
            reason="Operation not permitted",
            kind=BlindKind.DENIED,
        ),
    )


def test_a_huge_command_line_is_cut(fake) -> None:
    """Of one argument the beginning is kept, no more."""
    fake.process(7, argv=("x" * 500_000,))

    assert len(by_pid(look(fake.host()))[7].argv[0]) == ARGV_WORD


def test_known_processes_are_not_read_again(fake) -> None:
    """A second pass reads new processes only; the same pass sees an ended one go."""
    fake.process(7)
    gone = fake.process(8)
    host = fake.host()
    first = by_pid(look(host))
    fake.write("proc/7/cmdline", "other\0")
    gone.rename(fake.root / "gone")
    fake.process(9)

    second = by_pid(look(host))

    assert second[7] is first[7]
    assert set(second) == {7, 9}


def test_a_reused_pid_is_seen_by_the_next_thorough_pass(fake) -> None:
    """Another start time means another process, at most a few passes later."""
    folder = fake.process(7, comm="old")
    host = fake.host()
    look(host)
    folder.rename(fake.root / "gone")
    fake.process(7, comm="new", start=5000)

    seen = [by_pid(look(host))[7].comm for _ in range(VERIFY_EVERY)]

    assert seen[0] == "old"
    assert seen[-1] == "new"


def test_another_judge_judges_everybody_again(fake) -> None:
    """What is interesting is remembered only as long as the same function says it."""
    fake.process(7, environ=b"OLLAMA_HOST=h\0")
    host = fake.host()
    look(host, Options())

    assert by_pid(look(host, Options(interesting=everything)))[7].env == (("OLLAMA_HOST", "h"),)


def test_this_very_process_on_the_live_host() -> None:
    """On the live host our own process has our pid, program, user and namespace."""
    me = by_pid(look(Host()))[os.getpid()]

    assert me.exe == os.readlink("/proc/self/exe")
    assert me.uid == os.geteuid()
    assert f"net:[{me.netns}]" == os.readlink("/proc/self/ns/net")
    assert me.ppid == os.getppid()
    assert Path("/proc/self/comm").read_text().strip() == me.comm


def test_a_real_zombie_is_no_blind_spot() -> None:
    """A child that ended and was not waited for is listed as what it is."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        found = by_pid(look(Host()))[pid]
    finally:
        os.waitpid(pid, 0)

    assert (found.state, found.argv, found.exe) == ("Z", (), None)


def test_an_exec_is_seen_by_the_next_pass() -> None:
    """A process met between fork and exec is read again, so the program that counts is seen."""
    wait, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(wait, 1)
        os.execv("/bin/sleep", ["sleep", "60"])
    try:
        host = Host()
        before = by_pid(look(host))[pid]
        os.write(go, b"x")
        while not Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep"):
            os.sched_yield()
        after = by_pid(look(host))[pid]
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(wait)
        os.close(go)

    assert before.exe == os.readlink("/proc/self/exe")
    assert after.argv == ("sleep", "60")


@pytest.mark.parametrize("error", [RecursionError("deep"), ValueError("odd"), OverflowError("large")])
def test_one_that_breaks_a_parser_is_counted_and_the_others_are_seen(
    fake, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever one process makes of its own words, it cannot make us blind to all others."""
    fake.process(1)
    fake.process(7, argv=("evil",))
    fake.process(8, argv=("good",))
    real = processes.redact_argv

    def broken(words: tuple[str, ...]) -> tuple[str, ...]:
        if "evil" in words:
            raise error
        return real(words)

    monkeypatch.setattr(processes, "redact_argv", broken)

    sight = COLLECTOR.collect(fake.host(), Options(), Sight())

    assert [process.pid for process in sight.processes or ()] == [1, 8]
    assert [(blind.count, "cannot be read" in blind.reason) for blind in sight.blind] == [(1, True)]
