"""safetensors headers."""

import json
import struct

import pytest

from aiguard_agent.core.reader import HEADER_BUDGET, BytesReader
from aiguard_agent.identify.format import Glimpse
from aiguard_agent.identify.formats.safetensors import FORMAT


def entry(shape: tuple[int, ...], begin: int, end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors(header: object, data: int = 0) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + bytes(data)


ONE = {"a": entry((2, 3), 0, 24)}


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of the safetensors library gives its tensors and the words of its metadata."""
    header = look(FORMAT, example("safetensors-safetensors-0.8.0.safetensors"))

    assert (header.name, header.license, header.quantization) == ("Tiny", "MIT", "F16")
    assert header.parameters == 16 * 8 + 8
    assert header.complete and header.remarks == () and header.tensors == () and not header.runs_code
    assert dict(header.extra)["format"] == "pt"


def test_order_and_offsets_do_not_change_the_fingerprint(look) -> None:
    """A file written again in another order is the same model; one with another type is not."""
    first = look(FORMAT, safetensors({"a": entry((2,), 0, 8), "b": entry((1,), 8, 12)}, 12))
    second = look(FORMAT, safetensors({"b": entry((1,), 0, 4), "a": entry((2,), 4, 12)}, 12))
    third = look(FORMAT, safetensors({"a": entry((2,), 0, 8, "I32"), "b": entry((1,), 8, 12)}, 12))

    assert first.fingerprint == second.fingerprint != third.fingerprint


def test_a_shard_keeps_its_tensors(look) -> None:
    """The name of a shard makes it a part, with tensors to unite."""
    header = look(FORMAT, safetensors(ONE, 24), name="model-00001-of-00002.safetensors")

    assert (header.role, header.tensors) == ("weights-part", (("a", "F32", (2, 3)),))


def test_a_lora_is_an_adapter(look) -> None:
    """Low-rank tensors make an adapter."""
    name = "base_model.model.layers.0.q_proj.lora_A.weight"

    assert look(FORMAT, safetensors({name: entry((2, 3), 0, 24)}, 24)).role == "adapter"


def test_a_length_bomb_reads_nothing(look) -> None:
    """A header length beyond the file, beyond the format or beyond the limit is refused before it is read."""
    for length, size in [(2**63, 100), (99_999_999, 100), (50_000_000, 10 * 2**30), (200_000_000, 10 * 2**30)]:
        data = struct.pack("<Q", length) + b'{"a":{"dtype":"F32","data_offsets":[0,4]}}'
        glimpse = Glimpse(name="x.safetensors", size=size, head=data, tail=data)
        reader = BytesReader(data, size=size)

        header = FORMAT.read(reader, glimpse)

        assert FORMAT.sniff(glimpse)
        assert header is not None and not header.complete and header.remarks
        assert reader.spent < 100_000


BROKEN = {
    "nested": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 0),
    "nested in a skipped member": (b'{"a":{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}}", 0),
    "cut": (b'{"a":{"dtype":"F32","shape":[1],"data_off', 0),
    "not utf-8": (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"name":"\xff"}}', 4),
    "negative": (b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4),
    "huge": (b'{"a":{"dtype":"F32","shape":[9999999999,9999999999],"data_offsets":[0,4]}}', 4),
    "too large a number": (b'{"a":{"dtype":"F32","shape":[%s],"data_offsets":[0,4]}}' % (b"9" * 5000), 4),
    "words that are not text": (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"a":1}}', 4),
    "no offsets": (b'{"a":{"dtype":"F32","shape":[1]}, "data_offsets":{}}', 0),
    "beyond the file": (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4000]}}', 4),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_header_is_named_and_not_complete(look, case: str) -> None:
    """A file of that name is never taken for a good one, nor for none."""
    raw, data = BROKEN[case]

    header = look(FORMAT, safetensors(raw, data), name="model.safetensors")

    assert header.format == "safetensors" and not header.complete and header.remarks


REMARKED = {
    "twice": (
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
    ),
    "hole": (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}', 12),
    "overlap": (
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}',
        6,
    ),
    "follow": (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 400),
}


@pytest.mark.parametrize("case", REMARKED)
def test_what_the_format_forbids_is_remarked(look, case: str) -> None:
    """Duplicates, holes, overlaps and trailing bytes are tolerated by some loaders and told here."""
    raw, data = REMARKED[case]

    header = look(FORMAT, safetensors(raw, data))

    assert any(case in remark or case in ("hole", "overlap") for remark in header.remarks)
    assert header.parameters == (2 if case == "overlap" else 1)


def test_a_header_beyond_the_limit_does_not_fill_memory(look) -> None:
    """A 9 MiB header is named and not decoded."""
    raw = b'{"__metadata__":{"a":"' + b"x" * (9 * 2**20) + b'"}}'

    header = look(FORMAT, safetensors(raw), size=HEADER_BUDGET * 100)

    assert header.format == "safetensors" and not header.complete


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"a": 1}',
        b"        {}",
        struct.pack("<Q", 9) + b'{"a": 1 }',
        struct.pack("<Q", 8) + b'{"a":{}}' + bytes(50),
        struct.pack("<Q", 2) + b"[]",
        b"\x80\x04\x95\x00\x00\x00\x00\x00{}",
    ],
)
def test_other_bytes_are_not_safetensors(look, data: bytes) -> None:
    """JSON, a brace at the right place or a pickle are no safetensors."""
    assert look(FORMAT, data) is None
