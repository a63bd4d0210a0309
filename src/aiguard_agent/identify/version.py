"""Read a server's version: its own package metadata first, answers as a cross-check, never the network's word alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aiguard_agent.core.assets import Claim, Evidence
from aiguard_agent.core.facts import Process
from aiguard_agent.identify.answers import text_of
from aiguard_agent.identify.entry import LINE, line_of
from aiguard_agent.identify.evidence import image_tag, socket_words
from aiguard_agent.identify.patterns import search
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import ServerSignature, VersionReader

VERSION_LIMIT = 64


def versions(view: View, members: Sequence[Process], signature: ServerSignature) -> tuple[Claim, ...]:
    """Return every version that is claimed, the most trusted reader first, liars last."""
    honest = [reader for reader in signature.version if not reader.lies]
    liars = [reader for reader in signature.version if reader.lies]
    claims: dict[tuple[str, str], Claim] = {}
    for reader in (*honest, *liars):
        for claim in _claims(view, members, signature, reader):
            claims.setdefault((claim.value, claim.source), claim)
    return tuple(claims.values())


def chosen(claims: Sequence[Claim]) -> str:
    """Return the version to report: the first claim that no liar made, "" = unknown."""
    return next((claim.value for claim in claims if not claim.source.endswith(LIAR)), "")


LIAR = " (known to be no version)"


def disagreements(claims: Sequence[Claim]) -> tuple[Evidence, ...]:
    """Return where honest readers say different versions; `1.2.3` and `v1.2.3` are the same."""
    honest = [claim for claim in claims if not claim.source.endswith(LIAR)]
    if not honest:
        return ()
    first = honest[0]
    return tuple(
        Evidence(
            what=f"{first.source} says {first.value}, {claim.source} says {claim.value}",
            where=claim.where,
            kind="version",
        )
        for claim in honest[1:]
        if not _same(first.value, claim.value) and not (_is_package(first) and _is_package(claim))
    )


def _is_package(claim: Claim) -> bool:
    """Two packages of one product (a server and its front end) have versions of their own."""
    return claim.source.startswith("package ")


def _same(left: str, right: str) -> bool:
    """A build suffix or a leading v is no disagreement."""
    a, b = (re.sub(r"^v", "", text.strip().lower()) for text in (left, right))
    return a == b or re.split(r"[+\-]", a)[0] == re.split(r"[+\-]", b)[0]


def _claims(
    view: View, members: Sequence[Process], signature: ServerSignature, reader: VersionReader
) -> Iterator[Claim]:
    mark = LIAR if reader.lies else ""
    if reader.package or reader.npm:
        ecosystem, name = ("pypi", reader.package) if reader.package else ("npm", reader.npm)
        for process in members:
            if package := view.package(process, ecosystem, name):
                yield Claim(value=package.version, source=f"package {name}{mark}", where=package.location)
                return
    elif reader.image_tag:
        container = view.container(members[0])
        tag = image_tag(container.image) if container else ""
        if container and re.match(r"v?\d", tag):
            yield Claim(value=tag.removeprefix("v"), source=f"image {container.image}{mark}", where=container.id[:12])
    elif reader.path:
        for process in members:
            for text in ((process.exe or "")[:LINE], line_of(process.argv)):
                if matched := search(reader.path, text):
                    yield Claim(
                        value=matched.value[:VERSION_LIMIT], source=f"path{mark}", where=f"/proc/{process.pid}/cmdline"
                    )
                    return
    else:
        yield from _answered(view, members, signature, reader, mark)


def _answered(
    view: View, members: Sequence[Process], signature: ServerSignature, reader: VersionReader, mark: str
) -> Iterator[Claim]:
    probe = next(probe for probe in signature.probes if probe.id == reader.probe)
    for process in members:
        for listener, answered in view.answers_of(process.pid):
            answer = answered.of(probe)
            if answer is None or (answer.status != 200 and not reader.header):
                continue
            if reader.header:
                text = answer.header(reader.header)
            elif reader.json:
                text = next((found for v in answered.values(probe, reader.json) if (found := text_of(v))), "")
            else:
                text = answer.body[:65536].decode("utf-8", "replace")
            value = _extract(text, reader.pattern)
            if value:
                where = socket_words(listener.address, listener.port)
                yield Claim(value=value, source=f"GET {probe.get}{mark}", where=where)
                return


def _extract(text: str, pattern: str) -> str:
    if pattern:
        matched = search(pattern, text)
        text = "" if matched is None else matched.value
    text = text.strip()
    return text if len(text) <= VERSION_LIMIT and "\n" not in text else ""
