"""What a table keeps, cuts and leaves out where a terminal is narrow."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.proxy.cli.tables.table import Cell, Column, Cut, Short, cut_text, format_table, measure
from understudy.proxy.cli.terminal_text import Styled, render_line

NAMED = (Column("NAME", Cut.END, least=6), Column("PATH", Cut.MIDDLE, least=8), Column("N", drop=1), Column("ID"))
ROW = ("a-long-name", "/users/with/a/long/path", 12, Short("01J8ABCDEF", "ABCDEF"))
WHOLE = "a-long-name  /users/with/a/long/path  12  "


def show(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int | None) -> list[str]:
    """The lines of a table without styles."""
    return [render_line(*parts) for parts in format_table(columns, rows, width)]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (None, ["NAME         PATH                      N  ID", f"{WHOLE}01J8ABCDEF"]),
        (48, ["NAME         PATH                      N  ID", f"{WHOLE}ABCDEF"]),
        (44, ["NAME         PATH                  N  ID", "a-long-name  /users/wi…long/path  12  ABCDEF"]),
        (40, ["NAME         PATH              N  ID", "a-long-name  /users/…ng/path  12  ABCDEF"]),
        (28, ["NAME    PATH       N  ID", "a-lon…  /use…ath  12  ABCDEF"]),
        (27, ["NAME      PATH       ID", "a-long-…  /use…path  ABCDEF"]),
        (9, ["NAME    PATH      ID", "a-lon…  /use…ath  ABCDEF"]),
    ],
)
def test_the_longest_text_is_cut_first_and_then_a_column_is_left_out(width: int | None, lines: list[str]) -> None:
    """To a pipe nothing is, and an id is whole; on a terminal it is short, and never cut."""
    assert show(NAMED, [ROW], width) == lines


def test_the_columns_that_are_needed_least_are_left_out_first() -> None:
    columns = (Column("A"), Column("B", drop=1), Column("C", drop=2))
    row = ("aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc")
    assert show(columns, [row], 25)[1] == "aaaaaaaaaa  bbbbbbbbbb"
    assert show(columns, [row], 20)[1] == "aaaaaaaaaa"


def test_a_url_that_has_no_room_has_a_line_of_its_own() -> None:
    columns = (Column("NAME", Cut.END, least=6), Column("URL", below=True))
    url = "http://127.0.0.1:4000/mocks/shop/"
    assert show(columns, [("shop", url)], 39) == ["NAME  URL", f"shop  {url}"[:6] + url]
    assert show(columns, [("shop", url)], 36) == ["NAME", "  URL", "shop", f"  {url}"]


@pytest.mark.parametrize(
    ("text", "cells"), [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("שלום", 4), ("\U0001f600", 2), ("…", 1)]
)
def test_wide_characters_take_two_cells(text: str, cells: int) -> None:
    assert measure(text) == cells


def test_columns_stand_straight_below_wide_characters() -> None:
    lines = show((Column("NAME"), Column("ID")), [("日本語", "1"), ("abc", "2"), ("שלום", "3")], 80)
    assert [measure(line[: -len(line.split()[-1])]) for line in lines] == [8, 8, 8, 8]


def test_numbers_are_aligned_to_the_right_and_nothing_ends_in_spaces() -> None:
    assert show((Column("N"), Column("NOTE")), [(1, ""), (100, None), (None, "x")], 80) == [
        "  N  NOTE",
        "  1",
        "100",
        "     x",
    ]


def test_what_is_not_printable_is_escaped_before_it_is_measured() -> None:
    assert show((Column("A"), Column("B")), [("\x1b[31m", "[bold]\n"), ("b", Styled("\u202e", "red"))], 80) == [
        "A        B",
        "%1B[31m  [bold]%0A",
        "b        %E2%80%AE",
    ]


def test_titles_are_bold_and_a_style_does_not_cover_the_space_beside_it() -> None:
    parts = list(format_table((Column("S"), Column("T")), [(Styled("404", "yellow"), "x")], 80))
    assert render_line(*parts[0], styled=True) == "\x1b[1mS\x1b[0m    \x1b[1mT\x1b[0m"
    assert render_line(*parts[1], styled=True) == "\x1b[33m404\x1b[0m  x"


@given(st.text(), st.integers(1, 30), st.sampled_from([Cut.END, Cut.MIDDLE]))
def test_a_text_that_is_cut_has_room(text: str, width: int, cut: Cut) -> None:
    assert measure(cut_text(text, width, cut)) <= max(width, measure(text) if measure(text) <= width else 0)


@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=90), st.integers(), st.text(max_size=8)), min_size=1))
def test_a_table_is_no_wider_than_its_terminal_if_what_is_whole_has_room(
    rows: list[tuple[str, str, int, str]],
) -> None:
    columns = (Column("NAME", Cut.END), Column("PATH", Cut.MIDDLE, least=30), Column("N", drop=1), Column("ID"))
    assert max(map(measure, show(columns, rows, 120))) <= 120
