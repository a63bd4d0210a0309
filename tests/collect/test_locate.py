"""Real mounts in a namespace of the test's own: bind, overlay and tmpfs, seen from the outside."""

import os
import shutil
import subprocess
import sys

import pytest

from aiguard_agent.collect.foreign import open_seen
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.locate import Locator, homes

PROGRAM = "import sys; print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def enter(tmp_path):
    """Return a function that runs shell words in a new mount namespace and leaves a process living there."""
    if os.getuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare to mount in a namespace of its own")
    started = []

    def run(words: str) -> int:
        script = f'set -e; {words}; exec "$0" -c "$1"'
        process = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", script, sys.executable, PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            pytest.skip(f"no mounts here: {process.communicate()[1]}")
        return process.pid

    yield run
    for process in started:
        process.communicate("")


@pytest.mark.root
def test_bind_mount_leads_to_the_folder_behind_it(enter, tmp_path):
    """A file seen through a bind mount of another namespace is reported where the host keeps it."""
    (tmp_path / "llm").mkdir()
    (tmp_path / "models").mkdir()
    model = tmp_path / "llm/a.gguf"
    model.write_bytes(b"GGUF")
    pid = enter(f"mount --bind {tmp_path}/llm {tmp_path}/models")

    place = Locator(Host()).place(pid, f"{tmp_path}/models/a.gguf")

    assert place.path == str(model)
    assert place.reach == ""
    assert place.stat.st_ino == model.stat().st_ino
    assert place.aliases == (f"{tmp_path}/models/a.gguf",)


@pytest.mark.root
def test_overlay_leads_to_the_layer_that_holds_the_file(enter, tmp_path):
    """Upper and lower layers of an overlay are found and proved, also for a file that exists in both."""
    for name in ("low", "up", "work", "merged"):
        (tmp_path / name).mkdir()
    (tmp_path / "low/base.gguf").write_bytes(b"GGUF low")
    (tmp_path / "low/both.gguf").write_bytes(b"GGUF below")
    (tmp_path / "up/both.gguf").write_bytes(b"GGUF on top")
    t = tmp_path
    options = f"lowerdir={t}/low,upperdir={t}/up,workdir={t}/work"
    pid = enter(f"mount -t overlay overlay -o {options} {t}/merged")
    locator = Locator(Host())

    assert locator.place(pid, f"{t}/merged/base.gguf").path == f"{t}/low/base.gguf"
    assert locator.place(pid, f"{t}/merged/both.gguf").path == f"{t}/up/both.gguf"


@pytest.mark.root
def test_file_that_exists_only_in_there_keeps_its_path_and_is_reached_through_the_process(enter, tmp_path):
    """A tmpfs of a container has no host path; the file can be read all the same."""
    (tmp_path / "mem").mkdir()
    pid = enter(f"mount -t tmpfs none {tmp_path}/mem; printf GGUFtmp > {tmp_path}/mem/a.gguf")
    host = Host()
    locator = Locator(host)

    place = locator.place(pid, f"{tmp_path}/mem/a.gguf")

    assert place.path == f"{tmp_path}/mem/a.gguf"
    assert place.reach == f"/proc/{pid}/root{tmp_path}/mem/a.gguf"
    with open_seen(host, locator.file_seen(place, store="held")) as reader:
        assert reader.read_at(0, 9) == b"GGUFtmp"


@pytest.mark.root
def test_decoy_of_the_same_name_on_the_host_is_not_taken(enter, tmp_path):
    """A host file at the same path but with another inode is never mistaken for the one inside."""
    (tmp_path / "mem").mkdir()
    (tmp_path / "mem/a.gguf").write_bytes(b"GGUFhost")
    pid = enter(f"mount -t tmpfs none {tmp_path}/mem; printf GGUFtmp > {tmp_path}/mem/a.gguf")

    place = Locator(Host()).place(pid, f"{tmp_path}/mem/a.gguf")

    assert place.stat.st_size == len("GGUFtmp")
    assert place.reach


def test_own_process_sees_what_we_see(tmp_path):
    """For a process of our own namespace the path stays and no reach is needed."""
    model = tmp_path / "a.gguf"
    model.write_bytes(b"GGUF")
    model.chmod(0o666)
    tmp_path.chmod(0o777)
    locator = Locator(Host())

    seen = locator.file_seen(locator.place(os.getpid(), str(model)), store="held")

    assert (seen.path, seen.reach, seen.aliases) == (str(model), "", ())
    assert (seen.mode & 0o777, seen.directory_mode & 0o777, seen.uid) == (0o666, 0o777, os.getuid())


def test_recorded_container_file_is_found_on_the_recorded_host(tmp_path):
    """In a recorded host the same files lie in proc/PID/root and in the host's tree; size proves what inode cannot."""
    (tmp_path / "proc/9/root/models").mkdir(parents=True)
    (tmp_path / "proc/9/root/models/a.gguf").write_bytes(b"GGUF")
    (tmp_path / "data/llm").mkdir(parents=True)
    (tmp_path / "data/llm/a.gguf").write_bytes(b"GGUF")
    (tmp_path / "proc/1").mkdir()
    (tmp_path / "proc/1/mountinfo").write_text("1 0 8:1 / / rw - ext4 a rw\n")
    (tmp_path / "proc/9/mountinfo").write_text(
        "5 4 0:60 / / rw - overlay overlay rw\n6 5 8:1 /data/llm /models rw - ext4 a rw\n"
    )
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(f"alice:x:{os.getuid()}:1::/home/alice:/bin/sh\nbroken\n")
    locator = Locator(Host(tmp_path))

    place = locator.place(9, "/models/a.gguf")

    assert (place.path, place.reach) == ("/data/llm/a.gguf", "")
    assert locator.file_seen(place, store="held").user == "alice"


def test_homes_are_those_of_accounts_and_those_in_home(tmp_path):
    """Every account's home once, never / or /usr/sbin; folders in /home count without an account."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(
        "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/usr/sbin:/no\nollama:x:9:9::/usr/share/ollama:/no\nx:x:8:8::/:/no\n"
    )
    (tmp_path / "home/bob").mkdir(parents=True)

    assert homes(Host(tmp_path)) == (("root", "/root"), ("ollama", "/usr/share/ollama"), ("bob", "/home/bob"))


def test_a_crowd_of_mounts_and_namespaces_does_not_fill_our_memory(tmp_path):
    """Of a foreign table a beginning is read, and of a thousand tables a few are kept; our own is read whole."""
    line = "{0} 1 0:{0} / /m/{0} rw - tmpfs t rw\n"
    crowd = "1 0 8:1 / / rw - ext4 a rw\n" + "".join(line.format(n) for n in range(2, 20_000))
    for pid in range(1, 200):
        folder = tmp_path / f"proc/{pid}"
        (folder / "root").mkdir(parents=True)
        (folder / "mountinfo").write_text(crowd if pid < 3 else "1 0 8:1 / / rw - ext4 a rw\n")
    locator = Locator(Host(tmp_path))

    assert len(locator.mounts().mounts) == 19_999
    assert 1000 < len(locator.mounts(2).mounts) < 10_000
    for pid in range(2, 200):
        assert locator.mounts(pid).mounts
    assert len(locator._tables) <= 64
    assert len(locator.mounts().mounts) == 19_999
