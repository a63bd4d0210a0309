"""The language of signature cases."""

from __future__ import annotations

import pytest

from aiguard_agent.errors import DocumentError
from aiguard_agent.identify.cases import answers_of, facts_of, failures, parse_cases
from aiguard_agent.identify.index import Index
from small_hosts import signature

SIG = signature("process: {exe: [thing]}\nprobes: [{id: v, get: /v}]\nversion: [{probe: v, json: version}]")
GOOD = {
    "name": "x",
    "processes": [{"argv": ["thing"], "listen": ["[::1]:80"]}],
    "answers": [{"get": "/v", "json": {"version": 7}}],
    "expect": {"product": "thing", "version": 7, "auth": "unknown", "models": [], "confidence": "medium"},
}


def test_a_case_that_holds() -> None:
    """No difference is an empty list; numbers and texts compare as text."""
    (case,) = parse_cases([GOOD], "t")

    assert failures(case, SIG, Index([SIG])) == []


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ({"product": None}, "named thing"),
        ({"product": "other"}, "expected other"),
        ({"product": "thing", "version": "8"}, "version is '7', expected '8'"),
        ({"product": "thing", "models": ["m"]}, "models is (), expected ('m',)"),
    ],
)
def test_a_case_that_does_not(expect: dict[str, object], words: str) -> None:
    """Each difference is a sentence."""
    (case,) = parse_cases([{**GOOD, "expect": expect}], "t")

    assert words in "".join(failures(case, SIG, Index([SIG])))


@pytest.mark.parametrize("change", [{"prozesses": []}, {"expect": {"produkt": 1}}, {"answers": [{"gets": "/"}]}])
def test_typos_are_refused(change: dict[str, object]) -> None:
    """An unknown key can never make a case pass."""
    with pytest.raises(DocumentError, match=r"^t: "):
        parse_cases([{**GOOD, **change}], "t")


def test_paths_not_named_answer_404_and_no_answers_is_silence() -> None:
    """An asked server answers something to every probe; an unasked one nothing."""
    (asked,) = parse_cases([{**GOOD, "answers": []}], "t")
    (silent,) = parse_cases([{k: v for k, v in GOOD.items() if k != "answers"}], "t")

    assert [a.status for a in answers_of(asked, facts_of(asked), SIG)] == [404]
    assert answers_of(silent, facts_of(silent), SIG) == ()


def test_an_answer_needs_its_listener() -> None:
    """An answer of a port that nobody listens on is a mistake in the case."""
    (case,) = parse_cases([{**GOOD, "answers": [{"get": "/v", "port": 99}]}], "t")

    with pytest.raises(DocumentError, match="no listener"):
        answers_of(case, facts_of(case), SIG)
