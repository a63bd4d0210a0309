"""joblib dumps."""

import pickle
import zlib

import pytest

from aiguard_agent.identify.formats.joblib_dump import FORMAT

CODECS = ["plain", "zlib", "gzip", "bz2", "xz", "lzma"]


@pytest.mark.parametrize("codec", CODECS)
def test_a_dump_is_walked_over_its_arrays(look, example, codec: str) -> None:
    """Arrays between the opcodes do not stop the walk, bare or compressed by any of joblib's codecs."""
    header = look(FORMAT, example(f"sklearn/{codec}.joblib"))

    assert (header.format, header.architecture) == ("joblib", "Pipeline")
    assert header.complete and header.runs_code and not header.remarks
    assert dict(header.extra)["libraries"] == "sklearn, joblib, numpy"


def test_lz4_is_named_and_not_complete(look, example) -> None:
    """lz4 needs a library we do not bring: the name makes it a dump, and the inside was not seen."""
    data = example("sklearn/lz4.joblib")

    header = look(FORMAT, data, name="m.joblib")

    assert (header.format, header.complete) == ("joblib", False)
    assert look(FORMAT, data) is None


def test_a_dump_without_arrays_is_told_by_its_name(look) -> None:
    """Then it is an ordinary pickle."""
    data = pickle.dumps({"a": 1}, 4)

    assert look(FORMAT, data, name="m.joblib").format == "joblib"
    assert look(FORMAT, data) is None


def test_a_pickle_that_only_speaks_of_joblib_is_none(look) -> None:
    """The words in a text are no import."""
    assert look(FORMAT, pickle.dumps("joblib.numpy_pickle", 4)) is None


def test_other_compressed_files_are_none(look) -> None:
    """A compressed text, or a name without a pickle behind it."""
    assert look(FORMAT, zlib.compress(b"hello" * 20)) is None
    assert look(FORMAT, b"hello", name="m.joblib") is None


@pytest.mark.parametrize("codec", CODECS)
def test_every_prefix_is_survived(look, example, codec: str) -> None:
    """A file cut anywhere gives None or a header that is not complete."""
    data = example(f"sklearn/{codec}.joblib")
    trailer = 80  # checksums and the index of xz: without them all of the inside is still there

    for end in range(0, len(data) - trailer, 11):
        header = look(FORMAT, data[:end], name="m.joblib")
        assert header is None or not header.complete
