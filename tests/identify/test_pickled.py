"""A scan in words."""

import gzip
import pickle

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.pickle_values import Ended, Global, Made, Scan
from aiguard_agent.identify.pickled import (
    MAX_CLASSES,
    describe,
    identifiers,
    is_marked,
    libraries,
    outer_class,
    scan_compressed,
)


def test_libraries_come_most_telling_first() -> None:
    """The plumbing of numpy stands behind what the model was made with."""
    found = [
        Global("numpy", "dtype"),
        Global("sklearn.svm", "SVC"),
        Global("joblib.numpy_pickle", "X"),
        Global("os", "x"),
    ]

    assert libraries(found) == ("sklearn", "joblib", "numpy")
    assert libraries([Global("sklearnish", "X")]) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Made(Global("sklearn.svm", "SVC")), "SVC"),
        (Made(Global("copy_reg", "_reconstructor"), (Global("m", "Net"), Global("builtins", "object"), None)), "Net"),
        (Made(Global("collections", "OrderedDict")), ""),
        (Made(Global("m", "function")), ""),
        (Made("x"), ""),
        ({"a": 1}, ""),
    ],
)
def test_the_outermost_class_is_named(value: object, expected: str) -> None:
    """Only a class names an architecture, not a container or a function."""
    assert outer_class(value) == expected


def test_stray_bytes_are_no_identifiers() -> None:
    """Names with blanks, dots in a row or nothing at all are not Python's."""
    odd = [Global("", "x"), Global("a b", "c"), Global("a..b", "c"), Global("a", "1")]

    assert identifiers([*odd, Global("a.b", "c.d")]) == (Global("a.b", "c.d"),)


@pytest.mark.parametrize("head", [b"", b"\x80", b"\x80\x01.", b"\x80\x06.", b"(lp0"])
def test_only_protocols_two_to_five_have_a_mark(head: bytes) -> None:
    """The mark is 0x80 and a protocol that exists."""
    assert not is_marked(head)
    assert is_marked(pickle.dumps(1, 4))


def test_oddities_are_told() -> None:
    """Computed names, registry numbers and an early end each have a remark."""
    draft = Draft(format="x")
    names = tuple(Global("m", f"N{n}") for n in range(MAX_CLASSES + 2))

    describe(Scan(ended=Ended.BROKEN, why="memo", opcodes=3, globals=names, dynamic=True, extensions=True), draft)

    assert draft.remarks == [
        "imports something whose name is computed while loading",
        "imports something by a number of the copyreg registry",
        "pickle broken after 3 opcodes: memo",
    ]
    assert draft.extra["imports more"] == "2"
    assert not draft.complete


def test_a_compressed_pickle_is_scanned() -> None:
    """One layer is undone; something else inside is nothing."""
    found = scan_compressed(BytesReader(gzip.compress(pickle.dumps({"a": 1}, 4))), "gzip")

    assert found is not None and found.ended is Ended.STOP
    assert scan_compressed(BytesReader(gzip.compress(b"hello")), "gzip") is None
