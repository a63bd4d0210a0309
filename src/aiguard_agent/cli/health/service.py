"""What the agent as a service needs: documents that are good, a ledger that lasts, addresses that are free."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiguard_agent.agent import all_signatures
from aiguard_agent.cli.health.check import Check, good, limited, missing
from aiguard_agent.cli.state import configured, is_file
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.mounts import parse_mountinfo
from aiguard_agent.collect.netns import dump_here
from aiguard_agent.config.schema import Config
from aiguard_agent.daemon.door import ask
from aiguard_agent.errors import DocumentError, LedgerFault, LedgerTooNew, UsageError
from aiguard_agent.inventory.load import load as load_inventory
from aiguard_agent.ledger.header import schema_in
from aiguard_agent.ledger.opening import FILE

_FLEETING = {"tmpfs", "ramfs", "overlay", "rootfs"}
"""File systems that a restart of host or container empties."""
_ANY = {"0.0.0.0", "::", "*"}  # noqa: S104 - compared with, not bound to


def configuration(given: str | None) -> tuple[Config, Check]:
    """Return the configuration that holds, defaults when it is wrong, and what is to be said of it."""
    try:
        loaded = configured(given, files=True)
    except DocumentError as error:
        words = error.problems[0] + (f" and {len(error.problems) - 1} more" if len(error.problems) > 1 else "")
        return Config(), missing("documents", "configuration", words, "aiguard-agent check-config shows all problems")
    words = f"{', '.join(loaded.files) or 'no file'}: {len(loaded.origins)} keys set, the others have their defaults"
    return loaded.config, good("documents", "configuration", words)


def documents(config: Config) -> Iterator[Check]:
    """Yield whether inventory and signatures are good."""
    inventory = config.scan.inventory
    if inventory is None or not is_file(inventory):
        step = "aiguard-agent inventory init --output FILE, then scan.inventory: FILE"
        yield limited("documents", "inventory", "none: nothing can be told to be unapproved", step)
    else:
        try:
            found = load_inventory(Path(inventory))
        except (DocumentError, OSError) as error:
            yield missing("documents", "inventory", _first(error), f"aiguard-agent inventory check {inventory}")
        else:
            words = (
                f"{inventory}: {len(found.models)} models, {len(found.servers)} servers, {len(found.waivers)} waivers"
            )
            yield good("documents", "inventory", words)
    try:
        count = len(all_signatures([str(folder) for folder in config.scan.signatures]))
    except (DocumentError, OSError) as error:
        yield missing("documents", "signatures", _first(error), "aiguard-agent signatures lint DIR shows all problems")
    else:
        yield good("documents", "signatures", f"{count} servers can be recognised")


def ledger(host: Host, directory: Path) -> Iterator[Check]:
    """Yield whether the ledger can be written, lasts, and is of this version."""
    there = next(folder for folder in (directory, *directory.parents) if host.exists(str(folder)))
    if not os.access(there, os.W_OK | os.X_OK):
        step = f"as root: install -d -m 0700 -o USER {directory}; or ledger.directory: another place"
        yield missing("ledger", "directory", f"{there} may not be written: findings would be kept in memory only", step)
    else:
        yield good("ledger", "directory", f"{directory} {'can be written' if there == directory else 'can be made'}")
    yield lasting(host, there)
    try:
        version = schema_in(directory / FILE)
    except FileNotFoundError:
        yield good("ledger", "file", "none yet; the agent makes it when it starts")
    except LedgerTooNew as error:
        yield missing("ledger", "file", str(error), "install that version again, or move the file away")
    except LedgerFault as error:
        yield missing("ledger", "file", str(error), "the agent puts it aside and begins afresh when it starts")
    except OSError as error:
        step = "run it as root or as the agent's user"
        yield limited("ledger", "file", f"{directory / FILE}: {error.strerror}", step)
    else:
        yield good("ledger", "file", f"{directory / FILE}, schema {version}")


def lasting(host: Host, folder: Path) -> Check:
    """Say whether what is written there outlasts a restart."""
    try:
        mount = parse_mountinfo(host.text("/proc/self/mountinfo")).at(str(folder.resolve()))
    except OSError:
        mount = None
    if mount is not None and mount.kind in _FLEETING:
        step = "put ledger.directory on a disk (in a container: on a volume)"
        return limited("ledger", "durable", f"{folder} lies on {mount.kind}: a restart may forget every finding", step)
    return good("ledger", "durable", f"{folder} lies on {mount.kind if mount else 'an unknown file system'}")


def running(config: Config) -> tuple[dict[str, Any], Check]:
    """Return what the running agent answers, {} when none does, and what is to be said of it."""
    if config.status.socket is None:
        step = "status.socket: PATH lets status and doctor ask it"
        return {}, limited("service", "agent", "nobody can ask it: status.socket is off", step)
    try:
        answer = ask(Path(config.status.socket))
    except UsageError as error:
        return {}, limited(
            "service", "agent", str(error).partition(";")[0], "systemctl start aiguard-agent, or: aiguard-agent run"
        )
    down = [str(one.get("name")) for one in answer.get("sources", ()) if not one.get("up")]
    if down:
        return answer, limited("service", "agent", f"runs; sources down: {', '.join(down)}", "aiguard-agent status")
    return answer, good("service", "agent", f"runs, version {answer.get('version', '?')}")


def metrics(config: Config, *, agent_runs: bool) -> Check:
    """Say whether the address of the metrics is free, by looking at who listens, not by trying."""
    address = config.metrics.listen
    if address is None:
        return good("service", "metrics", "metrics.listen is off")
    found = dump_here()
    if found.error is not None:
        step = "the agent says in its log when it cannot listen"
        return limited("service", "metrics", f"who listens cannot be told: {found.error.strerror}", step)
    taken = any(
        s.port == address.port and (s.address == address.host or {s.address, address.host} & _ANY) for s in found.tcp
    )
    if not taken:
        return good("service", "metrics", f"{address} is free")
    if agent_runs:
        return good("service", "metrics", f"{address} is served, the agent runs")
    return missing("service", "metrics", f"{address} is taken by another program", "metrics.listen: another port")


def _first(error: Exception) -> str:
    return str(error).partition("\n")[0]
