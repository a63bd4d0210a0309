"""A Debian root with a tiny model server in it: the image of containers and of a booted machine.

Made by debootstrap on a tmpfs, kept as `debian/root.tar` among the environments. In it:
`/srv/llama` (a virtual environment with llama-cpp-python), `/srv/models/tiny-llama.gguf` and
`tiny-llama.service`, which starts the server on port 8000 of loopback.
"""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from beds import llama_cpp_python
from ground import APPS, environment_of, environments, find_program

SUITE = "bookworm"
PACKAGES = "systemd,systemd-sysv,python3,libgomp1"
SERVER = ("/srv/llama/bin/python", "-m", "llama_cpp.server", "--n_ctx", "64", "--host", "127.0.0.1")
MODEL = "/srv/models/tiny-llama.gguf"
PORT = 8000
UNIT = f"""\
[Unit]
Description=A tiny model server

[Service]
ExecStart={" ".join(SERVER)} --port {PORT} --model {MODEL}

[Install]
WantedBy=multi-user.target
"""


def archive() -> Path:
    """Name the archive of the root."""
    return environments() / "debian" / "root.tar"


def missing() -> str:
    """Say why a root cannot be made here; empty when it can."""
    if os.geteuid() != 0:
        return "debian: a root of its own needs root"
    if find_program("debootstrap") is None:
        return "debian: needs the program debootstrap"
    if not (environment_of(llama_cpp_python.BED) / "installed").exists():
        return "debian: needs the bed llama-cpp-python"
    return ""


def recipe() -> str:
    """Digest of all that the root is made of."""
    words = "\n".join((SUITE, PACKAGES, UNIT, *llama_cpp_python.BED.requires, "1"))
    return hashlib.sha256(words.encode()).hexdigest()


def is_there() -> bool:
    """Tell whether the archive is there and made by this recipe."""
    mark = archive().with_suffix(".recipe")
    return archive().exists() and mark.exists() and mark.read_text() == recipe()


def run(*command: str) -> None:
    """Run one step to its end."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout)[-1500:]}")


def build() -> None:
    """Make the archive."""
    archive().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bed-root-", dir="/tmp") as folder:
        run("mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", folder)
        try:
            fill(Path(folder))
            run("tar", "-C", folder, "-cf", str(archive()), ".")
        finally:
            run("umount", "--lazy", folder)
    archive().with_suffix(".recipe").write_text(recipe())


def fill(root: Path) -> None:
    """Make the root: Debian, the server's environment, the model, the unit."""
    run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root))
    run("chroot", str(root), "python3", "-m", "venv", "--without-pip", "/srv/llama")
    site = next(root.glob("srv/llama/lib/python3*/site-packages"))
    bed = environment_of(llama_cpp_python.BED)
    source = next(bed.glob("lib/python3*/site-packages"))
    if source.parent.name != site.parent.name:
        raise RuntimeError(f"the tests run on {source.parent.name}, the root has {site.parent.name}")
    run("cp", "--archive", f"{source}/.", str(site))
    (root / MODEL[1:]).parent.mkdir()
    run(str(bed / "bin" / "python"), str(APPS / "write_gguf.py"), str(root / MODEL[1:]))
    unit = root / "etc/systemd/system/tiny-llama.service"
    unit.write_text(UNIT)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")
