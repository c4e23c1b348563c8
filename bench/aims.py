"""The aims of a benchmark, and whether its measurements meet them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import MARKDOWN
from rich.table import Table


@dataclass(frozen=True)
class Aim:
    """A measured value and its lower or upper limit; a value of None was not measured, and does not meet the aim.

    `form` formats a value: a format specification and a unit.
    """

    name: str
    value: float | None
    limit: float
    least: bool = True
    form: str = "{:.2f}"

    @property
    def met(self) -> bool:
        if self.value is None:
            return False
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def shown(self) -> tuple[str, str, str, str]:
        """The row of the table of aims."""
        value = "not measured" if self.value is None else self.form.format(self.value)
        bound = f"at {'least' if self.least else 'most'} {self.form.format(self.limit)}"
        return self.name, value, bound, "met" if self.met else "NOT MET"


def compute_ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return `ours` divided by `theirs`: None if either was not measured, infinity if `theirs` is 0."""
    if ours is None or theirs is None:
        return None
    return ours / theirs if theirs else float("inf")


def make_table(aims: Sequence[Aim]) -> Table:
    """Return the table of all aims."""
    table = Table(title="Aims", title_justify="left", box=MARKDOWN)
    for column in ("measured", "value", "aim", ""):
        table.add_column(column, justify="right" if column == "value" else "left")
    for aim in aims:
        table.add_row(*aim.shown)
    return table
