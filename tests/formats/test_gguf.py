"""GGUF headers."""

import hashlib
import struct
import time

import pytest

from aiguard_agent.core.reader import HEADER_BUDGET, BytesReader
from aiguard_agent.identify.format import Glimpse
from aiguard_agent.identify.formats.gguf import FORMAT

STRING, ARRAY, U32 = 8, 9, 4


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def pair(key: str, value: str | int) -> bytes:
    if isinstance(value, str):
        return text(key) + struct.pack("<I", STRING) + text(value)
    return text(key) + struct.pack("<II", U32, value)


def tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    sides = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + sides + struct.pack("<IQ", kind, offset)


def gguf(*pairs: bytes, tensors: tuple[bytes, ...] = (), version: int = 3, data: int = 0) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs)) + b"".join(pairs) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + bytes(data)


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of the gguf library gives name, maker, licence, base model, size, quantisation and context."""
    header = look(FORMAT, example("gguf-gguf-0.19.0.gguf"))

    assert (header.name, header.architecture, header.author) == ("Tiny Llama", "llama", "Some Lab")
    assert (header.license, header.base_model) == ("apache-2.0", "Tiny Base")
    assert (header.parameters, header.quantization, header.context_length) == (30 * 32 + 32 + 32 * 32, "Q4_K_M", 4096)
    assert header.complete and not header.remarks and not header.runs_code
    extra = dict(header.extra)
    assert extra["chat_template_sha256"] == hashlib.sha256(b"{{ messages[0].content }}").hexdigest()
    assert extra["base_model_repo_url"] == "https://huggingface.co/base/tiny"


def test_a_big_endian_file_reads_the_same(look, example) -> None:
    """Byte order changes nothing but the remark of it."""
    header = look(FORMAT, example("gguf-bigendian-gguf-0.19.0.gguf"))

    assert (header.name, header.context_length, header.parameters) == ("Tiny Llama", 4096, 992)
    assert header.complete and dict(header.extra)["byte_order"] == "big"


def test_the_fingerprint_survives_renaming_and_new_words(look) -> None:
    """Metadata does not count, tensors do."""
    one, two = tensor("a", (4, 4)), tensor("b", (2,), 1, 64)
    first = look(FORMAT, gguf(pair("general.name", "x"), tensors=(one, two), data=96))
    second = look(FORMAT, gguf(pair("general.name", "y"), tensors=(two, one), data=96))
    third = look(FORMAT, gguf(pair("general.name", "x"), tensors=(one,), data=96))

    assert first.fingerprint == second.fingerprint != third.fingerprint


@pytest.mark.parametrize(
    ("file_type", "expected"),
    [
        (0, "F32"),
        (1, "F16"),
        (7, "Q8_0"),
        (15, "Q4_K_M"),
        (32, "BF16"),
        (38, "MXFP4_MOE"),
        (39, "NVFP4"),
        (1025, "F16"),
    ],
)
def test_file_types_have_their_usual_names(look, file_type: int, expected: str) -> None:
    """The quantisation is what people call it, also when it was guessed (bit 1024)."""
    assert look(FORMAT, gguf(pair("general.file_type", file_type))).quantization == expected


def test_an_unknown_file_type_falls_back_to_the_tensors(look) -> None:
    """A number from the future is not invented a name: what most elements are stored as is told instead."""
    data = gguf(pair("general.file_type", 900), tensors=(tensor("a", (256,), 12), tensor("b", (2,), 0)), data=144)

    assert look(FORMAT, data).quantization == "Q4_K"


def test_version_one_has_short_numbers(look) -> None:
    """The first version counts with four bytes."""
    key, value = b"general.name", b"old"
    data = b"GGUF" + struct.pack("<III", 1, 0, 1) + struct.pack("<I", len(key)) + key
    data += struct.pack("<II", STRING, len(value)) + value

    header = look(FORMAT, data)

    assert (header.name, header.complete) == ("old", True)


def test_a_split_file_keeps_its_tensors(look) -> None:
    """A shard is a part, and brings its tensors along so that the whole can be recognised."""
    data = gguf(pair("split.count", 3), pair("split.no", 1), tensors=(tensor("a", (4,)),), data=16)

    header = look(FORMAT, data)

    assert (header.role, dict(header.extra)["shard"]) == ("weights-part", "2 of 3")
    assert header.tensors == (("a", "F32", (4,)),)


def test_an_adapter_is_called_one(look) -> None:
    """A LoRA file is an adapter, not a model."""
    assert look(FORMAT, gguf(pair("general.type", "adapter"))).role == "adapter"


def test_each_named_template_has_its_own_digest(look) -> None:
    """Tool templates are code for the model too."""
    data = gguf(pair("tokenizer.chat_template", "a"), pair("tokenizer.chat_template.tool_use", "b"))

    extra = dict(look(FORMAT, data).extra)

    assert extra["chat_template_sha256"] == hashlib.sha256(b"a").hexdigest()
    assert extra["chat_template_sha256.tool_use"] == hashlib.sha256(b"b").hexdigest()


BOMBS = {
    "pairs": (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "key-value pairs"),
    "tensors": (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "file ends"),
    "key": (gguf(struct.pack("<Q", 2**63) + b"x"), "a key claims"),
    "string": (gguf(text("general.name") + struct.pack("<IQ", STRING, 2**62)), "not read|file ends"),
    "array": (gguf(text("a") + struct.pack("<IIQ", ARRAY, U32, 2**61)), "an array claims"),
    "nested": (gguf(text("a") + struct.pack("<IIQ", ARRAY, ARRAY, 1) * 500), "holds arrays"),
    "member": (gguf(text("a") + struct.pack("<IIQ", ARRAY, 77, 1)), "member type 77"),
    "kind": (gguf(text("a") + struct.pack("<I", 99)), "value type 99"),
    "tensor name": (gguf(tensors=(struct.pack("<Q", 2**40),)), "a tensor name claims"),
    "dimensions": (gguf(tensors=(text("t") + struct.pack("<I", 5000),)), "5000 dimensions"),
    "product": (gguf(tensors=(tensor("t", (2**40, 2**40)),)), "forged"),
    "alignment": (gguf(pair("general.alignment", 0), tensors=(tensor("t", (4,)),), data=16), "power of two"),
    "far data": (gguf(tensors=(tensor("t", (4,), 0, 2**50),), data=16), "missing"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_forged_header_is_named_and_not_complete(look, case: str) -> None:
    """Whatever a header claims, the reading ends with a remark and without the claimed memory."""
    data, remark = BOMBS[case]

    header = look(FORMAT, data)

    assert header.format == "gguf" and not header.complete
    assert any(word in " ".join(header.remarks) for word in remark.split("|"))


def test_names_that_are_not_text_are_read(look) -> None:
    """A tensor and a name of invalid UTF-8 neither stop the reading nor reach the output as such."""
    odd = struct.pack("<Q", 2) + b"\xff\xfe"
    data = gguf(
        text("general.name") + struct.pack("<I", STRING) + odd,
        tensors=(odd + struct.pack("<IQIQ", 1, 4, 0, 0),),
        data=16,
    )

    header = look(FORMAT, data)

    assert header.complete and header.fingerprint
    header.name.encode()


def test_a_key_given_twice_is_remarked(look) -> None:
    """Loaders may take either one; the first counts here and the oddity is told."""
    header = look(FORMAT, gguf(pair("general.name", "a"), pair("general.name", "b")))

    assert header.name == "a" and "key given twice: general.name" in header.remarks


def test_bytes_behind_the_last_tensor_are_remarked(look) -> None:
    """Data that no tensor owns may be a payload."""
    header = look(FORMAT, gguf(tensors=(tensor("a", (8,)),), data=32 + 4096))

    assert "4096 bytes follow the last tensor" in header.remarks


def test_a_large_vocabulary_is_read_quickly_and_within_the_budget() -> None:
    """128 k tokens with scores, and 280 k merges: a few MiB read, far below a second of CPU."""
    tokens = b"".join(struct.pack("<Q", 7) + b"token%02d" % (i % 100) for i in range(128_256))
    merges = b"".join(struct.pack("<Q", 5) + b"a bcd" for _ in range(280_147))
    data = gguf(
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", ARRAY, STRING, 128_256) + tokens,
        text("tokenizer.ggml.scores") + struct.pack("<IIQ", ARRAY, 6, 128_256) + bytes(4 * 128_256),
        text("tokenizer.ggml.merges") + struct.pack("<IIQ", ARRAY, STRING, 280_147) + merges,
        pair("general.name", "big"),
        tensors=(tensor("a", (8,)),),
        data=32,
    )
    reader = BytesReader(data)
    started = time.process_time()

    header = FORMAT.read(reader, Glimpse(name="big.gguf", size=len(data), head=data[:4096], tail=data[-4096:]))

    assert header is not None and header.complete and header.name == "big"
    assert reader.spent < HEADER_BUDGET / 4
    assert time.process_time() - started < 2


def test_a_vocabulary_beyond_the_budget_ends_the_reading(look) -> None:
    """A sea of empty strings stops at the budget, as a remark."""
    bomb = text("a") + struct.pack("<IIQ", ARRAY, STRING, 2**24)
    data = gguf(pair("general.name", "early"), bomb)

    header = look(FORMAT, data + bytes(HEADER_BUDGET + 2**20), size=10 * 2**30)

    assert header.name == "early" and not header.complete
    assert "the header is larger than the reading budget" in header.remarks


@pytest.mark.parametrize("data", [b"", b"GGUF", b"GGUF\0\0\0\0", b"GGUFnope", b"GGML\3\0\0\0", b"xGGUF\3\0\0\0"])
def test_other_bytes_are_not_gguf(look, data: bytes) -> None:
    """The magic alone does not make a file a GGUF."""
    assert look(FORMAT, data) is None


def test_a_version_or_a_type_from_the_future_is_told(look) -> None:
    """The reader says what it does not know, and reads what it can."""
    header = look(FORMAT, gguf(pair("general.name", "new"), tensors=(tensor("a", (4,), 500),), data=32, version=4))

    assert (header.name, header.quantization, header.complete) == ("new", "TYPE_500", True)
    assert {"GGUF version 4 is newer than this reader", "tensor type 500 is unknown"} <= set(header.remarks)


def test_a_description_too_long_to_keep_is_passed_over(look) -> None:
    """A megabyte of text is not read, and does not end the reading."""
    header = look(FORMAT, gguf(pair("general.description", "x" * 2**20), pair("general.name", "n")))

    assert header.name == "n" and header.complete


def test_endless_pairs_are_not_kept(look) -> None:
    """Thousands of keys are read to their end and some are kept."""
    header = look(FORMAT, gguf(*(pair(f"general.k{number}", "v") for number in range(5000))))

    assert header.complete
