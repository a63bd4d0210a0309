"""The findings as blocks: one per subject."""

from __future__ import annotations

from dataclasses import replace

from report_examples import BUSY, NO_AI, OLLAMA, seen

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.finding import Finding, Severity
from aiguard_agent.report.findings import blocks, section
from aiguard_agent.report.renderer import Style


def finding(rule: str, severity: Severity, subject: str = OLLAMA.id, *, remedy: tuple[str, ...] = ()) -> Finding:
    return Finding(
        rule=rule,
        subject=subject,
        title=f"{rule} at 127.0.0.1:11434",
        severity=severity,
        confidence=Confidence.HIGH,
        evidence=(seen("GET / 200", "127.0.0.1:11434"), seen(f"{rule} was seen", "/proc/4121")),
        remedy=remedy,
    )


def shown(*findings: Finding, verbose: bool = False) -> str:
    return "\n".join(section(replace(BUSY, findings=findings, suppressed=0), Style(verbose=verbose)))


def test_one_subject_is_one_block() -> None:
    """Two findings of a server share their evidence, and a remedy of both is said once, for the worse one."""
    text = shown(
        finding("shadow-server", Severity.HIGH, remedy=("stop it", f"approve {OLLAMA.id}")),
        finding("exposed-no-auth", Severity.CRITICAL, remedy=("bind it", "stop it")),
    )

    first, second, *rest = text.splitlines()
    assert (first.split()[:2], second.split()[:2]) == (["critical", "exposed-no-auth"], ["high", "shadow-server"])
    assert [line.split()[0] for line in rest] == ["why", "do", "do"]
    assert text.count("GET / 200") == 1
    assert "do   bind it · or stop it" in text
    assert f"do   approve {OLLAMA.id}" in text


def test_a_place_in_the_title_is_not_repeated() -> None:
    """Where something was seen stands behind it, unless the title has said it."""
    text = shown(finding("runs-as-root", Severity.MEDIUM))

    assert "why  GET / 200 · runs-as-root was seen (/proc/4121)" in text


def test_the_id_is_there_to_be_typed() -> None:
    """A block names its asset's id once: in a command, else on a line; what is no asset has none."""
    assert f"id   {OLLAMA.id}" in shown(finding("runs-as-root", Severity.MEDIUM))
    assert shown(finding("x", Severity.LOW, remedy=(f"approve {OLLAMA.id}",))).count(OLLAMA.id) == 1
    assert "id   " not in shown(finding("no-inventory", Severity.INFO, "inventory"))


def test_steps_follow_each_other() -> None:
    """Alternatives are joined by "or", a second step is not."""
    text = shown(finding("secret-in-argv", Severity.MEDIUM, remedy=("use a file", "then change it", "stop it")))

    assert "do   use a file · then change it · or stop it" in text


def test_many_alike_are_counted_beside_those_shown() -> None:
    """Of many low findings of one rule a few are shown, and how many more there are stands right below them."""
    many = [finding("code-on-load", Severity.LOW, f"model {n}") for n in range(9)]
    lines = shown(*many, finding("no-inventory", Severity.INFO, "inventory")).splitlines()

    rest = next(n for n, line in enumerate(lines) if "6 more like these" in line)
    assert sum(line.startswith("low ") for line in lines) == 4
    assert lines[rest + 1].startswith("info")
    assert shown(*many, verbose=True).count("code-on-load at") == 9


def test_quiet_blind_spots_are_one_line() -> None:
    """What `not seen` tells in full is one line here; a contradiction is a finding like others."""
    quiet = [finding("blind-spot", Severity.LOW, f"sockets: {kind}") for kind in ("denied", "timeout")]
    loud = finding("blind-spot", Severity.MEDIUM, "sockets: disagreement")

    assert shown(*quiet).splitlines() == [
        "low       blind-spot  2 kinds of things could not be looked at: see `not seen` below"
    ]
    assert "blind-spot at" in shown(loud)
    assert shown(*quiet, verbose=True).count("blind-spot at") == 2


def test_blocks_are_worst_first() -> None:
    """A subject stands where its worst finding stands."""
    found = blocks(
        [finding("a", Severity.LOW, "x"), finding("b", Severity.MEDIUM, "y"), finding("c", Severity.HIGH, "x")]
    )

    assert [[one.rule for one in block] for block in found] == [["c", "a"], ["b"]]


def test_nothing_found_is_said() -> None:
    """No finding is a sentence, not an empty place."""
    assert "no rule found anything" in "\n".join(section(NO_AI, Style()))
