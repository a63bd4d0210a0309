"""Install the environments of the beds: `python tests/e2e/install.py [--list] [NAME...]`.

One virtual environment per server below AIGUARD_BEDS (default: `.beds` in the repository), made
with uv where it is to be had and with pip otherwise. What is installed already is left alone.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import debian
from beds.bed import Bed
from catalogue import BEDS
from ground import REPOSITORY, environment_of

AT_ONCE = 2
SLOW_TO_BUILD = "llama-cpp-python"
"""Has no wheel on the index and takes half an hour to build: only with AIGUARD_BEDS_BUILD=1."""
WHEELS = REPOSITORY.parent / "shared" / "wheels"
"""Wheels that would take long to build; used when they lie there, not needed otherwise."""


def uv() -> list[str]:
    """Name the uv to run; empty when there is none."""
    if importlib.util.find_spec("uv") is not None:
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    return [found] if found else []


def find_links() -> list[str]:
    """List the folders with ready wheels."""
    places = os.environ.get("PIP_FIND_LINKS", "").split()
    if WHEELS.is_dir():
        places.append(str(WHEELS))
    return [part for place in places for part in ("--find-links", place)]


def commands(bed: Bed, venv: Path) -> list[list[str]]:
    """Write down how the environment is made."""
    if bed.npm:
        return [["npm", "install", "--prefix", str(venv), "--no-audit", "--no-fund", "--ignore-scripts", *bed.npm]]
    python = str(venv / "bin" / "python")
    requirements = [*find_links(), *bed.requires]
    build = os.environ.get("AIGUARD_BEDS_BUILD") == "1"
    if tool := uv():
        return [
            [*tool, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(venv)],
            [
                *tool,
                "pip",
                "install",
                "--quiet",
                "--python",
                python,
                *([] if build else ["--only-binary", SLOW_TO_BUILD]),
                *requirements,
            ],
        ]
    return [
        [sys.executable, "-m", "venv", str(venv)],
        [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *([] if build else ["--only-binary", SLOW_TO_BUILD]),
            *requirements,
        ],
    ]


def install(bed: Bed) -> str:
    """Make one environment; return what there is to say about it."""
    venv = environment_of(bed)
    mark = venv / "installed"
    wanted = hashlib.sha256("\n".join((*bed.requires, *bed.npm)).encode()).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return f"{venv.name}: there already"
    if bed.npm and shutil.which("npm") is None:
        return f"{venv.name}: left out, needs npm"
    venv.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    for command in commands(bed, venv):
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1800, check=False
        )
        if done.returncode != 0:
            if os.environ.get("AIGUARD_BEDS_BUILD") != "1" and any(SLOW_TO_BUILD in line for line in bed.requires):
                return f"{venv.name}: left out, no ready wheel of {SLOW_TO_BUILD} (AIGUARD_BEDS_BUILD=1 builds it)"
            return f"{venv.name}: FAILED: {done.stderr.strip()[-2000:]}"
    mark.write_text(wanted)
    return f"{venv.name}: {time.monotonic() - began:.1f} s"


def install_debian() -> str:
    """Make the Debian root that containers are made from; last, as it holds a bed's environment."""
    if why := debian.missing():
        return f"{why}: left out"
    if debian.is_there():
        return "debian: there already"
    began = time.monotonic()
    try:
        debian.build()
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        return f"debian: FAILED: {error}"
    return f"debian: {time.monotonic() - began:.1f} s"


def chosen(names: Sequence[str]) -> list[Bed]:
    """Pick the beds that need an environment, one per environment."""
    picked = {}
    for bed in BEDS:
        if (bed.requires or bed.npm) and (not names or bed.name in names or bed.venv in names):
            picked[environment_of(bed)] = bed
    return list(picked.values())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Install the environments of the end-to-end beds.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="beds to install; none = all")
    parser.add_argument("--list", action="store_true", help="list the beds and end")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(bed.name for bed in BEDS))
        return 0
    unknown = set(options.names) - {"debian"} - {name for bed in BEDS for name in (bed.name, bed.venv)}
    if unknown:
        parser.error(f"no such bed: {', '.join(sorted(unknown))}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = []
        for line in pool.map(install, chosen(options.names)):
            print(line, flush=True)
            said.append(line)
    if not options.names or "debian" in options.names:
        said.append(install_debian())
        print(said[-1], flush=True)
    return 1 if any("FAILED" in line for line in said) else 0


if __name__ == "__main__":
    raise SystemExit(main())
