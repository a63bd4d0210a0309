"""JSON of hostile files."""

import msgspec
import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.jsontext import MOST_JSON, decode, decode_part
from aiguard_agent.identify.window import Window


class Named(msgspec.Struct):
    name: str


@pytest.mark.parametrize("raw", [b"", b"\xff", b"{", b"[]", b'{"name": 1}', b'{"name":"\xff"}', b"[" * 1_000_000])
def test_anything_else_is_one_kind_of_error(raw: bytes) -> None:
    """Broken, mistyped, undecodable and bottomless documents are all a ValueError."""
    with pytest.raises(ValueError, match=r"JSON"):
        decode(raw, Named)


def test_depth_inside_a_skipped_member_is_an_error_too() -> None:
    """A member nobody asked for cannot exhaust the stack."""
    with pytest.raises(ValueError, match="JSON"):
        decode(b'{"x":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b',"name":"a"}', Named)


def test_what_was_asked_for_comes_back() -> None:
    """Other members are ignored."""
    assert decode(b'{"other":[1,2],"name":"a"}', Named) == Named(name="a")


def test_too_long_a_document_is_refused_unread() -> None:
    """The length is checked before a byte is fetched."""
    reader = BytesReader(b"{}", size=MOST_JSON * 4)

    with pytest.raises(ValueError, match="more than is read"):
        decode_part(Window(reader), 0, MOST_JSON + 1, Named)

    assert reader.spent == 0
    with pytest.raises(ValueError, match="more than is read"):
        decode(b" " * (MOST_JSON + 1), Named)
