import mmap
import os

import pytest

from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors.descriptors import COLLECTOR, _nowhere
from aiguard_agent.collect.descriptors import descriptors_of
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import BlindKind, Listener, Process


def own(**more):
    return Process(pid=os.getpid(), start_ticks=1, started=0.0, exe="/usr/bin/thing", **more)


def look(process, *, interesting=True, host=None, listeners=(), descriptors=200_000):
    host = host or Host()
    host.memory.begin()
    options = Options(interesting=lambda _p: interesting, descriptors=descriptors)
    return COLLECTOR.collect(host, options, Sight(processes=(process,), listeners=listeners))


def of(sight, folder):
    return [seen for seen in sight.files if seen.path.startswith(str(folder))]


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF" * 2000)
    return path


def test_mapped_model_is_found(model, tmp_path):
    """A model that a process maps, its descriptor closed, is seen with its holder."""
    with model.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sight = look(own())
    mapping.close()

    (seen,) = of(sight, tmp_path)
    assert (seen.path, seen.size, seen.store, seen.held_by) == (str(model), 8000, "held", (os.getpid(),))
    (process,) = sight.processes or ()
    assert process.inspected
    assert str(model) in process.mapped


def test_open_model_is_found_by_its_descriptor(model, tmp_path):
    """A model that a process holds open is seen, and ordinary open files are listed but are no candidates."""
    (tmp_path / "notes.txt").write_text("hello")
    with model.open("rb"), (tmp_path / "notes.txt").open():
        sight = look(own())

    assert [seen.path for seen in of(sight, tmp_path)] == [str(model)]
    (process,) = sight.processes or ()
    assert {str(model), str(tmp_path / "notes.txt")} <= set(process.opened)


def test_big_file_without_a_model_name_is_a_candidate_and_a_database_is_not(tmp_path):
    """Size earns a look, unless the name says log, database or library."""
    for name in ("weights", "db.sqlite3"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(9 << 20)
    with (tmp_path / "weights").open("rb"), (tmp_path / "db.sqlite3").open("rb"):
        sight = look(own())

    assert [seen.path for seen in of(sight, tmp_path)] == [str(tmp_path / "weights")]


def test_two_links_to_one_inode_are_one_file(model, tmp_path):
    """Hard links are one file under its first path, the other name kept as an alias."""
    other = tmp_path / "b.gguf"
    other.hardlink_to(model)
    with model.open("rb"), other.open("rb"):
        sight = look(own())

    (seen,) = of(sight, tmp_path)
    assert {seen.path, *seen.aliases} == {str(model), str(other)}


def test_deleted_file_is_a_blind_spot_not_a_file(model, tmp_path):
    """A mapped or open file that was deleted cannot be read by its path; it is said so."""
    with model.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        model.unlink()
        sight = look(own())
        mapping.close()

    assert of(sight, tmp_path) == []
    assert f"deleted file still mapped: {model}" in [blind.reason for blind in sight.blind]


def test_file_put_in_the_place_of_a_deleted_one_is_not_taken_for_it(model, tmp_path):
    """After a swap the path names another inode; the one in use is a blind spot, the new one is not held."""
    with model.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    model.unlink()
    model.write_bytes(b"another")
    sight = look(own())
    mapping.close()

    assert of(sight, tmp_path) == []
    assert any(str(model) in blind.reason for blind in sight.blind)


def test_name_that_only_ends_like_a_deleted_file_is_found(tmp_path):
    """A file may really be called `x.gguf (deleted)`; its inode says so."""
    path = tmp_path / "x (deleted)"
    path.write_bytes(b"\0" * (9 << 20))
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sight = look(own())
    mapping.close()

    assert [seen.path for seen in of(sight, tmp_path)] == [str(path)]


def test_fifo_named_like_a_model_is_neither_opened_nor_taken(tmp_path):
    """A FIFO that a process holds open does not stop us and is no file."""
    path = tmp_path / "pipe.gguf"
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        sight = look(own())
    finally:
        os.close(fd)

    assert of(sight, tmp_path) == []


@pytest.mark.parametrize(
    ("process", "listeners", "expected"),
    [
        (own(), (), False),
        (own(rss=300 << 20), (), True),
        (own(), (Listener(family="tcp4", address="127.0.0.1", port=1, pid=os.getpid()),), True),
        (Process(pid=os.getpid(), start_ticks=1, started=0, exe="/usr/bin/python3.11"), (), True),
        (Process(pid=os.getpid(), start_ticks=1, started=0, exe=""), (), False),
        (own(state="Z"), (), False),
    ],
)
def test_only_likely_processes_are_looked_into(process, listeners, expected):
    """Listeners, big ones and interpreters are looked into; the rest, kernel threads and zombies are not."""
    (after,) = look(process, interesting=False, listeners=listeners).processes or ()

    assert after.inspected is expected


def test_process_that_is_gone_is_a_blind_spot():
    """A pid that vanished is told, and the process stays in the list."""
    sight = look(Process(pid=2**22 + 1, start_ticks=1, started=0, exe="/bin/x"))

    assert len(sight.processes or ()) == 1
    assert [blind.kind for blind in sight.blind] == [BlindKind.VANISHED]


def test_spent_budget_is_told_once():
    """Without budget for descriptors the maps are still read, and one line tells how many were left out."""
    sight = look(own(), descriptors=0)

    assert [(blind.kind, blind.count) for blind in sight.blind] == [(BlindKind.BUDGET, 1)]
    (process,) = sight.processes or ()
    assert process.inspected
    assert process.mapped


def test_later_pass_keeps_what_a_quiet_process_held(model, tmp_path):
    """Between thorough passes an uninteresting process is not read again, and its files stay seen."""
    host = Host()
    process = own(rss=300 << 20)
    with model.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    first = look(process, interesting=False, host=host)
    second = look(process, interesting=False, host=host)
    mapping.close()

    assert len(of(first, tmp_path)) == 1
    assert of(second, tmp_path) == of(first, tmp_path)
    assert (second.processes or ())[0].mapped == (first.processes or ())[0].mapped


def test_recorded_host_is_read_from_its_folder(tmp_path):
    """Maps and descriptor links of a recorded host lead to the recorded files."""
    proc = tmp_path / "proc/42"
    (proc / "fd").mkdir(parents=True)
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/a.gguf").write_bytes(b"GGUF")
    (tmp_path / "srv/b.onnx").write_bytes(b"\x08\x07")
    (proc / "maps").write_text("1000-2000 r--p 00000000 fe:00 5 /srv/a.gguf\n")
    (proc / "fd/3").symlink_to("/srv/b.onnx")
    (proc / "fd/4").symlink_to("socket:[77]")

    sight = look(Process(pid=42, start_ticks=1, started=0, exe="/bin/x"), host=Host(tmp_path))

    assert [(seen.path, seen.held_by) for seen in sight.files] == [("/srv/a.gguf", (42,)), ("/srv/b.onnx", (42,))]


def test_memory_file_that_may_hold_a_model_is_told():
    """A big file in memory has no path to report; it becomes a blind spot, a small one does not."""
    fds = [os.memfd_create("weights"), os.memfd_create("small")]
    try:
        os.ftruncate(fds[0], 65 << 20)
        os.ftruncate(fds[1], 4096)
        mappings = [mmap.mmap(fd, 0, access=mmap.ACCESS_READ) for fd in fds]
        sight = look(own())
        for mapping in mappings:
            mapping.close()
    finally:
        for fd in fds:
            os.close(fd)

    reasons = [blind.reason for blind in sight.blind]
    assert any("memfd:weights" in reason for reason in reasons)
    assert not any("memfd:small" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/dev/shm/weights", False),
        ("/dev/shm/a.gguf", False),
        ("/sys/a.gguf", False),
        ("/proc/1/maps", True),
        ("/dev/nvidia0", True),
        ("/dev/shmem/x", True),
        ("/SYSV00000000", True),
    ],
)
def test_only_the_kernel_s_own_paths_are_passed_over(path, expected):
    """Shared memory holds files of anybody, and who mounts a /sys of his own does not hide a model in it."""
    assert _nowhere(path) is expected


