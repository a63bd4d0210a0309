"""Find the package folders of one Python process, nearest first, without asking the process.

The program behind a virtual environment is the base interpreter, so `exe` says nothing: argv[0] taken from the
working directory does (`../venv/bin/python` has `pyvenv.cfg` beside its folder), and so do mapped libraries.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from aiguard_agent.collect.distinfo import site_of
from aiguard_agent.core.facts import Process

_MAX_SITES = 12
_SHARES = re.compile(r"^include-system-site-packages\s*=\s*true\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How to look at folders as the process sees them."""

    names: Callable[[str], list[str]]
    """Entry names of a folder; () when there is none."""
    text: Callable[[str], str]
    """A small text file; "" when there is none."""


@dataclass(slots=True)
class _Sites:
    view: View
    found: dict[str, str] = field(default_factory=dict)

    def add(self, site: str, kind: str) -> None:
        if site and len(self.found) < _MAX_SITES:
            self.found.setdefault(posixpath.normpath(site), kind)

    def below(self, prefix: str, kind: str, python: str = "") -> bool:
        """Add lib/python3.X/site-packages of an installation; tell whether there was one."""
        some = False
        for lib in ("lib", "lib64"):
            for name in sorted(self.view.names(f"{prefix}/{lib}")):
                if name.startswith("python3") and (not python or name in (python, "python3")):
                    for folder in ("site-packages", "dist-packages"):
                        if self.view.names(f"{prefix}/{lib}/{name}/{folder}"):
                            self.add(f"{prefix}/{lib}/{name}/{folder}", kind)
                            some = True
        return some


def is_python(process: Process) -> bool:
    """Tell whether a process runs a Python interpreter, or maps Python packages."""
    program = (process.exe or "").rpartition("/")[2] or process.comm
    return program.startswith(("python", "pypy")) or any(site_of(path) for path in process.mapped)


def sites_of(process: Process, view: View) -> tuple[tuple[str, str], ...]:
    """Return (folder, kind) of the package folders the process imports from, nearest first."""
    sites = _Sites(view)
    env = dict(process.env)
    alone = _virtual(process, env, sites)
    for site in dict.fromkeys(site_of(path) for path in process.mapped):
        if site:
            sites.add(site, _kind(site, view))
    for entry in env.get("PYTHONPATH", "").split(":"):
        if entry.startswith("/"):
            sites.add(entry, "user")
    if not alone:
        _shared(process, env, sites)
    return tuple(sorted(sites.found.items(), key=lambda item: item[1] == "system"))


def _virtual(process: Process, env: dict[str, str], sites: _Sites) -> bool:
    """Add the virtual environment; tell whether there is one that shuts out everything else."""
    for prefix in _prefixes(process, env):
        config = sites.view.text(f"{prefix}/pyvenv.cfg")
        if config and sites.below(prefix, "venv"):
            return _SHARES.search(config) is None
    return False


def _shared(process: Process, env: dict[str, str], sites: _Sites) -> None:
    """Add the folders of the interpreter's own installation and of its user."""
    python = _python_folder(process)
    base = posixpath.dirname(posixpath.dirname((process.exe or "").removesuffix(" (deleted)")))
    if python and base.startswith("/"):
        sites.below(base, "conda" if sites.view.names(f"{base}/conda-meta") else "system", python)
    home = env.get("HOME", "")
    if home.startswith("/"):
        sites.below(f"{home}/.local", "user", python)
    if base == "/usr":
        sites.below("/usr/local", "system", python)


def _prefixes(process: Process, env: dict[str, str]) -> list[str]:
    """Return the installations that the command line points to: of the program, then of the script it runs."""
    found = []
    for argument in process.argv[:2]:
        path = absolute(process, argument)
        if path and posixpath.basename(posixpath.dirname(path)) in ("bin", "Scripts"):
            found.append(posixpath.dirname(posixpath.dirname(path)))
    first = process.argv[0] if process.argv else ""
    if "/" not in first and env.get("VIRTUAL_ENV", "").startswith("/"):
        # Found through PATH, which an activated environment comes first in; with a path it would be a mere leftover.
        found.append(env["VIRTUAL_ENV"].rstrip("/"))
    return list(dict.fromkeys(found))


def absolute(process: Process, argument: str) -> str:
    """Return an argument as an absolute path, "" when it is not one that we can place."""
    if not argument or "\0" in argument or len(argument) > 4096:
        return ""
    if argument.startswith("/"):
        return posixpath.normpath(argument)
    if "/" in argument and process.cwd and process.cwd.startswith("/"):
        return posixpath.normpath(f"{process.cwd}/{argument}")
    return ""


def _python_folder(process: Process) -> str:
    """Return `python3.11` for /usr/bin/python3.11, "" when the program is no versioned Python."""
    name = (process.exe or "").removesuffix(" (deleted)").rpartition("/")[2]
    return name if name.startswith("python3.") else ""


def _kind(site: str, view: View) -> str:
    prefix = posixpath.dirname(posixpath.dirname(posixpath.dirname(site)))
    if view.text(f"{prefix}/pyvenv.cfg"):
        return "venv"
    if view.names(f"{prefix}/conda-meta"):
        return "conda"
    return "user" if "/.local/lib/" in site else "system"
