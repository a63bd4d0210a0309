import errno
import os

import pytest

from aiguard_agent.collect import foreign
from aiguard_agent.collect.foreign import entries_at, open_seen, refusal, resolve_at, root_of, stat_at
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import BlindKind, FileSeen


@pytest.fixture
def root(tmp_path):
    top = tmp_path / "root"
    (top / "usr/lib").mkdir(parents=True)
    (top / "usr/lib/real").write_text("inside")
    (top / "usr/bin").mkdir()
    (top / "usr/bin/abs").symlink_to("/usr/lib/real")
    (top / "usr/bin/up").symlink_to("../../../../../../outside")
    (tmp_path / "outside").write_text("outside")
    return top


def test_absolute_link_is_taken_inside_the_root(root):
    """An absolute link of a container leads to the container's own file."""
    assert stat_at(Host(), "/usr/bin/abs", inside=str(root), follow=True).st_size == len("inside")
    assert resolve_at(Host(), "/usr/bin/abs", inside=str(root)) is not None


def test_link_that_climbs_out_stays_in(root):
    """`..` beyond the top ends at the top, so the outside is not found."""
    with pytest.raises(FileNotFoundError):
        stat_at(Host(), "/usr/bin/up", inside=str(root), follow=True)

    assert resolve_at(Host(), "/usr/bin/up", inside=str(root)) is None


def test_folder_behind_a_link_is_not_listed(root, tmp_path):
    """A link in place of a folder is refused, on the host and inside."""
    (tmp_path / "link").symlink_to(root)

    with pytest.raises(OSError, match="link|directory"):
        entries_at(Host(), str(tmp_path / "link"))

    assert sorted(e.name for e in entries_at(Host(), "/usr", inside=str(root))) == ["bin", "lib"]


def test_entries_say_what_they_are_without_following(root):
    """Links, FIFOs, folders and files are told apart; the limit ends the listing."""
    os.mkfifo(root / "usr/bin/pipe")
    (root / "usr/bin/d").mkdir()
    (root / "usr/bin/f").write_text("")

    kinds = {e.name: (e.folder, e.link, e.regular) for e in entries_at(Host(root), "/usr/bin")}

    assert kinds["abs"] == (False, True, False)
    assert kinds["pipe"] == (False, False, False)
    assert kinds["d"] == (True, False, False)
    assert kinds["f"] == (False, False, True)
    assert len(entries_at(Host(root), "/usr/bin", limit=2)) == 2


def test_seen_file_is_opened_by_its_reach(root):
    """A file known only inside a root is read through that root, others by their path."""
    pid = os.getpid()
    own = str(root / "usr/lib/real")

    with open_seen(Host(), FileSeen(path="/x", size=6, reach=f"/proc/{pid}/root{own}")) as reader:
        assert reader.read_at(0, 10) == b"inside"
    with open_seen(Host(), FileSeen(path=own, size=6)) as reader:
        assert reader.read_at(0, 10) == b"inside"


def test_recorded_root_link_never_leads_to_this_machine(tmp_path):
    """In a recorded host /proc/PID/root may be a link to `/`; it is the recorded root, not ours."""
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/root").symlink_to("/")
    (tmp_path / "proc/8/root/etc").mkdir(parents=True)

    host = Host(tmp_path)

    assert root_of(host, 7, same_mounts=False) == ""
    assert root_of(host, 8, same_mounts=True) == "/proc/8/root"
    assert root_of(host, 9, same_mounts=True) == ""


def test_why_a_root_is_shut(tmp_path, monkeypatch):
    """A root that opens has no refusal; a missing call and a denial each have their kind."""
    (tmp_path / "proc/8/root").mkdir(parents=True)
    host = Host(tmp_path)
    kinds = [refusal(host, "/proc/8/root")]
    for number in (errno.ENOSYS, errno.EACCES):

        def refuse(*_arguments, number=number):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(foreign, "open_in_root", refuse)
        told = refusal(host, "/proc/8/root")
        kinds.append(told and told.kind)

    assert kinds == [None, BlindKind.UNSUPPORTED, BlindKind.DENIED]
