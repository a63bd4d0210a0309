"""The arguments that every scanning verb shares, and what they mean."""

from __future__ import annotations

import os
from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path

from aiguard_agent.agent import ScanOptions, scan
from aiguard_agent.cli.console import Progress, log_to_stderr
from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.finding import Severity
from aiguard_agent.core.report import ScanReport
from aiguard_agent.errors import UsageError
from aiguard_agent.probe.policy import Budget

SEVERITIES = tuple(severity.word for severity in Severity)
CONFIDENCES = tuple(confidence.word for confidence in Confidence)


def add_scan_arguments(parser: ArgumentParser) -> None:
    """Declare what to look at, what to ask and what to compare with."""
    look = parser.add_argument_group("what to look at")
    look.add_argument(
        "--path", action="append", default=[], metavar="DIR", help="look for models here too (repeatable)"
    )
    look.add_argument("--no-stores", action="store_true", help="do not walk the usual model stores")
    look.add_argument("--remote", action="store_true", help="walk NFS, CIFS and other remote file systems too")
    look.add_argument("--hash", action="store_true", help="compute SHA-256 of every model file (reads all of it)")
    look.add_argument("--cache", metavar="FILE", default="", help="keep digests here (with --hash: a default place)")
    look.add_argument("--root", default="/", metavar="DIR", help="a recorded host tree instead of this host")
    ask = parser.add_argument_group("what to ask")
    ask.add_argument("--no-probe", action="store_true", help="ask no server anything: processes and files alone")
    ask.add_argument(
        "--probe-seconds", type=float, default=10.0, metavar="S", help="time for all questions (default 10)"
    )
    ask.add_argument(
        "--allow-post", action="store_true", help="send the marked read-only POSTs too (docs/probe-policy.md)"
    )
    compare = parser.add_argument_group("what to compare with")
    compare.add_argument(
        "--inventory", metavar="FILE", default=None, help=f"approved inventory (default: {default_text()})"
    )
    compare.add_argument(
        "--signatures", metavar="DIR", default="", help="further signatures; the same id replaces ours"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress line")
    parser.add_argument(
        "-v", "--verbose", action="store_true", default=SUPPRESS, help="log what is done, to stderr"
    )  # suppressed, so that it does not undo a -v before the verb


def add_threshold_arguments(parser: ArgumentParser) -> None:
    """Declare what is worth showing."""
    group = parser.add_argument_group("what to show")
    group.add_argument("--min-severity", choices=SEVERITIES, default="info", help="hide findings below (still counted)")
    group.add_argument("--min-confidence", choices=CONFIDENCES, default="low", help="hide less certain ones (counted)")


def scan_from(options: Namespace) -> ScanReport:
    """Run the scan that the arguments describe."""
    progress = Progress(quiet=options.quiet)
    try:
        return scan(options_from(options, progress))
    finally:
        progress.done()


def options_from(options: Namespace, progress: Progress) -> ScanOptions:
    """Return the scan options; raises UsageError for a folder or file that is not there."""
    if not Path(options.root).is_dir():
        raise UsageError(f"--root {options.root}: no such directory")
    if options.signatures and not Path(options.signatures).is_dir():
        raise UsageError(f"--signatures {options.signatures}: no such directory")
    if not 0 < options.probe_seconds <= 600:
        raise UsageError("--probe-seconds takes a number above 0, 600 at most")
    return ScanOptions(
        root=options.root,
        inventory=inventory_path(options.inventory),
        signatures=tuple(filter(None, [options.signatures])),
        probe=not options.no_probe,
        budget=Budget(total_seconds=options.probe_seconds, allow_posts=options.allow_post),
        paths=tuple(_absolute(path, options.root) for path in options.path),
        stores=not options.no_stores,
        remote=options.remote,
        hash_all=options.hash,
        digests=options.cache or (default_cache() if options.hash else ""),
        min_severity=Severity[getattr(options, "min_severity", "info").upper()],
        min_confidence=Confidence[getattr(options, "min_confidence", "low").upper()],
        progress=progress,
        log=log_to_stderr(verbose=options.verbose),
    )


def inventory_path(given: str | None) -> str:
    """Return the inventory to use: as given, $AIGUARD_INVENTORY, or a default file that exists; "" = none."""
    chosen = given if given is not None else os.environ.get("AIGUARD_INVENTORY", "")
    if chosen:
        if not Path(chosen).is_file():
            raise UsageError(f"inventory {chosen}: no such file; make one with: aiguard-agent inventory init")
        return chosen
    found = next((path for path in default_inventories() if path.is_file()), None)
    if found is not None and (fault := _not_ours(found)):
        raise UsageError(
            f"inventory {found}: {fault}; who can write it approves what he likes (--inventory FILE: as is)"
        )
    return str(found or "")


def _not_ours(path: Path) -> str:
    """Say why an inventory that nobody named is not to be believed: under sudo, HOME may be somebody else's."""
    info = path.stat()
    if info.st_uid not in (0, os.geteuid()):
        return f"belongs to uid {info.st_uid}"
    return "may be written by everybody" if info.st_mode & 0o002 else ""


def default_inventories() -> tuple[Path, ...]:
    """Return the places where an inventory is looked for."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return (Path("/etc/aiguard-agent/inventory.yaml"), home / "aiguard-agent" / "inventory.yaml")


def default_text() -> str:
    """Return the default places in words that do not depend on who asks."""
    return "$AIGUARD_INVENTORY, /etc/aiguard-agent/inventory.yaml, ~/.config/aiguard-agent/inventory.yaml"


def default_cache() -> str:
    """Return the file that keeps digests between scans."""
    if os.geteuid() == 0:
        return "/var/cache/aiguard-agent/digests.json"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return str(home / "aiguard-agent" / "digests.json")


def _absolute(path: str, root: str) -> str:
    """A path of the host: relative ones are taken from here on the live host, from `/` in a recorded one."""
    if Path(root).resolve() != Path("/"):
        return "/" + path.lstrip("/")
    if not Path(path).exists():
        raise UsageError(f"--path {path}: no such file or directory")
    return str(Path(path).resolve())
