"""TensorRT engines. No engine of the real library is at hand: the bytes follow what others have published."""

import json
import struct

import pytest

from aiguard_agent.identify.formats.tensorrt import FORMAT

ENGINE = b"ftrt" + bytes(20) + bytes([10, 3, 0, 26]) + bytes(100)


def behind(preface: object, engine: bytes = ENGINE) -> bytes:
    raw = json.dumps(preface).encode()
    return struct.pack("<I", len(raw)) + raw + engine


@pytest.mark.parametrize("magic", [b"ftrt", b"ptrt"])
def test_an_engine_tells_its_version(look, magic: bytes) -> None:
    """Both magics are engines; the version is in bytes 24 to 26."""
    header = look(FORMAT, magic + ENGINE[4:])

    assert header.complete and dict(header.extra) == {"tensorrt_version": "10.3.0"} and not header.runs_code


def test_an_implausible_version_is_not_told(look) -> None:
    """Older engines have other bytes there."""
    assert look(FORMAT, ENGINE[:24] + bytes(100)).extra == ()


def test_a_text_in_front_is_read(look) -> None:
    """Exporters that put a JSON text in front say who made the model."""
    data = behind({"description": "Detector", "author": "Lab", "license": "AGPL-3.0", "task": "detect", "stride": 32})

    header = look(FORMAT, data, name="x.engine")

    assert (header.name, header.author, header.license) == ("Detector", "Lab", "AGPL-3.0")
    assert dict(header.extra) == {"task": "detect", "tensorrt_version": "10.3.0"}


def test_a_broken_text_in_front_is_told(look) -> None:
    """The engine behind it decides; the text only adds words."""
    header = look(FORMAT, struct.pack("<I", 5) + b"{nope" + ENGINE, name="x.engine")

    assert header.format == "tensorrt" and not header.complete


def test_a_cut_engine_is_not_complete(look) -> None:
    """A few bytes with the magic are an engine that ends early."""
    assert not look(FORMAT, ENGINE[:20]).complete


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"FTRT" + bytes(100),
        behind({"a": 1}, b"none" + bytes(50)),
        struct.pack("<I", 0xFFFFFF) + b"{}",
        struct.pack("<I", 100) + b"{",
    ],
)
def test_other_bytes_are_no_engine(look, data: bytes) -> None:
    """A length and a brace without an engine behind are something else, whatever the name."""
    assert look(FORMAT, data, name="x.engine") is None


def test_a_text_in_front_needs_the_name(look) -> None:
    """Without the usual name nobody searches behind a length and a brace."""
    assert look(FORMAT, behind({}), name="x.bin") is None
