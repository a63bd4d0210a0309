"""Skipping patterns that cannot match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.identify.patterns import required, search
from aiguard_agent.signatures.load import bundled

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
