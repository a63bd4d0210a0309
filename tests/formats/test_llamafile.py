"""llamafiles."""

import io
import zipfile

import pytest

from aiguard_agent.identify.formats import gguf
from aiguard_agent.identify.formats.llamafile import FORMAT

PROGRAM = b"MZqFpD='\n" + bytes(9000)


def carrying(members: dict[str, bytes], program: bytes = PROGRAM) -> bytes:
    out = io.BytesIO(program)
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as made:
        for name, body in members.items():
            made.writestr(name, body)
    return out.getvalue()


@pytest.mark.parametrize("start", [b"MZ", b"\x7fELF", b"#!/bin/sh\n"])
def test_the_model_inside_is_read_in_place(look, example, start: bytes) -> None:
    """All that the GGUF says is said of the llamafile, which runs code."""
    inside = example("gguf-gguf-0.19.0.gguf")

    header = look(FORMAT, carrying({".args": b"-m\nmodel.gguf\n", "model.gguf": inside}, start + PROGRAM))

    alone = look(gguf.FORMAT, inside)
    assert (header.format, header.runs_code, header.complete) == ("llamafile", True, True)
    assert (header.name, header.fingerprint) == (alone.name, alone.fingerprint)
    assert dict(header.extra)["member"] == "model.gguf"


def test_the_largest_of_several_models_counts(look, example) -> None:
    """A projector beside the model does not name it."""
    header = look(FORMAT, carrying({"mmproj.gguf": b"GGUF", "model.gguf": example("gguf-gguf-0.19.0.gguf")}))

    assert header.name == "Tiny Llama" and dict(header.extra)["members"] == "2"


@pytest.mark.parametrize("body", [b"", b"GGUF", b"not a model", b"GGUF\x03\0\0\0" + b"\xff" * 50])
def test_a_broken_model_inside_is_told(look, body: bytes) -> None:
    """A program that carries something called .gguf still is a llamafile."""
    header = look(FORMAT, carrying({"model.gguf": body}))

    assert header.runs_code and not header.complete and header.remarks


def test_other_programs_and_zips_are_none(look, example) -> None:
    """A program alone, a self-extracting archive, and a zip with a model are something else."""
    inside = example("gguf-gguf-0.19.0.gguf")

    assert look(FORMAT, PROGRAM) is None
    assert look(FORMAT, PROGRAM, name="x.llamafile") is None
    assert look(FORMAT, carrying({"setup.txt": b"x"})) is None
    assert look(FORMAT, carrying({"model.gguf": inside}, b"")) is None
    assert look(FORMAT, b"") is None
