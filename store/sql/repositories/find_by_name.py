"""Finding a thing by what a person typed: its name, its id, or the end of its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from understudy.store.errors import NotFound, UserError
from understudy.store.model.naming import SHOWN_NAMES, describe_choices
from understudy.store.sql.database.tables import MockServerRow

SHORTEST_ID_END = 4
LONGEST_NAME = 200

Row = TypeVar("Row")


def check_name(kind: str, name: str) -> None:
    """Raise UserError for a name that nobody could read or type."""
    a = "an" if kind[0] in "aeiou" else "a"
    if not name.strip():
        raise UserError(f"{a} {kind} needs a name that is not empty")
    if not name.isprintable():
        raise UserError(f"{a} {kind} needs a name without control characters, got {name!r}")
    if len(name) > LONGEST_NAME:
        raise UserError(f"{a} {kind} needs a name of at most {LONGEST_NAME} characters, got {len(name)}")


def find_named(session: Session, table: type[Row], kind: str, text: str, by: Sequence[str] = ("name", "id")) -> Row:
    """The row whose name or id this is, the columns in `by` in their order; raises NotFound that lists some names."""
    columns: Any = table
    rows = list(session.scalars(select(table).where(or_(*(getattr(columns, column) == text for column in by)))))
    if rows:
        return min(rows, key=lambda row: [getattr(row, column) != text for column in by])
    names = session.scalars(select(columns.name).order_by(columns.name).limit(SHOWN_NAMES + 1))
    raise NotFound(f"there is no {kind} {text!r}; {describe_choices(list(names))}")


def check_unused(session: Session, used: str, by: ColumnElement[bool], way_out: str) -> None:
    """Raise UserError when mock servers use what is to be deleted; `way_out` is what to do with them instead."""
    names = list(session.scalars(select(MockServerRow.name).where(by).order_by(MockServerRow.name)))
    if names:
        servers = "mock server" if len(names) == 1 else "mock servers"
        raise UserError(f"{used} is used by {servers} {', '.join(names)}; {way_out}")


def require_one(rows: list[Row], kind: str, text: str) -> Row:
    """The one row that was found; raises NotFound for none, UserError for several."""
    if not rows:
        raise NotFound(f"there is no {kind} {text!r}; give its id, the end of its id or its name")
    if len(rows) > 1:
        ids = ", ".join(str(getattr(row, "id", "")) for row in rows[:SHOWN_NAMES])
        raise UserError(f"{len(rows)} {kind}s are called {text!r}; give an id: {ids}{', ...' if len(rows) > 5 else ''}")
    return rows[0]
