"""The one door to the host."""

import os
from pathlib import Path

import pytest

from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.core.facts import BlindKind
from aiguard_agent.errors import BudgetExceeded


def test_a_folder_stands_in_for_the_host(tmp_path: Path) -> None:
    """Paths are those of the host; bytes that are no text survive."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/x").write_bytes(b"a\xffb")
    host = Host(tmp_path)

    assert host.text("/etc/x") == "a\udcffb"
    assert host.data("/etc/x", 2) == b"a\xff"
    assert host.names("/etc") == ["x"]
    assert host.exists("/etc/x")
    assert not host.exists("/etc/y\0")
    assert not host.live


def test_links_stay_inside_a_recorded_host(tmp_path: Path) -> None:
    """An absolute link of a recording leads to the recording, not to this machine."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("inside")
    (tmp_path / "name").symlink_to("/etc/hostname")
    host = Host(tmp_path)

    assert host.text("/name") == "inside"
    assert host.resolve("/name") == "/etc/hostname"


def test_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    """A FIFO does not block us, it is refused."""
    os.mkfifo(tmp_path / "pipe")
    host = Host(tmp_path)

    with pytest.raises(OSError, match="not a regular file"):
        host.data("/pipe")
    with pytest.raises(OSError, match="not a regular file"):
        host.data("/")


def test_a_last_link_is_refused_on_the_live_host(tmp_path: Path) -> None:
    """On the live host nobody can point us at another file."""
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "target")

    assert Host().text(str(tmp_path / "target")) == "x"
    with pytest.raises(OSError, match="symbolic links"):
        Host().text(str(tmp_path / "link"))


@pytest.mark.parametrize(
    ("link", "found"), [("/a/b", "/a/b"), ("../../a", "/a"), ("loop", None), ("/nowhere", None), ("a/../a/b", "/a/b")]
)
def test_resolve(tmp_path: Path, link: str, found: str | None) -> None:
    """Links are followed as the host writes them; loops and gaps end in None."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(link)

    assert Host(tmp_path).resolve("/loop") == found


def test_resolve_stays_within(tmp_path: Path) -> None:
    """What leaves the given folder is None; a neighbour with the same beginning has left it."""
    (tmp_path / "ab").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x").symlink_to("/ab")

    assert Host(tmp_path).resolve("/a/x", within="/a") is None
    assert Host(tmp_path).resolve("/a", within="/a") == "/a"


@pytest.mark.parametrize("limit", [0, 5, 4096, 4097, 100_000])
def test_files_of_a_process_are_bounded(limit: int) -> None:
    """The short way reads all of a small file and no more than the limit of a large one."""
    whole = Path("/proc/self/environ").read_bytes()

    assert Host().proc(os.getpid(), "environ", limit) == whole[:limit]


def test_long_files_of_a_process_come_whole(tmp_path: Path) -> None:
    """More than one read is joined."""
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/cmdline").write_bytes(b"x" * 200_000)

    assert len(Host(tmp_path).proc(7, "cmdline", 150_000)) == 150_000


def test_the_reader_keeps_its_budget(tmp_path: Path) -> None:
    """Reading past the end gives less, past the budget raises before it reads."""
    (tmp_path / "m").write_bytes(b"0123456789")

    with Host(tmp_path).reader("/m", 8) as reader:
        assert reader.read_at(8, 100) == b"89"
        assert reader.read_at(0, 6) == b"012345"
        with pytest.raises(BudgetExceeded):
            reader.read_at(0, 1)
        assert (reader.size, reader.spent) == (10, 8)
        with pytest.raises(ValueError, match="negative"):
            reader.read_at(-1, 1)


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (PermissionError(13, "Permission denied"), BlindKind.DENIED, "Permission denied"),
        (FileNotFoundError(2, "No such file"), BlindKind.VANISHED, "No such file"),
        (ProcessLookupError(3, "No such process"), BlindKind.VANISHED, "No such process"),
        (TimeoutError(), BlindKind.TIMEOUT, "TimeoutError"),
        (BudgetExceeded("spent"), BlindKind.BUDGET, "spent"),
        (ValueError("odd"), BlindKind.ERROR, "odd"),
    ],
)
def test_every_error_becomes_its_blind_spot(error: Exception, kind: BlindKind, reason: str) -> None:
    """The kind says why, the reason in words."""
    blind = blind_of("c", "s", error)

    assert (blind.collector, blind.subject, blind.kind, blind.reason) == ("c", "s", kind, reason)


def test_a_folder_of_a_recorded_host_that_leads_out_stays_inside(tmp_path: Path) -> None:
    """Whoever made a recording cannot make us list, stat or read what lies beside it, through any link on the way."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/secret").write_text("x")
    (tmp_path / "out/link").symlink_to("told")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/home").symlink_to(tmp_path / "out")
    (tmp_path / "root/up").symlink_to("../out")
    host = Host(tmp_path / "root")

    for way in ("/home", "/up"):
        for look in (host.names, lambda p: host.lstat(f"{p}/secret"), lambda p: host.link(f"{p}/link")):
            with pytest.raises(FileNotFoundError):
                look(way)
        assert not host.exists(f"{way}/secret")
        assert host.resolve(f"{way}/secret") is None


