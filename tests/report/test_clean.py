"""Making strangers' text harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.report.clean import clean, plain

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model", "model"),
        ("a\udcffb", "a\\xffb"),
        ("\ud800", "\\ud800"),
        ("日本語\n\x1b[0m\u202e", "日本語\n\x1b[0m\u202e"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\xe9"),
    ],
)
def test_only_invalid_unicode_is_replaced(text: str, expected: str) -> None:
    """A byte that was no UTF-8 is shown as \\xNN; valid text is left alone."""
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("日本語 é ü", "日本語 é ü"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x00\x07\x7f\x9b", "\\x00\\x07\\x7f\\x9b"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        (
            "\u2066\u2067\u2068\u2069\u200b\u2028\u2029\ufeff",
            "\\u2066\\u2067\\u2068\\u2069\\u200b\\u2028\\u2029\\ufeff",
        ),
        ("\U000e0041", "\\U000e0041"),
        ("\udc9b", "\\x9b"),
        ("e\u0301\u0302\u0303\u0304x", "e\u0301\u0302\\u0303\\u0304x"),
    ],
)
def test_what_moves_or_hides_is_shown(text: str, expected: str) -> None:
    """Control, bidirectional and invisible characters become visible words; letters of all scripts stay."""
    assert plain(text) == expected


@given(ANY_TEXT)
def test_any_text_becomes_valid(text: str) -> None:
    """Whatever it was, clean text can be encoded, and plain text holds nothing that acts on a terminal."""
    clean(text).encode("utf-8")

    shown = plain(text)

    shown.encode("utf-8")
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert plain(shown) == shown
