"""What was looked at and what was not."""

from __future__ import annotations

from dataclasses import replace

from report_examples import BUSY, NO_AI, UNLISTED

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.finding import Finding, Severity
from aiguard_agent.report.coverage import GROUPS, looked_at, not_seen


def test_the_ground_is_named() -> None:
    """Counts, stores, probing and inventory are each said, in both cases."""
    for words in (
        "612 processes",
        "48 listening sockets in 3 network namespaces",
        "huggingface, ollama",
        "1 GPU",
        "over HTTP",
        "inventory.yaml",
    ):
        assert words in looked_at(BUSY)
    for words in ("no model store", "no GPU", "no inventory", "1 listening socket in 1 network namespace"):
        assert words in looked_at(NO_AI)
    assert "--no-probe" in looked_at(UNLISTED)


def test_losses_are_grouped_and_counted() -> None:
    """The same loss of several subjects is one line with their number, the most frequent first."""
    assert list(not_seen(BUSY, everything=False)) == [
        "pid 77, pid 78 (4): Permission denied [processes, denied]",
        "pid 4121 at 127.0.0.1:39211: timeout [probe, timeout]",
    ]


def test_there_is_always_a_line() -> None:
    """A scan without losses still says that it has limits; one without root says that first."""
    assert "docs/coverage.md" in next(not_seen(NO_AI, everything=False))
    assert "without root" in next(not_seen(UNLISTED, everything=False))


def test_many_reasons_are_cut_unless_wanted() -> None:
    """A long list ends with its number; --details shows all."""
    blind = tuple(Blind(collector="files", subject=f"/{i}", reason=f"reason {i}") for i in range(GROUPS + 5))
    report = replace(NO_AI, estate=replace(NO_AI.estate, blind=blind))

    short, long = list(not_seen(report, everything=False)), list(not_seen(report, everything=True))

    assert short[-1] == "5 more reasons (--details lists them)"
    assert len(short) == GROUPS + 1
    assert len(long) == GROUPS + 5


def test_many_subjects_are_cut() -> None:
    """One reason names a few subjects and counts all."""
    blind = tuple(Blind(collector="files", subject=f"/{i}", reason="no") for i in range(9))
    report = replace(NO_AI, estate=replace(NO_AI.estate, blind=blind))

    assert list(not_seen(report, everything=False)) == ["/0, /1, /2, … (9): no [files, error]"]


def test_what_helps_stands_behind_a_loss() -> None:
    """The remedy of the finding about it; and of all that only root may read, once."""
    spot = Blind(collector="sockets", subject="owners of 6 sockets", reason="hidden", kind=BlindKind.DENIED, count=6)
    finding = Finding(
        rule="blind-spot",
        subject="sockets: denied",
        title="t",
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        remedy=("scan as root",),
    )
    root = replace(BUSY, estate=replace(BUSY.estate, blind=(spot,), rootless=False), findings=(finding,))
    rootless = replace(root, estate=replace(root.estate, rootless=True))

    assert list(not_seen(root, everything=False)) == [
        "owners of 6 sockets: hidden [sockets, denied] → scan as root",
    ]
    assert [line.endswith("as root") for line in not_seen(rootless, everything=False)] == [True, False]
