"""Write inventory entries as YAML lines, out of assets that are here; pure.

An entry written for an asset approves that asset as it is now, and as little else as possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from aiguard_agent.core.assets import AuthState, ModelFile, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.inventory.globs import literal
from aiguard_agent.inventory.reach import reach, unchosen

Pairs = tuple[tuple[str, str], ...]
"""Keys with their values, ready to stand in a file."""
_SAFE = re.compile(r"[A-Za-z/][A-Za-z0-9_./@+=-]*(:[A-Za-z0-9_./@+=-]+)*\Z|\d{4}-\d\d-\d\d\Z")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def scalar(text: str) -> str:
    """Write a text so that every YAML reader gets it back; plain where that is safe."""
    if _SAFE.match(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(_escape(char) for char in text) + '"'


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        # No YAML holds half a character; where globs are read, this one covers it.
        return "?"
    if char.isprintable() and code != 0xFEFF:
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def comment(text: str) -> str:
    """Return a text that stays within one comment line."""
    return "".join(char if char.isprintable() and char != "\ufeff" else "?" for char in text[:200])


def lines(pairs: Pairs, *, indent: int, newline: str = "\n") -> str:
    """Write one list entry, its dash at column `indent`."""
    margin = " " * indent
    return "".join(
        f"{margin}{'- ' if position == 0 else '  '}{key}: {value}{newline}"
        for position, (key, value) in enumerate(pairs)
    )


def model_pairs(model: ModelFile, *, by: str, note: str = "") -> Pairs:
    """Approve one model: by its digests with its name, by its path alone where it has none."""
    found: list[tuple[str, str]] = []
    if model.sha256 or model.fingerprint:
        name = _name(model)
        found += [("name", scalar(literal(name)))] if name else []
        found += [("sha256", scalar_digest(model.sha256))] if model.sha256 else []
        found += [("fingerprint", scalar_digest(model.fingerprint))] if model.fingerprint else []
    else:
        found.append(("path", scalar(literal(model.path))))
    if model.format:
        found.append(("format", scalar(model.format)))
    return (*((key, value) for key, value in found), *_signature(by, note))


def _name(model: ModelFile) -> str:
    name = model.name or model.path.rpartition("/")[2]
    return name if len(literal(name)) <= 4096 else ""


def scalar_digest(digest: str) -> str:
    """Write a digest; quoted, because 64 digits alone are a number to other readers."""
    return f'"{digest.removeprefix("sha256:").lower()}"'


def server_pairs(server: Server, *, by: str, note: str = "", hostname: str = "") -> Pairs:
    """Approve one server as it is now: who runs it, from where it is reached, on which ports, how it is guarded."""
    narrowed = _narrowed(server)
    wishes: list[tuple[str, str]] = [
        ("product", scalar(literal(server.product))),
        ("host", scalar(literal(hostname)) if hostname else ""),
        *narrowed,
        ("user", scalar(_clean(server.process.user)) if server.process.user else ""),
        ("ports", _ports(server)),
        ("bind", _bind(server)),
        ("auth", _auth(server.auth.state)),
    ]
    return (*((key, value) for key, value in wishes if value), *_signature(by, note))


def _narrowed(server: Server) -> Sequence[tuple[str, str]]:
    """Say which of several servers of one product is meant; what nobody can name is meant by its id."""
    container = server.container
    if container is not None and (container.name or container.image):
        return [("container", scalar(literal(container.name or container.image)))]
    if server.process.unit and server.product != "unknown-model-server":
        return [("unit", scalar(literal(server.process.unit)))]
    return [("id", scalar(literal(server.id)))]


def _ports(server: Server) -> str:
    chosen = [listener for listener in server.listeners if not unchosen(server, listener)]
    ports = sorted({listener.port for listener in chosen or server.listeners if 0 < listener.port < 65536})
    return f"[{', '.join(map(str, ports))}]" if ports else ""


def _bind(server: Server) -> str:
    widest = reach(server)
    return Scope.LOOPBACK.value if widest is Scope.UNIX else widest.value if widest is not None else ""


def _auth(state: AuthState) -> str:
    if state is AuthState.UNKNOWN:
        return ""
    return state.value if state in (AuthState.REQUIRED, AuthState.PARTIAL) else "none"


def waiver_pairs(*, rule: str, subject: str, reason: str, by: str, until: str, note: str = "") -> Pairs:
    """Waive what a rule says of one subject, or of all that a glob covers, until a day."""
    pairs: Iterable[tuple[str, str]] = (
        ("rule", scalar(rule)),
        ("subject", scalar(_clean(subject))),
        ("reason", scalar(_clean(reason))),
        ("by", scalar(_clean(by))),
        ("until", until),
        ("note", scalar(_clean(note)) if note else ""),
    )
    return tuple((key, value) for key, value in pairs if value)


def _signature(by: str, note: str) -> Pairs:
    signed = [("approved_by", scalar(_clean(by)))] if by else []
    return (*signed, *([("note", scalar(_clean(note)))] if note else []))


def _clean(text: str) -> str:
    return text[:4096]
