"""Tables for people: which columns are cut, dropped or kept whole where a terminal is narrow.

What is to be copied (ids, commands, URLs) is never cut. A table that is too wide first loses the middle of its
long paths and the ends of its long texts, the longest first, then its least needed columns. To a pipe, nothing is cut.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from understudy.proxy.cli.terminal_text import Styled, escape_line

GAP = 2
"""The spaces between two columns."""
ELLIPSIS = "…"
PATH_WIDTH = 40
"""The cells that a path always has."""
NAME_WIDTH = 30
"""The cells that a name always has. Of a longer one, the id beside it can be copied in its place."""


class Cut(enum.Enum):
    """Where the texts of a column are cut if they are too long."""

    NEVER = enum.auto()
    END = enum.auto()
    MIDDLE = enum.auto()


class Column(NamedTuple):
    """A column of a table.

    A text that is cut keeps at least `least` cells of the terminal. Columns with a number in `drop` are left out where
    there is no room, the highest number first. A column that is `below` stands last, and has a line of its own where
    there is no room beside the others.
    """

    title: str
    cut: Cut = Cut.NEVER
    least: int = 12
    drop: int = 0
    below: bool = False


class Short(NamedTuple):
    """A text with a short form for terminals."""

    whole: str
    short: str


Cell = str | int | float | Short | Styled | None
"""What stands in a table. Columns of numbers are aligned to the right."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The widths of the columns that are shown, by their place, and the column that has lines of its own."""

    widths: Mapping[int, int]
    below: int | None = None


@dataclass(frozen=True, slots=True)
class RowForm:
    """How each row of a table is written; `numeric` are the places of the columns of numbers."""

    columns: Sequence[Column]
    layout: Layout
    numeric: Set[int]

    def format(self, texts: Sequence[str], cells: Sequence[Cell]) -> Iterator[list[str | Styled]]:
        """Yield the lines of a row whose cells have these texts."""
        parts: list[str | Styled] = []
        for n, room in self.layout.widths.items():
            text, cell = cut_text(texts[n], room, self.columns[n].cut), cells[n]
            shown = Styled(text, cell.style) if isinstance(cell, Styled) else text
            padding = " " * (room - measure(text))
            parts += [padding, shown, " " * GAP] if n in self.numeric else [shown, padding, " " * GAP]
        while parts and isinstance(parts[-1], str) and not parts[-1].strip():
            parts.pop()
        yield parts
        if self.layout.below is not None:
            yield ["  ", texts[self.layout.below]]


def format_table(
    columns: Sequence[Column], rows: Iterable[Sequence[Cell]], width: int | None
) -> Iterator[list[str | Styled]]:
    """Yield the lines of a table, as parts, that is to be `width` cells wide; if that is None, nothing is shortened.

    Lines are longer than that where what is never cut is.
    """
    listed = [list(row) for row in rows]
    texts = [[_plain(cell, is_short=width is not None) for cell in row] for row in listed]
    needed = [max(map(measure, (column.title, *cells))) for column, *cells in zip(columns, *texts, strict=True)]
    layout = _lay_out(columns, needed, width)
    numeric = {n for n in layout.widths if all(row[n] is None or isinstance(row[n], int | float) for row in listed)}
    titles = [Styled(column.title, "bold") for column in columns]
    form = RowForm(columns, layout, numeric)
    yield from form.format([title.text for title in titles], titles)
    for cells, row in zip(texts, listed, strict=True):
        yield from form.format(cells, row)


def measure(text: str) -> int:
    """Return the cells of a terminal that a text takes: two for an ideograph or an emoji, none for an accent on it."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut_text(text: str, width: int, cut: Cut) -> str:
    """Return a text of at most `width` cells, which has an ellipsis where it was cut."""
    if cut is Cut.NEVER or measure(text) <= width:
        return text
    room = max(width - measure(ELLIPSIS), 0)
    if cut is Cut.END:
        return _begin(text, room) + ELLIPSIS
    tail = _begin(text[::-1], room // 2)[::-1]
    return _begin(text, room - measure(tail)) + ELLIPSIS + tail


def _begin(text: str, room: int) -> str:
    """Return as much of the beginning of a text as takes at most `room` cells."""
    while measure(text) > room:
        # Each character takes two cells at most, so nothing that fits is lost.
        text = text[: max(len(text) - max((measure(text) - room) // 2, 1), 0)]
    return text


def _plain(cell: Cell, *, is_short: bool) -> str:
    match cell:
        case None:
            return ""
        case Short():
            return escape_line(cell.short if is_short else cell.whole)
        case Styled():
            return escape_line(cell.text)
        case _:
            return escape_line(str(cell))


def _lay_out(columns: Sequence[Column], needed: Sequence[int], width: int | None) -> Layout:
    shown = list(range(len(columns)))
    if width is None:
        return Layout(dict(enumerate(needed)))
    widths = _shrink(columns, {n: needed[n] for n in shown}, width)
    while _excess(widths, width) > 0 and (droppable := [n for n in shown if columns[n].drop]):
        shown.remove(max(droppable, key=lambda n: columns[n].drop))
        widths = _shrink(columns, {n: needed[n] for n in shown}, width)
    if _excess(widths, width) > 0 and columns[shown[-1]].below:
        return Layout(_lay_out(columns[: shown[-1]], needed, width).widths, shown[-1])
    return Layout(widths)


def _shrink(columns: Sequence[Column], widths: Mapping[int, int], width: int) -> dict[int, int]:
    """Return widths that fit, if columns that may be cut can be so narrow; the widest ones become narrow first."""
    least = {n: max(columns[n].least, measure(columns[n].title)) for n in widths if columns[n].cut is not Cut.NEVER}
    widths = {n: min(needed, max(width, least[n])) if n in least else needed for n, needed in widths.items()}
    while _excess(widths, width) > 0 and (wide := [n for n in least if widths[n] > least[n]]):
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def _excess(widths: Mapping[int, int], width: int) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1) - width
