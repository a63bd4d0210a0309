"""The header in the making."""

import pytest

from aiguard_agent.errors import BudgetExceeded
from aiguard_agent.identify.draft import MOST_ELEMENTS, MOST_EXTRA, MOST_REMARKS, Draft, label, words
from aiguard_agent.identify.fingerprint import fingerprint


@pytest.mark.parametrize(
    "error",
    [EOFError(), ValueError("odd"), BudgetExceeded("spent"), RecursionError(), OSError(5, "Input/output error")],
)
def test_what_ends_the_reading_becomes_a_remark(error: Exception) -> None:
    """What was understood before stays; the fingerprint of half a tensor list is not told."""
    draft = Draft(format="x", name="early")
    with draft.reading():
        draft.add("a", "F32", (2,))
        raise error

    header = draft.header()

    assert (header.name, header.complete, header.fingerprint) == ("early", False, "")
    assert len(header.remarks) == 1


def test_missing_data_keeps_the_fingerprint() -> None:
    """A whole header of a file that was cut in its data is still recognisable."""
    draft = Draft(format="x")
    draft.add("a", "F32", (2,))
    draft.cut("data is missing")

    assert draft.header().fingerprint == fingerprint([("a", "F32", (2,))])
    assert not draft.header().complete


@pytest.mark.parametrize("shape", [(-1,), (MOST_ELEMENTS, 2), (1,) * 33])
def test_forged_shapes_are_refused(shape: tuple[int, ...]) -> None:
    """No tensor has such dimensions."""
    with pytest.raises(ValueError, match="dimensions"):
        Draft(format="x").add("a", "F32", shape)


def test_a_draft_is_bounded() -> None:
    """However much a file has to say, the header stays small."""
    draft = Draft(format="x")
    for number in range(1000):
        draft.remark(f"remark {number}")
        draft.tell(f"key {number}", "v" * 10_000)

    header = draft.header()

    assert len(header.remarks) == MOST_REMARKS
    assert len(header.extra) == MOST_EXTRA
    assert max(len(value) for _, value in header.extra) == 300


def test_the_dominant_type_goes_by_elements() -> None:
    """One large tensor outweighs many small ones; a draft without tensors has none."""
    draft = Draft(format="x")
    assert draft.dominant() == ""
    for number in range(5):
        draft.add(f"norm{number}", "F32", (8,))
    draft.add("weight", "BF16", (64, 64))

    assert draft.dominant() == "BF16"


def test_words_are_always_valid_text() -> None:
    """Bytes and lone surrogates become something that can be encoded; labels keep undecodable names apart."""
    for raw in (b"\xff\xfe\x00", "\udcff", b" ok "):
        words(raw).encode()
    assert words(b" ok ") == "ok"
    assert label(b"\xff") != label(b"\xfe")
