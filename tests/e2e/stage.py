"""Set the stage of a bed: lay its application down, run a model writer."""

import shutil
import subprocess
from pathlib import Path

from beds.bed import QUIET, Place

APPS = Path(__file__).resolve().parent / "apps"


def lay_app(place: Place, name: str, as_name: str = "app.py") -> None:
    """Copy an application into the bed's folder under a name that says nothing."""
    shutil.copyfile(APPS / name, place.folder / as_name)


def run_app(place: Place, name: str, *arguments: str) -> None:
    """Run a script of ours to its end in the bed's environment."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place.folder), **QUIET}
    done = subprocess.run(
        [place.python, str(APPS / name), *arguments],
        cwd=place.folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed: {done.stderr[-2000:]}")
