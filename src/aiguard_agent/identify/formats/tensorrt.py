"""TensorRT engine ("plan"): compiled for one GPU family and one version; its layout is not published.

Known from the outside: the magic, and the version of TensorRT in bytes 24-26. Some exporters put a length (u32) and
a JSON text in front, from which name and licence come. Loading an engine runs no host code of the file unless the
program allows it (`engine_host_code_allowed`), so `runs_code` is False.
"""

from __future__ import annotations

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode_part
from aiguard_agent.identify.window import Window

MAGICS = (b"ftrt", b"ptrt")
VERSION = 24
MOST_PREFACE = 1024 * 1024


class Preface(msgspec.Struct):
    """The JSON text that some exporters write in front."""

    description: str | None = None
    author: str | None = None
    license: str | None = None
    version: str | None = None
    task: str | None = None


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the magic, or by a length and a brace in front of an engine yet to be looked for."""
    preface = glimpse.head[4:5] == b"{" and glimpse.head[3:4] == b"\0"
    return glimpse.head[:4] in MAGICS or (preface and glimpse.name.endswith(FORMAT.extensions))


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the version of TensorRT, and what a text in front says."""
    draft = Draft(format=FORMAT.name)
    found = False
    with draft.reading():
        window = Window(reader)
        start = 0 if window.bytes_at(0, 4) in MAGICS else window.u32(0) + 4
        if start > MOST_PREFACE:
            return None
        found = window.bytes_at(start, 4) in MAGICS
        if found and start:
            _describe(decode_part(window, 4, start - 4, Preface), draft)
        if found:
            major, minor, patch = window.bytes_at(start + VERSION, 3)
            draft.tell("tensorrt_version", f"{major}.{minor}.{patch}" if 5 <= major <= 30 else "")
    return draft.header() if found else None


def _describe(preface: Preface, draft: Draft) -> None:
    draft.name = preface.description or ""
    draft.author = preface.author or ""
    draft.license = preface.license or ""
    draft.tell("version", preface.version or "")
    draft.tell("task", preface.task or "")


FORMAT = Format(
    name="tensorrt",
    title="TensorRT engine",
    order=10,
    extensions=(".plan", ".engine", ".trt"),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/NVIDIA/TensorRT/issues/3073",
)
