"""Reading an inventory."""

from pathlib import Path

import pytest
from asset_samples import D1, D2
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.core.problems import MAX_PROBLEMS
from aiguard_agent.errors import DocumentError
from aiguard_agent.inventory.load import load, parse
from aiguard_agent.inventory.schema import Bind, Inventory

EXAMPLE = Path(__file__).parents[2] / "configs" / "inventory.example.yaml"

GOOD = f"""\
version: 1
models:
  - name: llama
    sha256: SHA256
    fingerprint: ["sha256:{D2}"]
servers:
  - product: ollama
    ports: [11434, 8000]
    bind: loopback
    version: ">=0.5"
  - product: vllm
    bind: [private, loopback]
    auth: none
waivers:
  - rule: runs-as-root
    reason: soon
    by: alice
    until: 2030-01-31
""".replace("SHA256", D1.upper())


def problems_of(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse(text)
    return list(caught.value.problems)


def test_a_good_document_becomes_an_inventory() -> None:
    """Every section arrives with the lines its entries stand in; digests lose their dress."""
    inventory = parse(GOOD, file="x.yaml")

    assert inventory.models[0].sha256 == (D1,)
    assert inventory.models[0].fingerprint == (D2,)
    assert inventory.servers[0].ports == (11434, 8000)
    assert [server.bind for server in inventory.servers] == [Bind.LOOPBACK, (Bind.PRIVATE, Bind.LOOPBACK)]
    assert inventory.waivers[0].until.isoformat() == "2030-01-31"
    assert inventory.clause("servers", 1) == "servers[1] (x.yaml:11)"


def test_the_example_is_valid() -> None:
    """What we ship as an example loads, and shows every section."""
    inventory = load(EXAMPLE)

    assert inventory.models
    assert inventory.servers
    assert inventory.waivers


@pytest.mark.parametrize(
    "text", ["", "# words\n", "version: 1\n", "models:\nservers:\n", "models: []\nwaivers: ~\n", "---\n"]
)
def test_an_inventory_may_be_empty(text: str) -> None:
    """Sections whose entries are all commented out are empty, not wrong."""
    inventory = parse(text)

    assert (inventory.models, inventory.servers, inventory.waivers) == ((), (), ())


MISTAKES = [
    ("version: 2", "1: version: must be 1"),
    ("modles: []", "1: modles: unknown key, did you mean `models`?"),
    ("zzz: 1", "1: zzz: unknown key, known are `version`, `models`, `servers`, `waivers`"),
    ("- a", "1: file: must hold the keys"),
    ("models: {a: b}", "1: models: must be a list"),
    ("models:\n- x", "2: models[0]: must be a mapping"),
    ("models:\n- nmae: x\n  path: /x", "2: models[0].nmae: unknown key, did you mean `name`?"),
    ("models:\n- format: gguf", "2: models[0]: names no model"),
    ("models:\n- name:", "2: models[0].name: is empty"),
    ("models:\n- name: ''", "2: models[0].name: is empty"),
    ("models:\n- name: [a]", "2: models[0].name: expected a text, got a list"),
    ("models:\n- name: a\n  name: b", "3: models[0].name: is given twice, first in line 2"),
    ("models: []\nmodels: []", "2: models: is given twice"),
    ("models:\n- sha256: abc", "2: models[0].sha256: is no SHA-256 digest"),
    (f"models:\n- sha256: {'g' * 64}", "2: models[0].sha256: is no SHA-256 digest"),
    (f"models:\n- sha256:\n  - {D1}\n  - {'g' * 64}", "4: models[0].sha256[1]: is no SHA-256 digest"),
    ("models:\n- path: models/x", "2: models[0].path: must be a full path"),
    ("models:\n- name: 'a[b'", "2: models[0].name: `[` is never closed"),
    ("models:\n- name: a\n  expires: soon", "3: models[0].expires: `soon` is no date"),
    ("models:\n- name: a\n  expires: 2026-02-31", "3: models[0].expires: `2026-02-31` is no date"),
    ("servers:\n- user: bob", "2: servers[0].product: is missing"),
    ("servers:\n- product: a\n  bind: loopbak", "3: servers[0].bind: `loopbak` is none of"),
    ("servers:\n- product: a\n  bind: [any,\n    lan]", "4: servers[0].bind[1]: `lan` is none of"),
    ("servers:\n- product: a\n  auth: 'yes'", "3: servers[0].auth: `yes` is none of"),
    ("servers:\n- product: a\n  ports: [0]", "3: servers[0].ports[0]: expected a number >= 1"),
    ("servers:\n- product: a\n  ports: 80", "3: servers[0].ports: expected a list"),
    ("servers:\n- product: a\n  version: latest", "3: servers[0].version: `latest` holds no number"),
    ("servers:\n- product: a\n  id: '[x'", "3: servers[0].id: `[` is never closed"),
    ("servers:\n- product: a\n  models: ['[x']", "3: servers[0].models[0]: `[` is never closed"),
    ("waivers:\n- rule: a\n  reason: b\n  by: c", "2: waivers[0].until: is missing"),
    ("models: !!set {a}", "1: file: tags"),
    ("models: &a []\nservers: *a", "1: file: anchors"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_is_named_with_line_and_key(text: str, expected: str) -> None:
    """Each kind of mistake is told where it stands, in words, once."""
    problems = problems_of(text)

    assert len(problems) == 1
    assert problems[0].startswith(f"inventory.yaml:{expected}")


def test_all_mistakes_come_at_once_in_line_order() -> None:
    """One bad entry hides no other, and one bad value hides no other in its entry."""
    text = "models:\n- nmae: x\n  sha256: abc\n  path: y\nservers:\n- product: a\n  bind: lan\nwaivers:\n- rule: a\n"

    lines = [int(problem.split(":")[1]) for problem in problems_of(text)]

    assert lines == [2, 3, 4, 7, 9, 9, 9]


def test_very_many_mistakes_are_counted() -> None:
    """A person reads a hundred; the rest is a number."""
    problems = problems_of("models:\n" + "- nmae: x\n" * 500)

    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].endswith("and 900 more problems")


def test_hostile_keys_stay_in_one_line() -> None:
    """A key with a newline or an escape cannot forge a second message."""
    problems = problems_of('"a\\nb\\e[31m": 1\n')

    assert problems[0].startswith("inventory.yaml:1: a?b?[31m: unknown key")


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """A missing file, a directory and bytes that are no UTF-8 are problems with a line."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: b\nc: \xff\n")

    for path, words in (
        (tmp_path / "none", ":1: file: cannot be read"),
        (tmp_path, ":1: file: cannot be read"),
        (binary, ":2: file: is not UTF-8"),
    ):
        with pytest.raises(DocumentError) as caught:
            load(path)
        assert caught.value.problems[0].startswith(f"{path}{words}")


VALUES = st.sampled_from(
    ["x", "1", "''", "[a]", "[[a]]", "{a: b}", "~", "2026-01-01", D1, "any", "*", "'[", "&a", "- b"]
)
KEYS = st.sampled_from(
    ["version", "models", "servers", "waivers", "name", "sha256", "product", "bind", "until", "rule", "?"]
)
LINES = st.builds(
    lambda pad, dash, key, value: f"{pad}{dash}{key}: {value}",
    st.sampled_from(["", "  ", "    "]),
    st.sampled_from(["", "- "]),
    KEYS,
    VALUES,
)


@settings(max_examples=60)
@given(st.lists(LINES, max_size=12).map("\n".join) | st.text(max_size=80))
def test_any_text_is_an_inventory_or_problems(text: str) -> None:
    """No text raises anything but DocumentError, and every problem names the file and a line."""
    try:
        inventory = parse(text, file="f")
    except DocumentError as error:
        assert error.problems
        assert all(problem.startswith("f:") and "\n" not in problem for problem in error.problems)
    else:
        assert isinstance(inventory, Inventory)
