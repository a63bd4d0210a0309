"""YAML into nodes."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.core import nodes
from aiguard_agent.core.nodes import MAX_CHARS, MAX_DEPTH, Malformed, Node, compose


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with both parsers: a host may lack libyaml."""
    if request.param == "python":
        monkeypatch.setattr(nodes, "_LOADER", yaml.SafeLoader)


def root_of(text: str) -> Node:
    root = compose(text)
    assert root is not None
    return root


def test_scalars_stay_text() -> None:
    """A version is no float, `no` is a word and a digest is no number."""
    assert root_of("a: 1.10\nb: no\nc: 2026-01-02\nd: 0x10\n").plain() == {
        "a": "1.10",
        "b": "no",
        "c": "2026-01-02",
        "d": "0x10",
    }


@pytest.mark.parametrize(
    ("text", "null"), [("a:", True), ("a: ~", True), ("a: null", True), ("a: ''", False), ("a: 'null'", False)]
)
def test_only_plain_nothing_is_null(text: str, null: bool) -> None:
    """A quoted `null` is a word."""
    assert root_of(text).items[0].null is null


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: &x b\n", 1, "anchors"),
        ("a: b\nc: *x\n", 2, "aliases"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "tags"),
        ("a: !x b\n", 1, "tags"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: [1\nb", 2, "no YAML"),
        ("? [a]\n: b\n", 1, "key must be a word"),
        ("a: '", 1, "no YAML"),
        ("a: \x00", 1, "no YAML"),
        ("a: \ud800", 1, "no YAML"),
        ('a: "\\UFFFFFFFF"', 1, "no YAML"),
    ],
)
def test_surprises_are_refused(text: str, line: int, words: str) -> None:
    """What could expand, construct or hide is refused with its line."""
    with pytest.raises(Malformed, match=words) as caught:
        compose(text)

    assert caught.value.line == line


def test_a_laughing_bomb_costs_nothing() -> None:
    """Nested aliases are refused at the first of them."""
    bomb = "a: &a [x, x]\n" + "".join(f"{k}: &{k} [*{p}, *{p}]\n" for p, k in zip("abcdefgh", "bcdefghi", strict=True))

    with pytest.raises(Malformed, match="anchors"):
        compose(bomb)


def test_depth_size_and_count_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand brackets, a large file and a long list end early and in words."""
    with pytest.raises(Malformed, match=f"deeper than {MAX_DEPTH}"):
        compose("[" * 50)
    with pytest.raises(Malformed, match="deep|depth"):
        compose("[" * 10_000)
    with pytest.raises(Malformed, match="larger than"):
        compose(" " * (MAX_CHARS + 1))
    monkeypatch.setattr(nodes, "MAX_NODES", 50)
    with pytest.raises(Malformed, match="more than 50 values"):
        compose("- a\n" * 60)


def test_places_are_those_of_the_text() -> None:
    """Lines count from 1; the last line of a block is the line of its last word."""
    root = root_of("# head\na:\n- x: 1\n  y: [1,\n     2]  # c\n# tail\nb:\n- |\n  text\n\nc: d\n")

    a, b, c = root.items
    assert (a.line, a.column, a.last_line) == (3, 0, 5)
    assert b.last_line in (9, 10)
    assert (c.line, root.last_line) == (11, 11)


def test_nothing_is_none() -> None:
    """An empty text and one of comments alone hold no document."""
    assert compose("") is None
    assert compose("# only words\n") is None


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("-:[]{}#&*!|>'\"%@`\n  a"), max_size=60))
def test_any_text_gives_nodes_or_malformed(text: str) -> None:
    """No text whatever raises anything else."""
    try:
        root = compose(text)
    except Malformed as error:
        assert error.line >= 1
    else:
        assert root is None or root.last_line >= 1
