"""The report for people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from report_examples import ALL, BUSY, EVIL, NO_AI, UNLISTED, hostile

from aiguard_agent.core.facts import Blind
from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.layout import width
from aiguard_agent.report.renderer import Style
from aiguard_agent.report.renderers.text import RENDERER


@pytest.mark.parametrize("name", ALL)
def test_it_reads_as_expected(name: str, expect: Callable[[str, str], None]) -> None:
    """Each example is printed exactly as its expected file shows."""
    expect(f"{name}.txt", RENDERER.render(ALL[name], Style(width=120)))


def test_verbose_reads_as_expected(expect: Callable[[str, str], None]) -> None:
    """--details lists all models and findings, with evidence and inventory clauses."""
    expect("busy-verbose.txt", RENDERER.render(BUSY, Style(width=120, verbose=True)))


def test_narrow_reads_as_expected(expect: Callable[[str, str], None]) -> None:
    """A terminal of 80 columns still shows every column."""
    expect("busy-80.txt", RENDERER.render(BUSY, Style(width=80)))


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(codec=None), max_size=60), columns=st.integers(60, 160), verbose=st.booleans())
@example(text=EVIL, columns=80, verbose=True)
@example(text="x" * 5000, columns=80, verbose=True)
@example(text="日" * 3000, columns=61, verbose=True)
def test_no_text_acts_on_the_terminal_or_overflows(text: str, columns: int, verbose: bool) -> None:
    """Whatever a host calls its things: no control or bidi character is printed, and no line is too wide."""
    shown = RENDERER.render(hostile(text), Style(width=columns, verbose=verbose))

    assert shown.endswith("\n")
    for line in shown.split("\n"):
        assert width(line) <= columns
        assert not {unicodedata.category(character) for character in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("report", [NO_AI, replace(NO_AI, suppressed=3)])
def test_nothing_found_never_means_clean(report: ScanReport) -> None:
    """Without findings the report says what was looked at and what it cannot see, and praises nobody."""
    shown = RENDERER.render(report, Style())

    assert re.search(r"^looked at  1 process", shown, re.MULTILINE)
    assert re.search(r"^not seen   ", shown, re.MULTILINE)
    assert not re.search(r"clean|safe|secure|no problems", shown, re.IGNORECASE)


def test_nothing_found_half_blind_says_so() -> None:
    """Losses stand on a report without findings too."""
    blind = (Blind(collector="processes", subject="pid 1", reason="hidepid"),)
    shown = RENDERER.render(replace(NO_AI, estate=replace(NO_AI.estate, blind=blind, rootless=True)), Style())

    assert "without root" in shown
    assert "pid 1: hidepid" in shown


def test_colour_only_adds_colour() -> None:
    """With colour the words are the same; without it there is no escape at all."""
    plain, colored = RENDERER.render(BUSY, Style()), RENDERER.render(BUSY, Style(color=True))

    assert "\x1b" not in plain
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_without_an_inventory_nothing_is_shadow() -> None:
    """No inventory, no verdict, and a hint how to get one."""
    shown = RENDERER.render(UNLISTED, Style())

    assert "SHADOW" not in shown
    assert "aiguard-agent inventory init" in shown


def test_the_worst_comes_first() -> None:
    """Critical findings stand before lesser ones even when handed over in another order."""
    shown = RENDERER.render(replace(BUSY, findings=BUSY.findings[::-1]), Style())

    assert shown.index("\ncritical ") < shown.index("\nmedium ")


def test_a_finding_may_come_without_words() -> None:
    """A finding without evidence or remedy is one line."""
    bare = replace(BUSY.findings[0], evidence=(), remedy=())

    shown = RENDERER.render(replace(BUSY, findings=(bare,)), Style())

    assert "critical  shadow-server" in shown
    assert not re.search(r"^ +(why|do) ", shown, re.MULTILINE)
