"""Pickles."""

import gzip
import pickle
import time

import pytest

from aiguard_agent.identify.formats.pickle import FORMAT
from aiguard_agent.identify.formats.torch_legacy import FORMAT as LEGACY

REAL = [f"sklearn/protocol{n}.pkl" for n in range(6)] + ["sklearn/pickle.pkl.gz"]


@pytest.mark.parametrize("name", REAL)
def test_a_pipeline_is_named_in_every_protocol(look, example, name: str) -> None:
    """Class and libraries are read, whatever the protocol and without help of the name."""
    header = look(FORMAT, example(name))

    assert (header.architecture, header.runs_code, header.complete) == ("Pipeline", True, True)
    assert dict(header.extra)["libraries"] == "sklearn, numpy"
    assert "sklearn.linear_model._logistic.LogisticRegression" in dict(header.extra)["imports"]


@pytest.mark.parametrize("kind", ["dill", "cloudpickle"])
def test_pickled_functions_are_flagged_by_their_library(look, example, kind: str) -> None:
    """dill and cloudpickle show in what is imported."""
    assert dict(look(FORMAT, example(f"sklearn/function.{kind}")).extra)["libraries"] == kind


def test_plain_data_is_a_pickle_too(look) -> None:
    """A pickle that imports nothing still is one: its ending is what loads."""
    header = look(FORMAT, pickle.dumps({"a": [1, 2]}, 4))

    assert header.format == "pickle" and "imports" not in dict(header.extra)


@pytest.mark.parametrize(
    "text",
    [
        b"(this is a note\nabout nothing\n.",
        b"import os\nprint('cos')\n",
        b"Stop here.\n'quoted'\n.\n",
        b"tree\nversion=v4\nnum_class=1\n",
        b"I am 42\n.",
        b"name,value\nc,1\n",
        b"} else {\nc\n",
        b"[section]\nkey=value\n.",
        b"cat\nsat\n.",
        b"VERSION 5\nc d\n.",
        b"(lp0\nVa\np1\na.",
        b"",
    ],
)
def test_plain_text_is_none(look, text: bytes) -> None:
    """Text often starts with opcodes that are valid by chance."""
    assert look(FORMAT, text) is None


def test_an_old_protocol_without_imports_is_told_by_its_name(look) -> None:
    """The name tips the scales only among weak grounds."""
    data = pickle.dumps(["a", "b"], 0)

    assert look(FORMAT, data) is None
    assert look(FORMAT, data, name="words.pkl").format == "pickle"
    assert look(FORMAT, b"just a text file\n", name="notes.pkl") is None


@pytest.mark.parametrize(
    ("data", "imports"),
    [
        (b"cos\nsystem\n(S'id'\ntR.", "os.system"),
        (b"(S'id'\nios\nsystem\n.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R\xff", "os.system"),
    ],
)
def test_an_attack_is_a_pickle(look, data: bytes, imports: str) -> None:
    """Old protocol, hidden call or a stream that breaks behind its payload."""
    assert dict(look(FORMAT, data).extra)["imports"] == imports


def test_a_broken_stream_is_not_complete(look) -> None:
    """The reason is told."""
    header = look(FORMAT, b"\x80\x04cos\nsystem\n\xff")

    assert not header.complete
    assert header.remarks == ("pickle broken after 2 opcodes: unknown opcode 0xff",)


def test_random_bytes_behind_the_mark_are_none(look) -> None:
    """The protocol mark alone is two bytes of luck."""
    assert look(FORMAT, b"\x80\x04\xfe\xfe\xfe\xfe") is None


def test_other_compressed_files_are_none(look) -> None:
    """A compressed log is no pickle, nor is a compressed old protocol worth the guess."""
    assert look(FORMAT, gzip.compress(b"hello world" * 10)) is None
    assert look(FORMAT, gzip.compress(pickle.dumps("x", 0))) is None


def test_lz4_is_not_seen(look) -> None:
    """Its inside needs a library: only a name makes it a pickle, and never a complete one."""
    data = b"\x04\x22\x4d\x18" + bytes(30)

    assert look(FORMAT, data) is None
    assert not look(FORMAT, data, name="m.pkl.lz4").complete


def test_a_compressed_bomb_is_a_limit(look) -> None:
    """A pickle of 30 MB inside some kilobytes is read to our bound and not further."""
    header = look(FORMAT, gzip.compress(pickle.dumps([0] * 10 + [bytes(30_000_000), 1], 4)))

    assert not header.complete
    assert "only the first" in header.remarks[0]


def test_a_bomb_of_opcodes_is_a_limit(look) -> None:
    """Three million opcodes end at the bound in bounded time."""
    started = time.process_time()

    header = look(FORMAT, b"\x80\x04" + b"N0" * 1_500_000 + b"N.")

    assert not header.complete
    assert time.process_time() - started < 10


def test_a_legacy_checkpoint_would_be_a_pickle(look, example) -> None:
    """Its first stream is one, which is why its own format comes first."""
    assert look(FORMAT, example("torch/legacy.pth")) is not None
    assert LEGACY.order < FORMAT.order


@pytest.mark.parametrize("name", REAL)
def test_every_prefix_is_survived(look, example, name: str) -> None:
    """A file cut anywhere gives None or a header that is not complete."""
    data = example(name)
    trailer = 8 if name.endswith(".gz") else 0

    for end in range(0, len(data) - trailer, 5):
        header = look(FORMAT, data[:end])
        assert header is None or not header.complete