def test_what_is_no_file_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO or device under a file's name is looked at, not opened: to open a watchdog is to restart the host."""
    os.mkfifo(tmp_path / "pyvenv.cfg")
    opened: list[int] = []
    real = os.open

    def watched(path: str, flags: int) -> int:
        opened.append(flags)
        return real(path, flags)

    monkeypatch.setattr(os, "open", watched)

    with pytest.raises(OSError, match="not a regular file"):
        Host().data(str(tmp_path / "pyvenv.cfg"))
    assert opened and all(flags & os.O_PATH for flags in opened)


def test_a_waiting_writer_is_not_woken(tmp_path: Path) -> None:
    """A FIFO has no reader before and after we came by, in a foreign root too."""
    os.mkfifo(tmp_path / "model.gguf")

    for look in (
        lambda: Host().reader(str(tmp_path / "model.gguf")),
        lambda: Host().reader("/model.gguf", inside=str(tmp_path)),
        lambda: Host(tmp_path).reader("/model.gguf"),
    ):
        with pytest.raises(OSError, match="not a regular file"):
            look()
    with pytest.raises(OSError, match="No such device"):
        os.open(tmp_path / "model.gguf", os.O_WRONLY | os.O_NONBLOCK)


def test_the_access_time_stays(tmp_path: Path) -> None:
    """Reading leaves no trace in the file."""
    path = tmp_path / "a"
    path.write_text("x")
    os.utime(path, (1, 2))

    Host().text(str(path))

    assert path.stat().st_atime == 1


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Whatever comes of it, what was opened to look is closed."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    before = len(os.listdir("/proc/self/fd"))

    for host, folder in ((Host(), str(tmp_path)), (Host(tmp_path), "")):
        for name in ("fifo", "link", "nothing", "."):
            with pytest.raises(OSError):
                host.data(f"{folder}/{name}")
        assert host.names(folder or "/")
        assert host.link(f"{folder}/link") == "fifo"
        assert host.lstat(f"{folder}/link")

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_known_folder_is_not_resolved_again(tmp_path: Path) -> None:
    """Links below it still are, also when they lead out of it, and a mere beginning of its name is not it."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/up").symlink_to("../c")
    (tmp_path / "a/c").write_text("x")
    (tmp_path / "a/bc").symlink_to("c")
    host = Host(tmp_path)

    assert host.resolve("/a/b/up", known="/a/b") == "/a/c"
    assert host.resolve("/a/bc", known="/a/b") == "/a/c"
    assert host.resolve("/a/b/none", known="/a/b") is None


def test_a_folder_of_millions_is_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fills a folder does not fill our memory."""
    monkeypatch.setattr("aiguard_agent.collect.host.MOST_NAMES", 10)
    for number in range(20):
        (tmp_path / str(number)).touch()

    assert len(Host().names(str(tmp_path))) == 10
    assert len(Host(tmp_path).names("/")) == 10
    assert len(Host().names_in(str(tmp_path), "/")) == 10
