"""The words of every document's faults."""

from aiguard_agent.core.nodes import compose
from aiguard_agent.core.problems import MAX_PROBLEMS, Problem, cut, known_keys, nearest, sentences


def test_known_keys_pass_and_the_others_are_named() -> None:
    """A misspelt, a repeated and an empty key are one problem each, and none hides the next."""
    root = compose("good: 1\ngod: 2\ngood: 3\nempty:\nsection:\n")
    assert root is not None
    problems: list[Problem] = []

    found = [
        (name, node.text)
        for name, node in known_keys(root, ("good", "empty", "section"), "top.", problems, may_be_empty=("section",))
    ]

    assert found == [("good", "1"), ("section", "")]
    assert problems == [
        (2, "top.god: unknown key, did you mean `good`?"),
        (3, "top.good: is given twice, first in line 1"),
        (4, "top.empty: is empty; write a value or leave the key out"),
    ]


def test_a_stranger_gets_the_whole_list() -> None:
    """When no name is near, all that may be written are told."""
    assert nearest("qqqq", ["paths", "stores"]) == "known are `paths`, `stores`"


def test_sentences_are_ordered_and_bounded() -> None:
    """Lines come in the file's order; what nobody reads is counted."""
    lines = sentences("x.yaml", [(n, "a: b") for n in range(MAX_PROBLEMS + 5, 0, -1)])

    assert lines[0] == "x.yaml:1: a: b"
    assert len(lines) == MAX_PROBLEMS + 1
    assert lines[-1].endswith("and 5 more problems")


def test_quoted_text_stays_one_line() -> None:
    """Control characters and lengths of a hostile file do not reach the terminal."""
    assert cut("a\n\x1b[31m" + "x" * 200) == "a??[31m" + "x" * 73 + "…"
