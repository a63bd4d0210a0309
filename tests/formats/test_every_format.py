"""The laws of all formats, tried on any bytes, on damaged files of real libraries and on files full of holes."""

import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.plugins import discover
from aiguard_agent.core.reader import HEADER_BUDGET, BytesReader, Reader
from aiguard_agent.errors import BudgetExceeded
from aiguard_agent.identify import formats
from aiguard_agent.identify.format import HEAD, TAIL, Format, Glimpse

FORMATS = tuple(sorted(discover(formats, "FORMAT", Format), key=lambda form: (form.order, form.name)))
FILES = Path(__file__).parent / "files"
EXAMPLES = sorted(path for path in FILES.rglob("*") if path.is_file() and path.suffix not in (".md", ".py"))
NAMES = ("file", "model.safetensors", "model.h5", "x.engine", "model.index.json", "_metadata", "config.json", "a.pkl")
STARTS = (
    b"",
    b"GGUF\x03\0\0\0",
    b"GGUF\0\0\0\x03",
    b"\x40\0\0\0\0\0\0\0{",
    b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0",
    b"\x89HDF\r\n\x1a\n\x02\x08\x08\0",
    b"\x10\0\0\0TFL3",
    b"\x10\0\0\0ORTM",
    b"\x08\x08\x3a",
    b"\x08\x01\x12",
    b"PK\x03\x04",
    b"MZ",
    b"tjgg\x03\0\0\0",
    b"lmgg\x03\0\0\0",
    b"\x0c\xdb\x3a\x2a",
    b"ftrt",
    b"\x81\xa1a\xc7",
    b'<net name="a" version="1">',
    b"\x80\x02",
    b"\x80\x04\x95",
    b"\x93NUMPY\x01\0",
    b"CBM1",
    b"{L",
    b'{"learner"',
    b'{"weight_map":',
    b'{"tree_metadata":',
    b'{"architectures":',
    b"tree\nversion=v4\n",
    b"\x1f\x8b\x08",
    b"\x78\x9c",
)
"""Beginnings that lead into each format's reader; any bytes follow."""
ENDS = (b"", b"PK\x05\x06" + bytes(18), (0xDB4775248B80FB57).to_bytes(8, "little"))


def glimpse(data: bytes, *, name: str = "file", size: int | None = None) -> Glimpse:
    total = len(data) if size is None else size
    tail = data[max(0, total - TAIL) :]
    return Glimpse(name=name, size=total, head=data[:HEAD], tail=tail)


def look(form: Format, reader: Reader, seen: Glimpse) -> ModelHeader | None:
    """Sniff and read, and hold the result against what every format promises."""
    sniffed = form.sniff(seen)
    assert sniffed in (True, False), form.name
    try:
        header = form.read(reader, seen)
    except BudgetExceeded:
        header = None
    assert header is None or (header.format == form.name and header.format), form.name
    assert reader.spent <= HEADER_BUDGET, form.name
    if header is not None:
        assert header.complete or header.remarks, f"{form.name}: not complete, and no remark says why"
        assert header.parameters is None or 0 <= header.parameters < 1 << 68, form.name
        texts = (header.name, header.architecture, header.author, header.license, *header.remarks, *header.links)
        for text in (*texts, *(part for pair in header.extra for part in pair)):
            text.encode()
            assert len(text) <= 4096, form.name
        assert re.fullmatch(r"([0-9a-f]{64})?", header.fingerprint), form.name
    return header


def look_at_all(data: bytes, *, name: str = "file", size: int | None = None) -> list[ModelHeader]:
    seen = glimpse(data, name=name, size=size)
    headers = [look(form, BytesReader(data, size=size), seen) for form in FORMATS]
    return [header for header in headers if header is not None]


def test_formats_are_described() -> None:
    """Each has a name of its own, words for people, endings with a dot, and a source."""
    assert len(FORMATS) > 25
    assert len({form.name for form in FORMATS}) == len(FORMATS)
    for form in FORMATS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", form.name)
        assert form.title and form.source.startswith("https://"), form.name
        assert 10 <= form.order < 60, form.name
        assert all(re.fullmatch(r"\.[a-z0-9._-]+", ending) for ending in form.extensions), form.name


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.parent == FILES], ids=lambda path: path.name)
def test_the_first_format_that_reads_a_real_file_is_the_right_one(path: Path) -> None:
    """In the order in which they are tried, no other format takes a file before its own; its name is not needed."""
    data = path.read_bytes()
    named = max((f.name for f in FORMATS if path.name.startswith(f"{f.name}-")), key=len)
    name = "model.h5" if path.suffix == ".h5" else "file"
    seen = glimpse(data, name=name)

    first = next((f for f in FORMATS if f.sniff(seen) and look(f, BytesReader(data), seen) is not None), None)

    assert first is not None and first.name == named


