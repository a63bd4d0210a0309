"""XGBoost models."""

import json

import pytest

from aiguard_agent.identify.formats.xgboost import FORMAT


@pytest.mark.parametrize("ending", ["json", "ubj"])
def test_both_forms_tell_the_same(look, example, ending: str) -> None:
    """Booster, objective, version, features and trees."""
    header = look(FORMAT, example(f"trees/xgboost.{ending}"))

    assert (header.architecture, header.runs_code, header.complete) == ("gbtree", False, True)
    extra = dict(header.extra)
    assert (extra["objective"], extra["version"]) == ("binary:logistic", "3.2.0")
    assert (extra["features"], extra["trees"]) == ("3", "3")


@pytest.mark.parametrize(
    "document",
    [
        {"learner": "Bob", "version": [1, 2, 3]},
        {"learner": {"name": "Bob"}, "version": [1, 2, 3]},
        {"version": [1], "learner": {"gradient_booster": {}, "learner_model_param": {}}},
        {"model": {"learner": {"gradient_booster": {}}}},
    ],
)
def test_other_documents_are_none(look, document: dict[str, object]) -> None:
    """A key that is called learner is not enough, and it comes first."""
    assert look(FORMAT, json.dumps(document).encode()) is None


def test_spaces_do_not_matter(look) -> None:
    """A document that somebody formatted is still one."""
    document = {"learner": {"gradient_booster": {"name": "gblinear"}, "learner_model_param": {}}, "version": [2, 1, 0]}

    header = look(FORMAT, json.dumps(document, indent=2).encode())

    assert (header.architecture, dict(header.extra)["version"]) == ("gblinear", "2.1.0")


@pytest.mark.parametrize("ending", ["json", "ubj"])
def test_every_prefix_is_survived(look, example, ending: str) -> None:
    """A document that ends early is None or not complete."""
    data = example(f"trees/xgboost.{ending}")

    headers = [look(FORMAT, data[:end]) for end in range(0, len(data) - 1, 9)]

    assert all(header is None or header.architecture in {"", "gbtree"} for header in headers)
    assert any(header is not None and not header.complete for header in headers)
