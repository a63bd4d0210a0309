"""OpenVINO IR: an XML graph beside a `.bin` of weights. Loading it runs no code of the file.

    <net name="…" version="11"><layers><layer id name type="Const"><data element_type shape offset size/> … </net>

The text is searched with patterns and never parsed as XML: no entity is ever expanded.
"""

from __future__ import annotations

import re

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft, label, words
from aiguard_agent.identify.format import Format, Glimpse

NET = re.compile(rb"<net\s([^<>]{1,2000})>")
LAYER = re.compile(rb"<layer\s([^<>]{1,2000})>\s{0,100}<data\s([^<>]{1,4000})>")
ATTRIBUTE = re.compile(rb'(?<![A-Za-z_])([A-Za-z_]{1,40})="([^"]{0,1000})"')
RUNTIME = re.compile(rb'<(Runtime_version|runtime_version|framework|IR_version)\s{1,5}value="([^"]{1,200})"')
MOST_TEXT = 16 * 1024 * 1024


def sniff(glimpse: Glimpse) -> bool:
    """Tell by a `net` element with a version near the start of an XML text."""
    return glimpse.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and _net(glimpse.head) is not None


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the graph's name, the constants, and who wrote the file."""
    net = _net(glimpse.head)
    if net is None:
        return None
    draft = Draft(format=FORMAT.name)
    draft.name = words(net[b"name"])
    draft.tell("ir_version", words(net[b"version"]))
    with draft.reading():
        text = reader.read_at(0, min(reader.size, MOST_TEXT))
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            draft.remark("the text declares a document type or entities")
        for key, value in RUNTIME.findall(text[-65_536:]):
            draft.tell(key.decode().lower(), words(value))
        for layer, data in LAYER.findall(text):
            _read_layer(dict(ATTRIBUTE.findall(layer)), dict(ATTRIBUTE.findall(data)), draft)
        if reader.size > MOST_TEXT:
            raise ValueError("the graph is longer than is read")
        if not text.rstrip().endswith(b"</net>"):
            raise EOFError
    draft.quantization = draft.dominant()
    if draft.tensors and glimpse.name.endswith(".xml"):
        draft.link(glimpse.name.removesuffix(".xml") + ".bin")
    return draft.header()


def _net(text: bytes) -> dict[bytes, bytes] | None:
    match = NET.search(text)
    attributes = dict(ATTRIBUTE.findall(match[1])) if match else {}
    return attributes if b"name" in attributes and attributes.get(b"version", b"").isdigit() else None


def _read_layer(layer: dict[bytes, bytes], data: dict[bytes, bytes], draft: Draft) -> None:
    if layer.get(b"type") != b"Const" or b"element_type" not in data:
        return
    sizes = [size.strip() for size in data.get(b"shape", b"").split(b",") if size.strip()]
    if not all(size.isdigit() and len(size) < 20 for size in sizes):
        raise ValueError("a constant's shape is no list of numbers")
    draft.add(label(layer.get(b"name", b"")), words(data[b"element_type"], 32).upper(), tuple(map(int, sizes)))


FORMAT = Format(
    name="openvino",
    title="OpenVINO IR",
    order=30,
    extensions=(".xml",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://docs.openvino.ai/2025/documentation/openvino-ir-format.html",
)
