"""Look up rows by what a person typed (a name, an id or the end of an id), and check names before they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from understudy.store.errors import Conflict, Hint, NotFound, UserError
from understudy.store.model.naming import SHOWN_NAMES, describe_choices, suggest
from understudy.store.sql.database.tables import MockServerRow

SHORTEST_ID_END = 4
LONGEST_NAME = 200
NAMES_COMPARED = 1_000
"""The names that are compared with one that does not exist, to suggest the nearest."""

Row = TypeVar("Row")


def check_name(kind: str, name: str) -> None:
    """Raise UserError for a name that is empty, longer than `LONGEST_NAME`, or has control characters."""
    article = "an" if kind[0] in "aeiou" else "a"
    if not name.strip():
        problem = "that is not empty"
    elif not name.isprintable():
        problem = f"without control characters, got {name!r}"
    elif len(name) > LONGEST_NAME:
        problem = f"of at most {LONGEST_NAME} characters, got {len(name)}"
    else:
        return
    raise UserError(f"{article} {kind} needs a name {problem}", what=kind, which=name)


def find_named(session: Session, table: type[Row], kind: str, text: str, by: Sequence[str] = ("name", "id")) -> Row:
    """Return the row that has this text in one of the columns `by`, of which earlier ones go first.

    Raises NotFound that suggests the nearest names of the table, or lists the first.
    """
    columns: Any = table
    rows = list(session.scalars(select(table).where(or_(*(getattr(columns, column) == text for column in by)))))
    if rows:
        return min(rows, key=lambda row: [getattr(row, column) != text for column in by])
    names = session.scalars(select(columns.name).order_by(columns.name).limit(NAMES_COMPARED))
    raise NotFound(f"there is no {kind} {text!r}; {describe_choices(list(names), text)}", what=kind, which=text)


def require_one(rows: list[Row], kind: str, text: str, names: Iterable[str] = ()) -> Row:
    """Return the only row; raise NotFound for no rows, UserError that lists ids for several.

    `names` are those that are suggested in the place of one that does not exist.
    """
    if not rows:
        choices = suggest(text, names) or "give its id, the end of its id or its name"
        raise NotFound(f"there is no {kind} {text!r}; {choices}", what=kind, which=text)
    if len(rows) > 1:
        ids = [str(getattr(row, "id", "")) for row in rows[:SHOWN_NAMES]]
        shown = ", ".join([*ids, "..."] if len(rows) > SHOWN_NAMES else ids)
        raise UserError(f"{len(rows)} {kind}s are called {text!r}; give an id: {shown}", what=kind, which=text)
    return rows[0]


def require_row(row: Row | None, kind: str, id_: str) -> Row:
    """Return a row that was looked up by its id; raise NotFound for None."""
    if row is None:
        raise NotFound(f"there is no {kind} with the id {id_!r}", what=kind, which=id_)
    return row


def make_name_conflict(kind: str, name: str) -> Conflict:
    """Return the error for a name that another thing of this kind has."""
    article = "an" if kind[0] in "aeiou" else "a"
    return Conflict(f"there is {article} {kind} {name!r} already", what=kind, which=name)


def check_unused(session: Session, kind: str, name: str, by: ColumnElement[bool], action: str) -> None:
    """Raise Conflict if mock servers use the thing that is to be deleted.

    `by` selects the mock servers; `action` is that of the hint, whose value `mock_servers` lists their names.
    """
    names = list(session.scalars(select(MockServerRow.name).where(by).order_by(MockServerRow.name)))
    if names:
        users, listed = "mock server" if len(names) == 1 else "mock servers", ", ".join(names)
        hint = Hint(action, {"mock_servers": listed})
        raise Conflict(f"the {kind} {name} is used by the {users} {listed}", what=kind, which=name, hint=hint)
