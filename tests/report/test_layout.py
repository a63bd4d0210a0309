"""Columns, wrapping and colour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.report.clean import plain
from aiguard_agent.report.layout import Cell, Column, cut, folded, hanging, paint, table, tidy, width, wrap

TEXT = st.text(max_size=80).map(plain)


@pytest.mark.parametrize(("text", "cells"), [("", 0), ("abc", 3), ("日本", 4), ("e\u0301", 1), ("🙂", 2), ("…·", 2)])
def test_width_counts_cells(text: str, cells: int) -> None:
    """Wide characters take two cells, combining ones none."""
    assert width(text) == cells


@pytest.mark.parametrize(
    ("text", "room", "tail", "expected"),
    [
        ("abc", 3, False, "abc"),
        ("abcd", 3, False, "ab…"),
        ("abcd", 3, True, "…cd"),
        ("日本語", 5, False, "日本…"),
        ("日本語", 4, False, "日…"),
        ("日本語", 4, True, "…語"),
        ("abc", 1, False, "…"),
        ("abc", 0, False, ""),
    ],
)
def test_cutting_leaves_a_mark(text: str, room: int, tail: bool, expected: str) -> None:
    """What does not fit is cut at the wanted end, with an ellipsis, never through a wide character."""
    assert cut(text, room, keep_tail=tail) == expected


@given(text=TEXT, room=st.integers(0, 30), tail=st.booleans())
def test_cut_text_fits(text: str, room: int, tail: bool) -> None:
    """A cut text is never wider than its room."""
    assert width(cut(text, room, keep_tail=tail)) <= room


@given(text=TEXT, room=st.integers(2, 30))
def test_wrapped_text_fits_and_is_whole(text: str, room: int) -> None:
    """Wrapped lines fit and lose nothing but blanks."""
    lines = wrap(text, room)

    assert lines
    assert max(map(width, lines)) <= room
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_words_stay_whole_where_they_can() -> None:
    """Lines break at blanks first, inside a word only when it is longer than a line."""
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("a abcdefghij", 4) == ["a", "abcd", "efgh", "ij"]
    assert wrap("", 4) == [""]


def test_a_hanging_text_is_indented() -> None:
    """The lines after the first stand under the first one's words."""
    assert hanging("why", "aaaaaaaaaaaaaaa bbbbbbbbbbbbbbb", 25, indent=5) == [
        "why  aaaaaaaaaaaaaaa",
        "     bbbbbbbbbbbbbbb",
    ]


def test_columns_are_aligned_and_empty_ones_vanish() -> None:
    """Cells of a column begin in the same place; a column without a word takes no room."""
    rows = [[Cell(text="a"), Cell(text=""), Cell(text="日本")], [Cell(text="bbb"), Cell(text=""), Cell(text="c")]]

    assert table(rows, [Column(least=1)] * 3, 40, on=False) == ["  a    日本", "  bbb  c"]
    assert table([], [Column(least=1)] * 3, 40, on=False) == []


def test_the_widest_column_gives_way() -> None:
    """On a narrow line the longest column is cut, a path at its front."""
    rows = [[Cell(text="short"), Cell(text="/a/long/path/to/model.gguf")]]

    assert table(rows, [Column(least=5), Column(least=5, keep_tail=True)], 20, on=False) == ["  short  …model.gguf"]


@given(cells=st.lists(TEXT, min_size=3, max_size=3), room=st.integers(12, 60))
def test_table_lines_fit(cells: list[str], room: int) -> None:
    """No line is wider than its room, whatever is in it."""
    lines = table([[Cell(text=cell) for cell in cells]], [Column(least=10)] * 3, room, on=False)

    assert all(width(line) <= room for line in lines)


def test_colour_is_off_unless_wanted() -> None:
    """An escape sequence appears only when colour is on and there is something to colour."""
    assert paint("x", "red", on=False) == "x"
    assert paint("x", "red", on=True) == "\x1b[31mx\x1b[0m"
    assert paint("", "red", on=True) == ""
    assert paint("x", "", on=True) == "x"


def test_long_texts_are_clipped() -> None:
    """A text of megabytes costs a line or two, and says that it goes on."""
    assert tidy("a\n" * 10, 4) == "a\\na\\n…"
    assert tidy("abcd", 4) == "abcd"


def test_rows_fold_when_one_of_them_is_too_wide() -> None:
    """Where the line is too narrow the last columns stand whole below the first, for every row alike."""
    rows = [
        [Cell(text="SHADOW"), Cell(text="ollama"), Cell(text="a model with a long name"), Cell(text="bob")],
        [Cell(text="fine"), Cell(text="vllm"), Cell(text="m"), Cell(text="")],
    ]

    wide = folded(rows, [Column(least=4)] * 4, 60, keep=2, on=False)
    narrow = folded(rows, [Column(least=4)] * 4, 40, keep=2, on=False)

    assert wide[1] == ["  fine    vllm    m"]
    assert narrow == [
        ["  SHADOW  ollama", "          a model with a long name · bob"],
        ["  fine    vllm", "          m"],
    ]
    assert folded([], [Column(least=4)] * 4, 40, keep=2, on=False) == []


@given(cells=st.lists(TEXT, min_size=4, max_size=4), room=st.integers(40, 90))
def test_folded_lines_fit(cells: list[str], room: int) -> None:
    """No line of a folded row is wider than its room while the first column is a short word."""
    (lines,) = folded(
        [[Cell(text=cells[0][:8]), *(Cell(text=text) for text in cells[1:])]],
        [Column(least=4)] * 4,
        room,
        keep=2,
        on=False,
    )

    assert all(width(line) <= room for line in lines)


def test_no_room_at_all_is_survived() -> None:
    """Columns give way down to nothing before a line gets too wide."""
    assert table([[Cell(text="abc"), Cell(text="def")]], [Column(least=3)] * 2, 3, on=False) == [""]
    assert table([[Cell(text="abc"), Cell(text="def")]], [Column(least=3)] * 2, 6, on=False) == ["  …  …"]
