"""ONNX models."""

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.format import Glimpse
from aiguard_agent.identify.formats.onnx import FORMAT


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def part(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def tensor(name: str, shape: tuple[int, ...], kind: int = 1, raw: bytes = b"", location: str = "") -> bytes:
    body = b"".join(number(1, side) for side in shape) + number(2, kind) + part(8, name.encode()) + part(9, raw)
    if location:
        body += part(13, part(1, b"location") + part(2, location.encode()))
    return part(5, body)


NODE = part(1, part(4, b"Relu"))
OPSET = part(8, number(2, 17))


def model(*graph: bytes) -> bytes:
    return number(1, 8) + part(2, b"maker") + part(7, NODE + b"".join(graph)) + OPSET


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of the onnx library gives producer, operators, words and weights."""
    header = look(FORMAT, example("onnx-onnx-1.23.2.onnx"))

    assert (header.name, header.author, header.license) == ("tiny_graph", "Some Lab", "Apache-2.0")
    assert (header.parameters, header.quantization) == (16, "F32")
    assert header.complete and not header.remarks and not header.runs_code
    extra = dict(header.extra)
    assert (extra["producer"], extra["producer_version"], extra["opset ai.onnx"]) == ("hand", "1.2", "17")
    assert (extra["opset com.microsoft"], extra["property note"]) == ("1", "hello")


def test_external_data_is_named_and_leaves_the_fingerprint(look, example) -> None:
    """The same model with its weights in another file is the same model."""
    inside = look(FORMAT, example("onnx-onnx-1.23.2.onnx"))
    outside = look(FORMAT, example("onnx-external-onnx-1.23.2.onnx"))

    assert outside.links == ("weights.bin",)
    assert inside.fingerprint == outside.fingerprint


@pytest.mark.parametrize("location", ["/etc/shadow", "a/../../etc/passwd", "C:\\x", "http://x/y", "..\\x"])
def test_external_data_outside_the_folder_is_remarked(look, location: str) -> None:
    """Where loading would read another file than one beside it, a remark says so."""
    header = look(FORMAT, model(tensor("a", (1,), location=location)))

    assert header.links == (location,) and any("outside the folder" in remark for remark in header.remarks)


def test_weights_are_not_read() -> None:
    """A weight of a gigabyte costs one jump; what follows it is still read."""
    size = 1 << 30
    body = number(1, size // 4) + number(2, 1) + part(8, b"big") + varint(9 << 3 | 2) + varint(size)
    inner = NODE + varint(5 << 3 | 2) + varint(len(body) + size) + body
    head = number(1, 8) + varint(7 << 3 | 2) + varint(len(inner) + size) + inner
    reader = BytesReader(head, size=len(head) + size)

    header = FORMAT.read(reader, Glimpse(name="x", size=reader.size, head=head, tail=b""))

    assert header is not None and header.complete and header.parameters == size // 4
    assert reader.spent < 20_000


def test_graph_first_is_read_too(look) -> None:
    """The order of fields is free in protobuf: nobody hides by changing it."""
    data = part(7, NODE + tensor("a", (2, 2))) + OPSET + number(1, 8)

    assert look(FORMAT, data).parameters == 4


def test_types_from_the_future_keep_their_number(look) -> None:
    """An element type nobody knows yet is told by its number."""
    assert look(FORMAT, model(tensor("a", (4,), 99))).quantization == "TYPE_99"


BOMBS = {
    "dimensions": model(tensor("a", (1,) * 200)),
    "product": model(tensor("a", (2**40, 2**40))),
    "negative": model(tensor("a", (2**64 - 1,))),
    "fields": model(*([number(2, 1)] * 5), tensor("a", (1,))),
    "links": model(*(tensor(str(n), (1,), location=f"f{n}") for n in range(5000))),
    "cut": model(tensor("a", (64,), raw=bytes(256)))[:100],
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_forged_model_is_not_complete(look, case: str) -> None:
    """It still is an ONNX model, with a remark on what ended the reading."""
    header = look(FORMAT, BOMBS[case])

    assert header.format == "onnx" and not header.complete and header.remarks and header.fingerprint == ""


def test_many_fields_end_the_reading(look) -> None:
    """A bomb of half a million tiny nodes stops at the limit."""
    header = look(FORMAT, model(*[part(1, b"")] * 500_000))

    assert not header.complete and "more fields than are looked at" in header.remarks


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello, this is text",
        number(1, 8),
        number(1, 8) + part(2, b"maker"),
        number(1, 1) + part(2, part(1, b"")),
        part(7, NODE),
        number(1, 8) + part(7, b""),
        number(1, 8) + part(7, b"\xff\xff\xff"),
        number(1, 8) + part(7, part(100, b"x")),
        number(1, 5000) + part(7, NODE),
        part(1, b"8") + part(7, NODE),
    ],
)
def test_other_bytes_are_not_onnx(look, data: bytes) -> None:
    """Without a plausible IR version and a graph, protobuf-like bytes are something else."""
    assert look(FORMAT, data) is None


def test_what_a_model_says_of_itself_is_told(look) -> None:
    """Domain and version are kept, a second graph is an oddity, and another wire type is no ONNX."""
    data = number(1, 8) + part(4, b"org.lab") + number(5, 3) + part(7, NODE) + part(7, NODE)

    header = look(FORMAT, data)

    assert (dict(header.extra)["domain"], dict(header.extra)["version"]) == ("org.lab", "3")
    assert "there is more than one graph" in header.remarks
    assert look(FORMAT, model() + bytes(4096) + number(2, 1)) is None
