"""Finding a thing by what a person typed: its name, its id, or the end of its id."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from store.errors import NotFound, UserError

SHORTEST_ID_END = 4
SHOWN_NAMES = 5

Row = TypeVar("Row")


def check_name(kind: str, name: str) -> None:
    """Raise UserError for a name that nobody could read or type."""
    if not name.strip():
        raise UserError(f"a {kind} needs a name that is not empty")
    if not name.isprintable():
        raise UserError(f"a {kind} needs a name without control characters, got {name!r}")


def find_named(session: Session, table: type[Row], kind: str, text: str) -> Row:
    """The row of this name or id, the name first; raises NotFound that lists some names there are."""
    columns: Any = table
    rows = list(session.scalars(select(table).where(or_(columns.name == text, columns.id == text))))
    if rows:
        return max(rows, key=lambda row: bool(getattr(row, "name", None) == text))
    names = list(session.scalars(select(columns.name).order_by(columns.name).limit(SHOWN_NAMES + 1)))
    if not names:
        raise NotFound(f"there is no {kind} {text!r}; there are none yet")
    more = ", ..." if len(names) > SHOWN_NAMES else ""
    raise NotFound(f"there is no {kind} {text!r}; there are: {', '.join(names[:SHOWN_NAMES])}{more}")


def the_only(rows: list[Row], kind: str, text: str) -> Row:
    """The one row that was found; raises NotFound for none, UserError for several."""
    if not rows:
        raise NotFound(f"there is no {kind} {text!r}; give its id, the end of its id or its name")
    if len(rows) > 1:
        ids = ", ".join(str(getattr(row, "id", "")) for row in rows[:SHOWN_NAMES])
        raise UserError(f"{len(rows)} {kind}s are called {text!r}; give an id: {ids}{', ...' if len(rows) > 5 else ''}")
    return rows[0]
