"""A GGUF header inside another file."""

from pathlib import Path

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.gguf import is_gguf, read_gguf

FILES = Path(__file__).parent.parent / "formats" / "files"


@pytest.fixture
def example_gguf() -> bytes:
    return (FILES / "gguf-gguf-0.19.0.gguf").read_bytes()


def test_a_part_of_a_file_reads_like_the_file(example_gguf: bytes) -> None:
    """Bytes around the part change nothing, not even the check of its size."""
    alone, inside = Draft(format="gguf"), Draft(format="gguf")

    read_gguf(BytesReader(example_gguf), alone)
    wrapped = b"x" * 4099 + example_gguf + b"y" * 4096
    read_gguf(BytesReader(wrapped), inside, start=4099, end=4099 + len(example_gguf))

    assert alone.header() == inside.header()
    assert alone.header().complete and not alone.remarks


def test_the_magic_needs_a_version() -> None:
    """Both byte orders of the version count, nonsense does not."""
    assert is_gguf(b"GGUF\x03\0\0\0") and is_gguf(b"GGUF\0\0\0\x03")
    assert not is_gguf(b"GGUF\xff\xff\xff\xff") and not is_gguf(b"GGUF") and not is_gguf(b"")
