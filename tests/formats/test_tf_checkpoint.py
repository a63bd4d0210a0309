"""TensorFlow checkpoints."""

import pytest

from aiguard_agent.identify.formats.tf_checkpoint import FORMAT, MAGIC

REAL = "tf-checkpoint-tensorflow-2.21.0.index"


def table(*entries: tuple[bytes, bytes], compression: int = 0) -> bytes:
    body = b"".join(bytes([0, len(key), len(value)]) + key + value for key, value in entries)
    block = body + b"\0\0\0\0" + b"\1\0\0\0"
    data = block + bytes([compression]) + bytes(4)
    handle = bytes([0, len(block)])
    index = bytes([0, 1, len(handle)]) + b"z" + handle + b"\0\0\0\0" + b"\1\0\0\0"
    footer = bytes([0, 0]) + bytes([len(data), len(index)])
    return data + index + bytes(5) + footer.ljust(40, b"\0") + MAGIC


HEADER = (b"", b"\x08\x02\x1a\x02\x08\x01")
TENSOR = (b"w", b"\x08\x01\x12\x08\x12\x02\x08\x03\x12\x02\x08\x04")


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of TensorFlow gives its tensors and names its data file."""
    header = look(FORMAT, example(REAL), name="model.ckpt.index")

    assert (header.parameters, header.quantization) == (3 * 4 + 4 + 1, "F32")
    assert header.links == ("model.ckpt.data-00000-of-00001",)
    assert header.complete and not header.remarks and not header.runs_code


def test_shards_are_counted(look) -> None:
    """As many data files are named as the header says."""
    header = look(FORMAT, table(HEADER, TENSOR), name="m.index")

    assert header.parameters == 12
    assert header.links == ("m.data-00000-of-00002", "m.data-00001-of-00002")


def test_a_database_of_another_program_is_none(look) -> None:
    """LevelDB files have the same last bytes, and no entry without a key."""
    assert look(FORMAT, table((b"user:1", b"\x08\x01"))) is None
    assert look(FORMAT, table((b"", b"not a message"))) is None
    assert look(FORMAT, table((b"", b""))) is None


BROKEN = {
    "compressed": table(HEADER, TENSOR, compression=1),
    "handles": bytes(60) + b"\xff" * 40 + MAGIC,
    "far": b"\0\0\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f".ljust(40, b"\0") + MAGIC,
    "short": MAGIC,
    "cut": table(HEADER, TENSOR)[20:],
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_table_without_a_readable_header_is_none(look, case: str) -> None:
    """What cannot be told from any other LevelDB file is not called a checkpoint."""
    assert look(FORMAT, BROKEN[case]) is None


@pytest.mark.parametrize(
    "entry", [(b"w", b"\x08"), (b"w", b"\x08\x01\x12\x0e" + b"\x12\x0c\x08" + b"\xff" * 8 + b"\x7f\0\0")]
)
def test_a_broken_tensor_is_not_complete(look, entry: tuple[bytes, bytes]) -> None:
    """A checkpoint with a forged tensor still is a checkpoint."""
    header = look(FORMAT, table(HEADER, entry))

    assert header.format == "tf-checkpoint" and not header.complete


def test_a_block_named_many_times_ends_the_reading(look) -> None:
    """An index of a thousand handles to one large block does not multiply the work."""
    value = bytes(3_000_000)
    length = bytes([0xC0, 0x8D, 0xB7, 0x01])
    body = b"\0\0\x06" + HEADER[1] + b"\0\1" + length + b"w" + value
    block = body + b"\0\0\0\0" + b"\1\0\0\0"
    data = block + bytes(5)
    handle = b"\0" + bytes([len(block) & 0x7F | 0x80, len(block) >> 7 & 0x7F | 0x80, len(block) >> 14 & 0x7F | 0x80, 1])
    index = b"".join(bytes([0, 1, len(handle)]) + b"z" + handle for _ in range(1000)) + b"\0\0\0\0" + b"\1\0\0\0"
    at, size = len(data), len(index)
    place = bytes([at & 0x7F | 0x80, at >> 7 & 0x7F | 0x80, at >> 14 & 0x7F | 0x80, at >> 21])
    place += bytes([size & 0x7F | 0x80, size >> 7])
    table_of_one = data + index + bytes(5) + (b"\0\0" + place).ljust(40, b"\0") + MAGIC

    header = look(FORMAT, table_of_one)

    assert header is not None and not header.complete
