"""Skipping patterns that cannot match."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.identify.entry import LINE, line_of
from aiguard_agent.identify.patterns import pieces, required, search
from aiguard_agent.signatures.load import bundled
from aiguard_agent.signatures.slowness import patterns_of

PATTERNS = sorted({p for s in bundled() for p in (*s.process.cmdline, *s.process.unless)})


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        (r"\bvllm\s+serve\b", "serve"),
        (r"-m\s+vllm\.entrypoints\.", "vllm.entrypoints."),
        (r"\btext-generation-(launcher|router)\b", "text-generation-"),
        (r"koboldcpp(\.py)?\b", "koboldcpp"),
        (r"LM.?Studio", "Studio"),
        (r"abcd?", "abc"),
        (r"ab?", ""),
        (r"foo|bar", ""),
        (r"(?i)foo", ""),
        (r"(foo)?", ""),
        (r"[foo]+", ""),
        (r"longer{2,3}x", "longe"),
        (r"", ""),
    ],
)
def test_required(pattern: str, literal: str) -> None:
    """Only what every match must contain is required."""
    assert required(pattern) == literal


@given(st.data())
def test_skipping_changes_nothing(data: st.DataObject) -> None:
    """On strings made from a bundled pattern, search finds what re.search finds."""
    pattern = data.draw(st.sampled_from(PATTERNS))
    text = data.draw(st.from_regex(pattern) | st.text(max_size=20))

    assert bool(search(pattern, text)) == bool(re.search(pattern, text))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"a.*b.*?c", ["a", "b", "c"]),
        (r"\ba\b.*\s(-b|-c)\b", [r"\ba\b", r"\s(-b|-c)\b"]),
        (r"a(.*)b", [r"a(.*)b"]),
        (r"a.*b|c", [r"a.*b|c"]),
        (r"(?i)a.*b", [r"(?i)a.*b"]),
        (r"a\.*b", [r"a\.*b"]),
        (r"a[.*]b.+c", [r"a[.*]b.+c"]),
        (r".*", [""]),
        (r"a.*", ["a"]),
    ],
)
def test_pieces(pattern: str, expected: list[str]) -> None:
    """A pattern is cut at `.*`, and at nothing that only looks like it."""
    assert pieces(pattern) == expected


def test_what_is_found_is_told_from_beginning_to_end() -> None:
    """The whole reaches from the first piece to the last, the value is the first group's."""
    found = search(r"b.*v(\d+).*e", "a b x v12 d e f")

    assert found is not None
    assert (found.whole, found.value) == ("b x v12 d e", "12")


def test_a_word_edge_is_seen_across_a_cut() -> None:
    """What lies before a cut still decides whether a word begins behind it."""
    assert search(r"ab.*\bcd", "abcd") is None
    assert search(r"ab.*\bcd", "ab cd") is not None


EVERY = sorted({pattern for signature in bundled() for pattern in patterns_of(signature)})
FILLERS = (" ", "a", "/", "-", "--a ", "0.", "\n", "a/", " -")


def hostile_lines(pattern: str) -> list[str]:
    """Return long texts that nearly match: the pattern's own words over and over, and what its classes eat."""
    words = re.findall(r"[A-Za-z0-9_/.=-]+(?: [A-Za-z0-9_/.=-]+)*", re.sub(r"\\[wWdDsSbB]", " ", pattern))
    joined = " ".join(words)
    beginnings = ("", joined + " ", joined, *(f" {word} " for word in words[:3]))
    fillers = (*FILLERS, *words[:4], *(f"{word} " for word in words[:4]), f"{joined} ", f"{joined[:-1]} ")
    made = [
        (first + filler * (LINE // max(1, len(filler)) + 1))[: LINE - 1] + "\x01"
        for first in beginnings
        for filler in fillers
    ]
    return [text for text in made if required(pattern) in text]


def test_no_bundled_pattern_can_be_kept_busy() -> None:
    """Over 8 KiB of almost-matches every pattern is done in milliseconds; a second would mean a power of the length.

    The bound is a hundred times what the worst needs, so that a busy machine does not decide.
    """
    slowest: tuple[float, str] = (0.0, "")
    for pattern in EVERY:
        for text in hostile_lines(pattern):
            for line in (text[: LINE // 4], line_of(tuple(text.split(" "))), line_of((text,))):
                before = time.thread_time()
                search(pattern, line)
                slowest = max(slowest, (time.thread_time() - before, pattern))

    assert slowest[0] < 1.0, slowest
