"""Shell patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.inventory.globs import fault, fits, is_exact, literal, unliteral


@given(st.text())
def test_a_literal_covers_its_own_text(text: str) -> None:
    """Whatever a path holds, the pattern written for it covers it and is a sound pattern."""
    assert not text or fits(literal(text), text)
    assert fault(literal(text)) == ""


@given(st.text(alphabet="ab*?[]!-", max_size=8), st.text(alphabet="ab*?[]!-", max_size=8))
def test_a_literal_covers_nothing_else(one: str, other: str) -> None:
    """A star in a file name approves no other file."""
    assert fits(literal(one), other) == (one == other and bool(one))
    assert unliteral(literal(one)) == one


def test_a_byte_that_is_no_utf8_is_covered_by_a_question_mark() -> None:
    """A path with a raw byte in it can still be written into YAML."""
    path = "/models/caf\udce9.gguf"

    assert literal(path) == "/models/caf?.gguf"
    assert fits(literal(path), path)


def test_an_empty_text_is_never_covered() -> None:
    """A server without a unit does not match `unit: "*"`: nothing is not anything."""
    assert not fits("*", "")
    assert fits("*", "", "x")


def test_a_star_crosses_slashes_and_case_matters() -> None:
    """`/models/*` covers what lies deeper; `Llama` is not `llama`."""
    assert fits("/models/*", "/models/a/b.gguf")
    assert not fits("llama*", "Llama-3")


@pytest.mark.parametrize("pattern", ["[a", "x[", "a[]", "[!]", "[a]b[c"])
def test_an_open_bracket_is_a_fault(pattern: str) -> None:
    """A bracket that is never closed would silently mean itself."""
    assert "never closed" in fault(pattern)


@pytest.mark.parametrize("pattern", ["[ab]", "[!a]", "[]]", "[!]]", "a]", "*", "[[]", ""])
def test_a_closed_bracket_is_fine(pattern: str) -> None:
    """A `]` right behind `[` is a member, as shells read it."""
    assert fault(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "expected"), [("llama", True), ("a[*]b", True), ("a*", False), ("[ab]", False), ("a?", False)]
)
def test_exact_patterns_are_told_from_open_ones(pattern: str, expected: bool) -> None:
    """Only a pattern without any free place is exact."""
    assert is_exact(pattern) is expected
