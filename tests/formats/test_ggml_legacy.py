"""GGML files before GGUF. Nothing writes them any more: the bytes follow the layouts that llama.cpp documented."""

import struct

import pytest

from aiguard_agent.identify.formats.ggml_legacy import FORMAT

WIDTH, HEADS, BLOCKS = 64, 4, 2


def numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def tensor(name: str, shape: tuple[int, ...], kind: int, data: int, *, at: int = 0, align: bool = False) -> bytes:
    head = numbers(len(shape), len(name), kind, *shape) + name.encode()
    return head + bytes(-(at + len(head)) % 32 if align else 0) + bytes(data)


def llama(magic: bytes = b"tjgg", version: int | None = 3, file_type: int = 2, block: int = 18) -> bytes:
    words = [b"a", b"bc", b""]
    data = magic + (numbers(version) if version is not None else b"")
    data += numbers(len(words), WIDTH, 256, HEADS, BLOCKS, WIDTH // HEADS, file_type)
    for word in words:
        data += numbers(len(word)) + word + (b"" if version is None else struct.pack("<f", 0.5))
    align = magic == b"tjgg"
    data += tensor("norm.weight", (WIDTH,), 0, 4 * WIDTH, at=len(data), align=align)
    return data + tensor("output.weight", (WIDTH, 2), 2, 4 * block, at=len(data), align=align)


def whisper() -> bytes:
    data = b"lmgg" + numbers(3, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1) + numbers(2, 3) + bytes(24)
    data += numbers(3) + b"".join(numbers(len(word)) + word for word in (b"a", b"bb", b""))
    return data + tensor("encoder.weight", (4, 8), 1, 64)


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (llama(), "ggjt"),
        (llama(version=1, block=20), "ggjt"),
        (llama(version=2, block=20), "ggjt"),
        (llama(b"fmgg", 1, block=20), "ggmf"),
        (llama(b"lmgg", None, block=20), "ggml"),
    ],
)
def test_a_llama_tells_what_it_is(look, data: bytes, container: str) -> None:
    """All containers of LLaMA models give quantisation and tensors, whatever the blocks' size was then."""
    header = look(FORMAT, data)

    assert (header.architecture, header.quantization) == ("llama", "Q4_0")
    assert header.parameters == WIDTH + 2 * WIDTH
    assert header.complete and not header.remarks and not header.runs_code
    assert dict(header.extra)["container"] == container


def test_a_whisper_tells_what_it_is(look) -> None:
    """Models of whisper.cpp have their own parameters, filters and words."""
    header = look(FORMAT, whisper())

    assert (header.architecture, header.quantization, header.parameters) == ("whisper", "F16", 32)
    assert header.complete


def test_an_adapter_is_called_one(look) -> None:
    """LoRA files have no vocabulary."""
    header = look(FORMAT, b"algg" + numbers(1, 8, 16) + tensor("a.loraA", (8, 4), 0, 128))

    assert (header.role, header.parameters, header.complete) == ("adapter", 32, True)


@pytest.mark.parametrize("cut", [6, 20, 50, 90, 150, 400])
def test_a_cut_file_is_not_complete(look, cut: int) -> None:
    """Wherever it ends early, it is told."""
    header = look(FORMAT, llama()[:cut]) if cut > 8 else None

    assert header is None or not header.complete


BROKEN = {
    "vocabulary": b"tjgg" + numbers(3, 2**31, WIDTH, 256, HEADS, BLOCKS, WIDTH // HEADS, 2) + bytes(100),
    "another program": b"lmgg" + numbers(50257, 1024, 768, 12, 12, 1) + bytes(100),
    "dimensions": llama() + numbers(5, 1, 0) + bytes(50),
    "name": llama() + numbers(1, 2**31, 0, 1),
    "type": llama() + numbers(1, 1, 99, 1) + b"a",
    "data": llama() + numbers(1, 1, 0, 2**31) + b"a",
    "product": llama() + numbers(4, 1, 0, 2**31, 2**31, 2**31, 2**31) + b"a",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_forged_file_is_not_complete(look, case: str) -> None:
    """A file of that magic stays one, with a remark."""
    header = look(FORMAT, BROKEN[case])

    assert header.format == "ggml" and not header.complete and header.remarks


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"tjgg",
        b"ggml" + bytes(50),
        b"tjgg" + numbers(9),
        b"fmgg" + numbers(2),
        b"lmgg" + numbers(0),
        b"GGUF\3\0\0\0",
    ],
)
def test_other_bytes_are_not_ggml(look, data: bytes) -> None:
    """The magic needs a version that existed, or a vocabulary of a possible size."""
    assert look(FORMAT, data) is None
