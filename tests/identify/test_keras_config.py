"""What a Keras configuration says."""

import json

import pytest

from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.keras_config import describe


def told(config: object) -> Draft:
    draft = Draft(format="keras")
    describe(json.dumps(config).encode(), draft)
    return draft


def test_name_and_kind() -> None:
    """Both layouts are read: a dictionary, and the bare list of layers that old files have."""
    assert (told({"class_name": "Functional", "config": {"name": "m"}}).name) == "m"
    assert told({"class_name": "Sequential", "config": [{"class_name": "Dense"}]}).architecture == "Sequential"
    assert told({}).architecture == ""


def test_a_layer_that_is_only_called_lambda_is_none() -> None:
    """The class counts, not a name a person gave."""
    assert "lambda" not in told({"config": {"name": "Lambda"}}).extra
    assert told({"config": {"layers": [{"class_name": "__lambda__"}]}}).extra["lambda"] == "yes"


def test_foreign_modules_are_few_and_short() -> None:
    """However many modules a hostile file names, five are told."""
    draft = told({"layers": [{"module": f"m{number}" + "x" * 100} for number in range(50)]})

    assert len(draft.extra["foreign_modules"]) <= 300


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"config": "x"}'])
def test_broken_configurations_are_one_error(raw: bytes) -> None:
    """Whatever it is, a ValueError."""
    with pytest.raises(ValueError, match="JSON"):
        describe(raw, Draft(format="keras"))
