"""List tars without trusting them."""

import io
import tarfile

from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.tarlist import MAX_MEMBERS, list_tar, looks_like_tar


def make(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def test_members_are_listed() -> None:
    """Names, sizes and places, in both usual layouts; a leading ./ is dropped."""
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        data = make({"./a.yaml": b"x: 1", "deep/" * 25 + "b": b"y" * 600}, form)

        listing = list_tar(BytesReader(data))

        first = listing.members[0]
        assert listing.complete
        assert (first.name, data[first.offset : first.offset + first.size]) == ("a.yaml", b"x: 1")
        assert listing.members[-1].size == 600


def test_the_word_alone_is_no_tar() -> None:
    """`ustar` in the right place of other bytes is not enough."""
    assert not looks_like_tar(bytes(257) + b"ustar" + bytes(250))
    assert looks_like_tar(make({"a": b""})[:512])


def test_the_number_of_members_is_bounded() -> None:
    """More members than are listed make the listing incomplete."""
    listing = list_tar(BytesReader(make({str(n): b"" for n in range(MAX_MEMBERS + 1)})))

    assert (len(listing.members), listing.complete) == (MAX_MEMBERS, False)


def test_a_forged_size_ends_the_walk() -> None:
    """A member of 2^80 bytes is listed once and leads nowhere."""
    data = bytearray(make({"a": b"", "b": b""}))
    data[124:136] = b"\x80" + (1 << 80).to_bytes(11, "big")
    total = sum(data[:148]) + 8 * 32 + sum(data[156:512])
    data[148:156] = f"{total:06o}\0 ".encode()

    listing = list_tar(BytesReader(bytes(data)))

    assert [member.name for member in listing.members] == ["a"]


@given(st.binary(max_size=600), st.integers(0, 1023), st.integers(0, 255))
@settings(max_examples=80)
def test_any_bytes_are_survived(noise: bytes, at: int, value: int) -> None:
    """Neither noise nor a flipped byte raises."""
    data = bytearray(make({"a": b"12", "b": b""}))
    data[at] = value

    for content in (noise, bytes(data), bytes(data[: at + 1])):
        assert len(list_tar(BytesReader(content)).members) <= 2
