"""Waivers and thresholds."""

from dataclasses import replace
from datetime import date

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.finding import Finding, FindingState, Severity
from aiguard_agent.inventory.schema import Waiver
from aiguard_agent.policy.decide import decide, remapped


def finding(rule: str = "runs-as-root", subject: str = "ollama@a", severity: Severity = Severity.MEDIUM) -> Finding:
    return Finding(rule=rule, subject=subject, title="t", severity=severity, confidence=Confidence.MEDIUM)


def waiver(rule: str = "runs-as-root", subject: str = "ollama@*") -> Waiver:
    return Waiver(rule=rule, subject=subject, reason="soon", by="alice", until=date(2026, 5, 31))


def test_a_waived_finding_stays_and_says_by_whom() -> None:
    """It changes its state, not its place."""
    decision = decide([finding(), finding(subject="vllm@a")], [waiver()], today="2026-05-31")

    assert [one.state for one in decision.findings] == [FindingState.WAIVED, FindingState.OPEN]
    assert decision.findings[0].waiver == "alice, until 2026-05-31: soon"
    assert [one.subject for one in decision.open] == ["vllm@a"]


def test_a_waiver_that_ran_out_does_nothing() -> None:
    """The day after, and on a day that nobody knows, the finding is open."""
    for today in ("2026-06-01", ""):
        assert decide([finding()], [waiver()], today=today).findings == (finding(),)


def test_rule_and_subject_both_have_to_fit() -> None:
    """A waiver covers what it names and nothing beside it."""
    for one in (waiver(rule="auth-partial"), waiver(subject="vllm@*"), waiver(subject="ollama")):
        assert decide([finding()], [one], today="2026-01-01").findings == (finding(),)
    assert not decide([finding()], [waiver(rule="*", subject="*")], today="2026-01-01").open


def test_the_end_of_a_waiver_cannot_be_waived() -> None:
    """A waiver for everything does not hide that another one ran out."""
    ended = finding(rule="expired-waiver")

    assert decide([ended], [waiver(rule="*", subject="*")], today="2026-01-01").open == (ended,)


def test_what_a_threshold_holds_back_is_counted() -> None:
    """Below the severity or below the confidence, gone but not lost."""
    all_three = [finding(severity=severity) for severity in (Severity.LOW, Severity.MEDIUM, Severity.HIGH)]

    decision = decide(all_three, today="", min_severity=Severity.MEDIUM)

    assert ([one.severity for one in decision.findings], decision.suppressed) == ([Severity.MEDIUM, Severity.HIGH], 1)
    assert decide(all_three, today="", min_confidence=Confidence.HIGH).suppressed == 3
    assert decide(all_three, today="").suppressed == 0


def test_a_remap_changes_severity_and_order() -> None:
    """The findings of a remapped rule move to where their new severity belongs; the others stay."""
    loud = Finding(rule="a", subject="s", title="t", severity=Severity.HIGH, confidence=Confidence.HIGH)
    quiet = replace(loud, rule="b", severity=Severity.LOW)

    told = remapped((loud, quiet), {"a": Severity.INFO})

    assert [(one.rule, one.severity) for one in told] == [("b", Severity.LOW), ("a", Severity.INFO)]
