"""NumPy headers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.identify.npy_header import MAGIC, Array, read_array


def make(text: str, version: int = 1) -> bytes:
    raw = text.encode("latin-1")
    return MAGIC + bytes([version, 0]) + len(raw).to_bytes(2 if version == 1 else 4, "little") + raw


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", Array("F32", (3, 4), False)),
        ("{'descr': '>i8', 'fortran_order': True, 'shape': (2L,), }", Array("I64", (2,), False)),
        ("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", Array("BOOL", (), False)),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", Array("|O", (1,), True)),
        ("{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }", Array("<U5", (1,), False)),
    ],
)
def test_type_and_shape_are_read(text: str, expected: Array) -> None:
    """Every kind of type in every version of the layout."""
    for version in (1, 2, 3):
        assert read_array(make(text, version)) == expected


def test_an_object_field_is_found() -> None:
    """A structured type with one field of objects unpickles as well."""
    array = read_array(make("{'descr': [('a', '<i4'), ('b', '|O')], 'fortran_order': False, 'shape': (2,), }"))

    assert array is not None and array.holds_objects


def test_a_field_named_o_is_no_object() -> None:
    """The name of a field says nothing."""
    array = read_array(make("{'descr': [('b', '<i4')], 'fortran_order': False, 'shape': (2,), }"))

    assert array is not None and not array.holds_objects


@pytest.mark.parametrize("data", [b"", MAGIC, MAGIC + b"\x09\x00\x00\x00x", make("{'shape': (1,)}"), make("[]")])
def test_other_bytes_are_none(data: bytes) -> None:
    """The magic alone is no header."""
    assert read_array(data) is None


@given(st.binary(max_size=120))
@settings(max_examples=80)
def test_any_bytes_are_survived(noise: bytes) -> None:
    """Noise behind the magic does not raise."""
    array = read_array(MAGIC + b"\x01\x00\x78\x00" + noise)

    assert array is None or array.shape is not None
