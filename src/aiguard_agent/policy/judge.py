"""Run the rules over an estate: hits become findings, worst first, each (rule, subject) once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aiguard_agent.core.assets import Estate, Evidence
from aiguard_agent.core.finding import Finding
from aiguard_agent.policy.rule import Hit, Known, Rule


def judge(estate: Estate, known: Known, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Return every finding, worst first, then by rule and subject; nothing is filtered here."""
    merged: dict[str, Finding] = {}
    for rule in rules:
        for hit in rule.check(estate, known):
            finding = _finding(rule, hit)
            before = merged.get(finding.key)
            merged[finding.key] = finding if before is None else _merged(before, finding)
    return in_order(merged.values())


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort worst first, then surest, then by rule and subject."""
    return tuple(sorted(findings, key=lambda one: (-one.severity, -one.confidence, one.rule, one.subject)))


def _finding(rule: Rule, hit: Hit) -> Finding:
    return Finding(
        rule=rule.id,
        subject=hit.subject,
        title=hit.title,
        severity=rule.severity if hit.severity is None else hit.severity,
        confidence=rule.confidence if hit.confidence is None else hit.confidence,
        evidence=hit.evidence,
        remedy=hit.remedy or rule.remedy,
        atlas=rule.atlas if hit.atlas is None else hit.atlas,
        owasp=rule.owasp if hit.owasp is None else hit.owasp,
    )


def _merged(one: Finding, other: Finding) -> Finding:
    """Keep the worse of two, with the evidence and the advice of both."""
    worse, milder = (other, one) if other.severity > one.severity else (one, other)
    return replace(
        worse,
        confidence=max(one.confidence, other.confidence),
        evidence=_union(worse.evidence, milder.evidence),
        remedy=tuple(dict.fromkeys((*worse.remedy, *milder.remedy))),
    )


def _union(one: tuple[Evidence, ...], other: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys((*one, *other)))
