"""What a benchmark wants of what it measured, and whether it got it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import MARKDOWN
from rich.table import Table


@dataclass(frozen=True)
class Aim:
    """A value that has to be at least, or at most, so much; None was not measured, and is not met.

    `form` shows a value: a format specification and a unit.
    """

    name: str
    value: float | None
    wanted: float
    least: bool = True
    form: str = "{:.2f}"

    @property
    def met(self) -> bool:
        if self.value is None:
            return False
        return self.value >= self.wanted if self.least else self.value <= self.wanted

    @property
    def shown(self) -> tuple[str, str, str, str]:
        """The row of a table."""
        value = "not measured" if self.value is None else self.form.format(self.value)
        bound = f"at {'least' if self.least else 'most'} {self.form.format(self.wanted)}"
        return self.name, value, bound, "met" if self.met else "NOT MET"


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """How many times theirs ours is; None when either was not measured, endless when theirs is 0."""
    if ours is None or theirs is None:
        return None
    return ours / theirs if theirs else float("inf")


def table_of(aims: Sequence[Aim]) -> Table:
    """All aims."""
    table = Table(title="Aims", title_justify="left", box=MARKDOWN)
    for column in ("measured", "value", "aim", ""):
        table.add_column(column, justify="right" if column == "value" else "left")
    for aim in aims:
        table.add_row(*aim.shown)
    return table
