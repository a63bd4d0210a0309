"""Whether a file changed."""

from __future__ import annotations

from pathlib import Path

from aiguard_agent.daemon.stamps import carried, stamp_of


def test_a_file_that_changes_has_another_stamp(tmp_path: Path) -> None:
    """Content, replacement and absence each show."""
    file = tmp_path / "a"
    stamps = [stamp_of([str(file)])]
    file.write_text("1")
    stamps.append(stamp_of([str(file)]))
    file.write_text("22")
    stamps.append(stamp_of([str(file)]))
    (tmp_path / "b").write_text("33")
    (tmp_path / "b").replace(file)
    stamps.append(stamp_of([str(file)]))

    assert stamps[0] == {}
    assert all(one != other for number, one in enumerate(stamps) for other in stamps[:number])


def test_a_folder_shows_what_is_put_into_it(tmp_path: Path) -> None:
    """A drop-in that nobody knew changes the stamp of its folder."""
    before = stamp_of([str(tmp_path)])
    (tmp_path / "50-x.yaml").write_text("")

    assert stamp_of([str(tmp_path)]) != before


def test_what_changed_while_it_was_read_is_read_again() -> None:
    """Files known before keep their stamp of before; new ones count as they are; those no longer named are gone."""
    before, after = {"a": (1, 1, 1), "old": (9, 9, 9)}, {"a": (1, 1, 2), "new": (2, 2, 2)}

    assert carried(before, after) == {"a": (1, 1, 1), "new": (2, 2, 2)}
