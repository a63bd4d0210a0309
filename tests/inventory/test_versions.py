"""Version ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.inventory.versions import parse_range, within

CASES = [
    ("0.8.5rc1", ">=0.6.5,<0.8.5", True),
    ("0.8.5.dev0+g1234", ">=0.6.5,<0.8.5", True),
    ("0.8.5", ">=0.6.5,<0.8.5", False),
    ("0.8.5+cu121", "<=0.8.5", True),
    ("0.8.5.post1", ">0.8.5", True),
    ("v0.10.11", ">=0.10,<0.11", True),
    ("1.2.9", "==1.2.*", True),
    ("1.20", "==1.2.*", False),
    ("1", "==1.0.*", True),
    ("1.3.0", "!=1.2.*", True),
    ("1.4.7", "~=1.4.2", True),
    ("1.5.0", "~=1.4.2", False),
    ("2.0", "~=1.4", False),
    ("1.2.0", "1.2", True),
    ("1.2.1", "1.2", False),
    ("1.10", ">=1.9", True),
    ("b3561", ">=b3000,<b4000", True),
    ("b4000", ">=b3000,<b4000", False),
    ("1.83.7-stable", ">=1.83.0", True),
    ("1.83.7-stable", ">=1.84", False),
    ("0.4.0-ci1", ">=0.4", True),
    ("RELEASE.2024-05-01T00-00-00Z", ">=RELEASE.2024-01-01", True),
    ("main", ">=1", None),
    ("", ">=1", None),
]


@pytest.mark.parametrize(("version", "bounds", "expected"), CASES)
def test_a_version_is_in_its_range_or_not(version: str, bounds: str, expected: bool | None) -> None:
    """Release candidates, nightlies, build tags and odd schemes fall where an operator expects them."""
    assert within(version, bounds) is expected


@pytest.mark.parametrize(
    "bounds", ["", ",", ">=", "latest", ">=1,,<2", "=>1", ">=1.*", "~=1", "^1.2", "1.2 - 1.4", ">=main"]
)
def test_a_range_that_is_none_is_refused(bounds: str) -> None:
    """A mistyped range says what is wrong with it."""
    with pytest.raises(ValueError, match="`"):
        parse_range(bounds)


@given(st.text(max_size=40), st.sampled_from([">=1.2", "==1.*", "~=1.4", "<b30", "!=2"]))
def test_any_version_gets_an_answer(version: str, bounds: str) -> None:
    """What a server reports is hostile text and never raises."""
    assert within(version, bounds) in (True, False, None)


def test_a_version_of_ten_thousand_digits_is_compared() -> None:
    """Python refuses to read very long numbers; that is no reason to fall over."""
    assert within("9" * 10_000, ">=1") is True
