"""Read package names out of folder names: what lies in site-packages says what is installed. Pure.

fastapi-0.115.0.dist-info        PEP 376 / 427: name and version in the folder's own name
PyYAML-6.0.2-py3.11.egg-info     setuptools, the older way
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DIST = re.compile(r"([A-Za-z0-9][\w.-]{0,200}?)-(\d[\w.+!]{0,80})\.dist-info")
_EGG = re.compile(r"([A-Za-z0-9][\w.-]{0,200}?)-(\d[\w.+!]{0,80}?)(?:-py\d[\d.]*(?:-[\w.]+){0,3})?\.(?:egg-info|egg)")
_BARE = re.compile(r"([A-Za-z0-9][\w.-]{0,200})\.(?:egg-info|dist-info)")
_SEPARATORS = re.compile(r"[-_.]+")
_SITE = re.compile(r"^(/.*?/(?:site-packages|dist-packages))/")
_PACKAGE = re.compile(r"/node_modules/(@[^/]+/[^/@][^/]*|[^/@.][^/]*)")
_VERSION = re.compile(r"^Version:[ \t]*(\d[\w.+!-]{0,80})\s*$", re.MULTILINE)


def normal(name: str) -> str:
    """Return a Python package name as its registry compares it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def installed(entry: str) -> tuple[str, str] | None:
    """Return (normal name, version) of a metadata folder, None for any other name."""
    match = _DIST.fullmatch(entry) or _EGG.fullmatch(entry)
    return (normal(match[1]), match[2]) if match else None


def unversioned(entry: str) -> str:
    """Return the normal name of a metadata folder that does not name its version, "" for any other name."""
    match = _BARE.fullmatch(entry)
    return normal(match[1]) if match and installed(entry) is None else ""


def version_in(metadata: str) -> str:
    """Return the version that PKG-INFO or METADATA names, "" when it does not."""
    match = _VERSION.search(metadata.partition("\n\n")[0])
    return match[1] if match else ""


def site_of(path: str) -> str:
    """Return the package folder that a mapped file lies in, "" when in none; the outermost one of nested ones."""
    match = _SITE.match(path)
    return match[1] if match else ""


def node_packages(path: str) -> Iterator[str]:
    """Yield the folder of every Node package that a path leads through, the outermost first."""
    for match in _PACKAGE.finditer(f"{path}/"):
        yield path[: match.end()]
