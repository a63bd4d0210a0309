"""Editing an inventory without touching what was there."""

from dataclasses import replace

import pytest
from asset_samples import MODEL, SERVER, estate, listening
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.core.assets import Auth, AuthState, ModelFile, Server
from aiguard_agent.core.facts import Process, Scope
from aiguard_agent.core.finding import ApprovalState
from aiguard_agent.errors import DocumentError
from aiguard_agent.inventory.edit import approve, waive
from aiguard_agent.inventory.load import parse
from aiguard_agent.inventory.match import match_estate

FULL = """\
# head
version: 1   # one

models:  # ours
  # first
  - name: a   # trailing
    note: |
      two
      lines

  -   path: /x/*
# between
servers:
- product: vllm
  ports: [8000,
          8001]  # two
# tail
"""
TEXTS = [
    "",
    "# only words",
    "version: 1",
    "version: 1\n",
    "models: []\n",
    "models: []  # none yet\nservers: []\n",
    "models: ~ # nothing\n",
    "models:\n# nothing here\nservers:\n",
    "models:\n- name: a",
    "models:\r\n- name: a\r\n# tail\r\n",
    "---\nmodels:\n    - name: a\n    # inner\nservers:\n  - product: x\n",
    "  models:\n  - name: a\n",
    "version: 1\n...\n",
    "\ufeffversion: 1\nmodels: []\n",
    "\ufeffservers: []  # none\n",
    FULL,
]


def is_subsequence(small: list[str], large: list[str]) -> bool:
    rest = iter(large)
    return all(line in rest for line in small)


@pytest.mark.parametrize("asset", [MODEL, SERVER], ids=["model", "server"])
@pytest.mark.parametrize("text", TEXTS)
def test_every_other_line_stays_as_it_was(text: str, asset: ModelFile | Server) -> None:
    """All old lines are still there, in order and byte for byte, but for an empty list that had to open."""
    new = approve(text, asset, by="alice")

    old = [line for line in text.splitlines() if "[]" not in line and "~" not in line]
    assert is_subsequence(old, new.splitlines())
    assert len(new) > len(text)
    section = "models" if asset is MODEL else "servers"
    assert len(getattr(parse(new), section)) == len(getattr(parse(text), section)) + 1


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_approved_is_approved(text: str) -> None:
    """The entry that was written matches the asset it was written for."""
    new = approve(approve(text, MODEL), SERVER, hostname="gpu-07")

    found = match_estate(parse(new), estate(MODEL, SERVER), today="2026-01-01")
    assert {approval.state for approval in found.values()} == {ApprovalState.APPROVED}


def test_the_entry_goes_behind_the_last_one() -> None:
    """Behind its last line, before the comment that follows; the order of the file is the order of approval."""
    new = approve(FULL, SERVER, by="alice")

    assert new == FULL.replace(
        "          8001]  # two\n",
        "          8001]  # two\n- product: ollama\n  unit: ollama.service\n  user: bob\n  ports: [11434]\n"
        "  bind: loopback\n  auth: none\n  approved_by: alice\n",
    )


def test_an_empty_list_opens_and_keeps_its_comment() -> None:
    """`[]` gives way; what was said beside it stays."""
    new = approve("servers: []  # none yet\nmodels: []\n", replace(SERVER, listeners=(), auth=Auth()))

    assert new == "servers:  # none yet\n  - product: ollama\n    unit: ollama.service\n    user: bob\nmodels: []\n"


def test_windows_line_ends_are_kept() -> None:
    """New lines end as the old ones do."""
    new = approve("models:\r\n- name: a\r\n", MODEL)

    assert new.count("\r\n") == new.count("\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: [{name: a}]\n", r"models: is written as \[...\]"),
        ("{version: 1}\n", "file: is written as {...}"),
        ("models: [\n]\n", "models: is empty over several lines"),
        ("modles: []\n", "unknown key"),
        ("---\n...\n", "no YAML"),
    ],
)
def test_what_cannot_be_placed_is_refused(text: str, words: str) -> None:
    """Rather no entry than one in the wrong place."""
    with pytest.raises(DocumentError, match=words):
        approve("" + text, replace(MODEL), file="inventory.yaml")


def test_an_entry_that_would_change_another_is_refused() -> None:
    """A note that keeps its blank lines would swallow the one in front of a new section."""
    with pytest.raises(DocumentError, match="servers: no safe place"):
        approve("models:\n- name: a\n  note: |+\n    t\n\n", SERVER)


def test_a_waiver_is_added() -> None:
    """Rule, subject, reason, who and until; the subject is a pattern as given."""
    new = waive(FULL, rule="runs-as-root", subject="a*b", reason="soon: really", by="bob", until="2030-01-31")

    waiver = parse(new).waivers[0]
    assert (waiver.rule, waiver.subject, waiver.reason, waiver.by) == ("runs-as-root", "a*b", "soon: really", "bob")


def test_a_waiver_without_a_reason_or_a_day_is_refused() -> None:
    """The edited text is read again before anybody gets it."""
    with pytest.raises(DocumentError, match="until"):
        waive("", rule="a", subject="b", reason="c", by="d", until="for ever")
    with pytest.raises(DocumentError, match="reason"):
        waive("", rule="a", subject="b", reason="", by="d", until="2030-01-01")


NASTY = st.text(alphabet=st.characters() | st.sampled_from("*?[]#:'\"\\\n\u2028\x85 -"), min_size=1, max_size=30)


@settings(max_examples=40)
@given(NASTY, NASTY, NASTY, st.sampled_from(TEXTS))
def test_hostile_names_are_written_safely(name: str, path: str, user: str, text: str) -> None:
    """Whatever a file or an account is called, the text stays valid and approves exactly that asset."""
    model = replace(MODEL, name=name, path=f"/m/{path}", sha256="", fingerprint="")
    process = Process(pid=1, start_ticks=1, started=0.0, user=user.encode("utf-8", "replace").decode())
    server = replace(
        listening(SERVER, "0.0.0.0", Scope.ANY), id=name, process=process, auth=Auth(state=AuthState.PARTIAL)
    )

    new = approve(approve(text, model, by=name, note=path), server, by=user)

    found = match_estate(parse(new), estate(model, server), today="")
    assert {approval.state for approval in found.values()} == {ApprovalState.APPROVED}