@pytest.mark.parametrize("name", ["ggml", "gguf", "hdf5", "keras-h5", "openvino", "ort", "tflite", "onnx", "llamafile"])
def test_reading_decides_finally(name: str) -> None:
    """Bytes of something else give none, also when nobody sniffed first."""
    form = next(form for form in FORMATS if form.name == name)
    for data in (b"", b"PK\x03\x04" + bytes(100), b"<html></html>", bytes(5000)):
        assert form.read(BytesReader(data), glimpse(data)) is None


@given(
    start=st.sampled_from(STARTS), body=st.binary(max_size=400), end=st.sampled_from(ENDS), name=st.sampled_from(NAMES)
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_give_a_header_or_none(start: bytes, body: bytes, end: bytes, name: str) -> None:
    """No bytes make a format raise anything but BudgetExceeded."""
    look_at_all(start + body + end, name=name)


@given(
    path=st.sampled_from(EXAMPLES),
    wounds=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=9)), min_size=1, max_size=4),
    name=st.sampled_from(NAMES),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_real_files_give_a_header_or_none(path: Path, wounds: list[tuple[int, bytes]], name: str) -> None:
    """Bytes overwritten anywhere in a real file are no exception."""
    data = bytearray(path.read_bytes())
    for place, wound in wounds:
        at = place % len(data)
        data[at : at + len(wound)] = wound

    look_at_all(bytes(data), name=name)


@given(path=st.sampled_from(EXAMPLES), cut=st.integers(0, 1 << 20), name=st.sampled_from(NAMES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_real_files_cut_anywhere_give_a_header_or_none(path: Path, cut: int, name: str) -> None:
    """A file may end anywhere, also while it says that it is larger."""
    data = path.read_bytes()
    part = data[: cut % len(data)]

    look_at_all(part, name=name)
    look_at_all(part, name=name, size=len(data))


@pytest.mark.parametrize(
    "path",
    [path for path in EXAMPLES if path.stat().st_size < 2048],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_every_prefix_of_a_small_real_file(path: Path) -> None:
    """Each length of a tiny file, and many of a small one, are tried with the formats that know the whole one."""
    data = path.read_bytes()
    seen = glimpse(data)
    knowing = [form for form in FORMATS if form.sniff(seen)]

    for length in range(0, len(data), 1 if len(data) < 400 else 17):
        for form in knowing:
            look(form, BytesReader(data[:length]), glimpse(data[:length]))


class FileReader:
    """A Reader over a file on disk, which may be mostly holes."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.size = os.fstat(handle).st_size
        self.spent = 0

    def read_at(self, offset: int, length: int) -> bytes:
        if self.spent + min(length, max(0, self.size - offset)) > HEADER_BUDGET:
            raise BudgetExceeded("budget is spent")
        chunk = os.pread(self._handle, length, offset) if offset < self.size else b""
        self.spent += len(chunk)
        return chunk


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start[:8].hex() or "nothing")
def test_ten_gigabytes_of_holes_end_within_the_budget(tmp_path: Path, start: bytes) -> None:
    """A sparse file behind any beginning costs the budget at most, and seconds at most."""
    path = tmp_path / "sparse"
    path.write_bytes(start)
    os.truncate(path, 10 * 2**30)
    handle = os.open(path, os.O_RDONLY)
    started = time.process_time()
    try:
        seen = Glimpse(name="sparse", size=10 * 2**30, head=os.pread(handle, HEAD, 0), tail=bytes(TAIL))
        sniffing = [form for form in FORMATS if form.sniff(seen)]
        for form in sniffing:
            look(form, FileReader(handle), seen)
    finally:
        os.close(handle)

    assert time.process_time() - started < 10


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_real_head_on_ten_gigabytes_of_holes(tmp_path: Path, path: Path) -> None:
    """A real header followed by holes is read like a header: within the budget, in little time."""
    sparse = tmp_path / "sparse"
    sparse.write_bytes(path.read_bytes())
    os.truncate(sparse, 10 * 2**30)
    handle = os.open(sparse, os.O_RDONLY)
    started = time.process_time()
    try:
        seen = Glimpse(name=path.name, size=10 * 2**30, head=os.pread(handle, HEAD, 0), tail=bytes(TAIL))
        for form in FORMATS:
            if form.sniff(seen):
                look(form, FileReader(handle), seen)
    finally:
        os.close(handle)

    assert time.process_time() - started < 10
