"""The laws that hold for every rule."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from asset_samples import MODEL, SERVER, estate
from rule_samples import inventory, server_at

from aiguard_agent.core.assets import AuthState, Estate, Evidence
from aiguard_agent.core.facts import Blind, Scope
from aiguard_agent.core.plugins import discover
from aiguard_agent.inventory.match import match_estate
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer, Inventory
from aiguard_agent.policy import rules
from aiguard_agent.policy.judge import judge
from aiguard_agent.policy.rule import Known, Rule

RULES = discover(rules, "RULE", Rule)
FOLDER = Path(rules.__path__[0])
NASTY = "x\n\x1b[31m'; rm -rf / #\udce9"
GIVEN = [
    None,
    Inventory(),
    inventory(
        ApprovedServer(product="*", user="nobody", bind=None, version="<0"), ApprovedModel(name="*", sha256="9" * 64)
    ),
]


def hostile_host() -> Estate:
    """Return a host on which every text is somebody's attack, and everything is wrong at once."""
    server = replace(
        server_at(Scope.ANY, AuthState.NONE),
        id=NASTY,
        product=NASTY,
        version=NASTY,
        conflicts=(Evidence(what=NASTY, where=NASTY),),
        remote_models=(NASTY,),
        process=replace(SERVER.process, uid=0, user=NASTY, unit=NASTY, argv=("--trust-remote-code", "--x=***")),
    )
    model = replace(
        MODEL, id=NASTY, name=NASTY, path=f"/tmp/{NASTY}", runs_code=True, world_writable=True, held_by=(4121,)
    )
    blind = Blind(collector=NASTY, subject=NASTY, reason=NASTY)
    others = (replace(SERVER, product="unknown-model-server"), server_at(Scope.ANY, AuthState.PARTIAL))
    return replace(estate(server, *(replace(one, id=f"s{n}") for n, one in enumerate(others)), model), blind=(blind,))


def judged(host: Estate, given: Inventory | None) -> list[str]:
    known = Known(inventory=given, approvals=match_estate(given, host, today="2026-01-01"), today="2026-01-01")
    return [
        f"{one.key} {one.title!r} {one.severity} {one.evidence!r} {one.remedy!r}" for one in judge(host, known, RULES)
    ]


def test_all_are_found() -> None:
    """One rule for each module, each with an id of its own."""
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}

    assert {rule.id.replace("-", "_") for rule in RULES} == modules
    assert len(RULES) == len(modules) >= 23


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_its_words_are_complete(rule: Rule) -> None:
    """A title without a full stop, a description with one, a remedy, and ids that have the right form."""
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.description.endswith(".")
    assert rule.remedy
    assert all(re.fullmatch(r"AML\.T\d{4}(\.\d{3})?", one) for one in rule.atlas)
    assert all(re.fullmatch(r"LLM(0[1-9]|10)", one) for one in rule.owasp)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_empty_host_is_silent(rule: Rule) -> None:
    """Nothing there, nothing wrong, with an inventory and without."""
    assert judge(estate(), Known(inventory=Inventory()), [rule]) == ()
    assert judge(estate(), Known(), [rule]) == ()


@pytest.mark.parametrize("given", GIVEN, ids=["none", "empty", "drifting"])
def test_a_hostile_host_is_judged_alike_in_any_order(given: Inventory | None) -> None:
    """Hostile names raise nothing, subjects hold no pid, and the order of the facts does not matter."""
    host = hostile_host()

    one = judged(host, given)

    assert len(one) >= 10
    assert one == judged(replace(host, servers=host.servers[::-1], models=host.models[::-1]), given)
    assert all("4121" not in finding.subject for finding in judge(host, Known(inventory=given), RULES))


def test_every_rule_is_in_the_documentation() -> None:
    """docs/rules.md has a heading for each rule, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")

    assert re.findall(r"^## (\S+)$", page, re.MULTILINE) == [rule.id for rule in RULES]
    assert all(rule.description in page for rule in RULES)