def test_quiet_pass_sees_what_an_interesting_process_mapped_meanwhile(model, tmp_path):
    """A model that is loaded between two thorough passes changes the address space, so it is looked at again."""
    host = Host()
    look(own(), host=host)
    quiet = look(own(), host=host)
    with model.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    loaded = look(own(), host=host)
    mapping.close()

    assert of(quiet, tmp_path) == []
    assert [seen.path for seen in of(loaded, tmp_path)] == [str(model)]


def test_quiet_pass_says_again_what_could_not_be_looked_at(model, tmp_path):
    """A deleted file that is still mapped stays a blind spot while its process is not read again."""
    host = Host()
    with model.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    model.unlink()
    first = look(own(), host=host)
    second = look(own(), host=host)
    mapping.close()

    assert any(str(model) in blind.reason for blind in first.blind)
    assert [blind for blind in second.blind if str(model) in blind.reason] == [
        blind for blind in first.blind if str(model) in blind.reason
    ]


def test_file_met_by_a_glance_stays_seen(model, tmp_path):
    """What another collector's reading showed of an ordinary process is told in the passes that read nothing, too."""
    host = Host()
    process = own()
    host.memory.begin()
    with model.open("rb"):
        descriptors_of(host, process, 10_000)
        sights = [
            COLLECTOR.collect(host, Options(), Sight(processes=(process,)))
            for _pass in range(3)
            if not _pass or host.memory.begin() is None
        ]

    assert [[seen.path for seen in of(sight, tmp_path)] for sight in sights] == [[str(model)]] * 3


def test_starved_process_is_read_in_the_next_pass():
    """What a spent budget left out is not taken for read."""
    host = Host()
    look(own(), host=host, descriptors=0)

    sight = look(own(), host=host)

    assert sight.blind == ()
    assert (sight.processes or ())[0].opened
