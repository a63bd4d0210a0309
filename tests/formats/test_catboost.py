"""CatBoost models."""

from aiguard_agent.identify.formats.catboost import FORMAT


def test_objective_and_version_are_read(look, example) -> None:
    """What the training left in the file is told."""
    header = look(FORMAT, example("trees/catboost.cbm"))

    extra = dict(header.extra)
    assert (extra["objective"], extra["version"]) == ("Logloss", "1.2.10")
    assert header.complete and not header.runs_code


def test_a_cut_file_is_not_complete(look, example) -> None:
    """The length in front is compared with the file."""
    data = example("trees/catboost.cbm")

    assert not look(FORMAT, data[:3000]).complete
    assert look(FORMAT, data[:7]) is None


def test_another_magic_is_none(look) -> None:
    """All four bytes count."""
    assert look(FORMAT, b"CBM2" + bytes(20)) is None
