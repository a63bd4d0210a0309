"""LightGBM models."""

import pytest

from aiguard_agent.identify.formats.lightgbm import FORMAT


def test_the_header_is_read(look, example) -> None:
    """Objective, version, features and trees."""
    header = look(FORMAT, example("trees/lightgbm.txt"))

    extra = dict(header.extra)
    assert (header.architecture, header.complete) == ("gbdt", True)
    assert (extra["objective"], extra["version"], extra["features"], extra["trees"]) == (
        "binary sigmoid:1",
        "v4",
        "3",
        "2",
    )


@pytest.mark.parametrize(
    "text",
    [
        b"tree\n",
        b"tree\nversion 4 of this poem\n",
        b"tree\nversion=v4\nleaves=green\n",
        b"a tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n",
        b"trees\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n",
    ],
)
def test_texts_about_trees_are_none(look, text: bytes) -> None:
    """It takes the two first lines and the keys that LightGBM always writes."""
    assert look(FORMAT, text) is None


def test_a_header_without_trees_is_not_complete(look, example) -> None:
    """A file cut before its first tree is named, with the reason."""
    data = example("trees/lightgbm.txt")

    header = look(FORMAT, data[: data.index(b"Tree=0")])

    assert not header.complete


def test_hostile_lines_are_survived(look) -> None:
    """Bytes that are no text and numbers of absurd length do not raise."""
    lines = [
        b"tree",
        b"version=v4",
        b"num_class=\xff\xfe",
        b"num_tree_per_iteration=1",
        b"max_feature_idx=" + b"9" * 9999,
    ]

    assert look(FORMAT, b"\n".join(lines)).format == "lightgbm"
