"""PostgreSQL without pgvector, no AI; as root it runs under the user nobody, as it insists."""

import os
import pwd
import subprocess
from pathlib import Path

from beds.bed import Bed, Place

PLACES = "/usr/lib/postgresql/*/bin"


def program(name: str) -> str:
    """Find a program of the newest PostgreSQL."""
    found = sorted(Path("/").glob(f"{PLACES[1:]}/{name}"))
    return str(found[-1]) if found else name


def as_somebody() -> list[str]:
    """Drop root, which PostgreSQL refuses to run as."""
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def prepare(place: Place) -> None:
    data = place.folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(data, nobody.pw_uid, nobody.pw_gid)
    make = [*as_somebody(), program("initdb"), "--no-sync", "--auth=trust", "-D", str(data)]
    subprocess.run(make, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60, check=True, cwd="/")


def command(place: Place) -> list[str]:
    options = ["-h", "127.0.0.1", "-p", str(place.port), "-c", f"unix_socket_directories={place.folder / 'data'}", "-F"]
    return [*as_somebody(), program("postgres"), "-D", str(place.folder / "data"), *options]


BED = Bed(
    name="ordinary-postgres",
    programs=(PLACES + "/postgres", "setpriv"),
    prepare=prepare,
    command=command,
    ready_connect=True,
)
