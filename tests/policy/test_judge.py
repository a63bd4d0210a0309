"""Running rules."""

from collections.abc import Iterator

from asset_samples import SERVER, estate

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.judge import judge
from aiguard_agent.policy.rule import Hit, Known, Rule

ONE, TWO = Evidence(what="one", where="x"), Evidence(what="two", where="x")


def rule_of(*hits: Hit, name: str = "some-rule") -> Rule:
    def check(estate: Estate, known: Known) -> Iterator[Hit]:
        del estate, known
        yield from hits

    return Rule(
        id=name,
        title="T",
        description="D.",
        severity=Severity.LOW,
        confidence=Confidence.MEDIUM,
        maturity=Maturity.STABLE,
        remedy=("do this",),
        atlas=("AML.T0001",),
        owasp=("LLM01",),
        check=check,
    )


def hit(subject: str = "s", severity: Severity | None = None, *evidence: Evidence, remedy: tuple[str, ...] = ()) -> Hit:
    return Hit(subject=subject, title=f"title {severity}", evidence=evidence, severity=severity, remedy=remedy)


def test_a_hit_takes_what_it_leaves_out_from_its_rule() -> None:
    """Severity, confidence, remedy and ids come from the rule unless the hit knows better."""
    own = Hit(
        subject="b",
        title="t",
        evidence=(),
        severity=Severity.HIGH,
        confidence=Confidence.LOW,
        remedy=("that",),
        atlas=(),
        owasp=("LLM06",),
    )

    better, plain = judge(estate(), Known(), [rule_of(own, hit("a"))])

    assert (plain.severity, plain.confidence, plain.remedy) == (Severity.LOW, Confidence.MEDIUM, ("do this",))
    assert (plain.atlas, plain.owasp) == (("AML.T0001",), ("LLM01",))
    assert (better.severity, better.confidence, better.remedy) == (Severity.HIGH, Confidence.LOW, ("that",))
    assert (better.atlas, better.owasp) == ((), ("LLM06",))


def test_the_worst_comes_first() -> None:
    """Then by rule and by subject, whatever the order of the rules."""
    rules = [rule_of(hit("b"), hit("a"), hit("c", Severity.CRITICAL)), rule_of(hit("z"), name="a-rule")]

    found = judge(estate(SERVER), Known(), rules)

    assert [(one.rule, one.subject) for one in found] == [
        ("some-rule", "c"),
        ("a-rule", "z"),
        ("some-rule", "a"),
        ("some-rule", "b"),
    ]
    assert judge(estate(SERVER), Known(), rules[::-1]) == found


def test_the_same_subject_twice_is_one_finding() -> None:
    """The worse one stays, with the evidence and the advice of both."""
    low, high = hit("s", Severity.LOW, ONE, TWO, remedy=("a",)), hit("s", Severity.HIGH, TWO, remedy=("b", "a"))

    for hits in ((low, high), (high, low)):
        (found,) = judge(estate(), Known(), [rule_of(*hits)])

        assert (found.severity, found.title) == (Severity.HIGH, "title 4")
        assert found.evidence == (TWO, ONE)
        assert found.remedy == ("b", "a")


def test_two_rules_on_one_subject_are_two_findings() -> None:
    """A key is made of rule and subject."""
    found = judge(estate(), Known(), [rule_of(hit("s")), rule_of(hit("s"), name="other")])

    assert len({one.key for one in found}) == 2
