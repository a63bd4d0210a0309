"""The language of JSON tests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.signatures.expression import parse_path, parse_test

DOCUMENT = {
    "version": "0.10.11",
    "data": [{"id": "a", "owned_by": "vllm"}, {"id": "b", "owned_by": "me"}],
    "info": {"title": "LiteLLM API", "x y": [1, True]},
    "flag": False,
    "none": None,
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("version", ["0.10.11"]),
        ("data[].id", ["a", "b"]),
        ("data[1].id", ["b"]),
        ("data[7].id", []),
        ('info."x y"[0]', [1]),
        ("info.*", ["LiteLLM API", [1, True]]),
        ("version.deeper", []),
        ("data.id", []),
        ("none", [None]),
        (".", [DOCUMENT]),
    ],
)
def test_path(path: str, values: list[object]) -> None:
    """A path gives every value it leads to, and nothing where it does not fit."""
    assert parse_path(path).values(DOCUMENT) == values


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ("version", True),
        ("missing", False),
        ('data[].owned_by == "vllm"', True),
        ('data[].owned_by == "sglang"', False),
        ('data[].owned_by != "vllm"', True),
        ('info.title ~ "^LiteLLM"', True),
        ('info.title ~ "^API"', False),
        ('flag ~ "x"', False),
        ("flag == false", True),
        ("flag == 0", False),
        ('info."x y"[0] == 1', True),
        ('info."x y"[1] == 1', False),
        ('keys == ["version"]', False),
        ('keys == ["version", "data", "info", "flag", "none"]', True),
    ],
)
def test_test(test: str, holds: bool) -> None:
    """Tests compare value and type: true is not 1."""
    assert parse_test(test).holds(DOCUMENT) is holds


@pytest.mark.parametrize("text", ["", "a ==", "a == vllm", 'a ~ "("', "a ~ 5", 'a "b"', "a[", "== 1", "a = 1"])
def test_bad_expressions_are_refused(text: str) -> None:
    """What cannot be read is an error at load time, not a condition that never holds."""
    with pytest.raises(ValueError, match=r"."):
        parse_test(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "data", "version"]), inner),
    max_leaves=10,
)


@given(json_values, st.sampled_from(["data[].a", "version", ".", "*", "data[0]", 'data ~ "x"', 'keys == ["a"]']))
def test_any_document_is_survived(document: object, test: str) -> None:
    """No document raises: answers come from strangers."""
    assert parse_test(test).holds(document) in {True, False}
