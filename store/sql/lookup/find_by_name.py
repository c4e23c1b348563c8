"""Look up rows by what a person typed (a name, an id or the end of an id), and check names before they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, or_, select, true, tuple_
from sqlalchemy.orm import Session

from understudy.store.errors import Conflict, Hint, NotFound, UserError
from understudy.store.model.ids import SHORTEST_ENDING, IdKind, find_shortest_endings
from understudy.store.model.naming import SHOWN_NAMES, describe_choices, suggest
from understudy.store.sql.database.tables import CollectionRow, ExampleRow, MockServerRow
from understudy.store.sql.lookup.id_endings import TABLES, ends_with

# Nothing is created under the end of the id of an example, so a name that is one by chance does no harm.
SHORTEST_EXAMPLE_ENDING = 4
# Rows that are read for an ambiguous text; the error states how many there are.
MOST_ROWS = 100
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


def find_named(
    session: Session,
    kind: IdKind,
    text: str,
    by: Sequence[str] = ("name", "id"),
    *,
    within: ColumnElement[bool] | None = None,
    owner: str = "",
) -> Any:
    """Return the row that a text names: by one of the columns `by`, earlier ones first, else by the end of its id.

    Only rows that meet `within` are looked up; `owner` is what has them, for errors. Raises NotFound that
    suggests the nearest names or lists the first, and UserError for an end of several ids, which lists longer ends.
    """
    row, chosen = TABLES[kind], true() if within is None else within
    rows = list(session.scalars(select(row).where(chosen, or_(*(getattr(row, column) == text for column in by)))))
    if rows:
        return min(rows, key=lambda row: [getattr(row, column) != text for column in by])
    if len(text) >= SHORTEST_ENDING:
        ends = select(row).where(chosen, ends_with(row.id, text)).order_by(row.id).limit(MOST_ROWS)
        rows = list(session.scalars(ends))
    if rows:
        return _require_one_ending(rows, kind, text)
    names = session.scalars(select(row.name).where(chosen).order_by(row.name).limit(NAMES_COMPARED))
    there_is = f"{owner} has" if owner else "there is"
    raise NotFound(f"{there_is} no {kind} {text!r}; {describe_choices(list(names), text)}", what=kind, which=text)


def find_example_row(session: Session, text: str, within: ColumnElement[bool]) -> ExampleRow:
    """Return the example with this id, name or end of an id, in this order, among those that meet `within`.

    Raises NotFound, and UserError that lists ids, or the collections that have the one id.
    """
    row = ExampleRow
    ends = list(session.execute(_select_ends(text).where(within).limit(MOST_ROWS)))
    whole = [key for key in ends if key.id == text]
    if not whole:
        named = select(row).where(within, row.name == text).order_by(row.id).limit(MOST_ROWS)
        if rows := list(session.scalars(named)):
            return _require_one_name(rows, IdKind.EXAMPLE, text)
    if not ends:
        names = session.scalars(select(row.name).where(within).limit(NAMES_COMPARED))
        choices = suggest(text, names) or "give its id, the end of its id or its name"
        raise NotFound(f"there is no example {text!r}; {choices}", what=IdKind.EXAMPLE, which=text)
    return _require_one_key(session, whole or ends, text)


def _select_ends(text: str) -> Select[Any, Any]:
    row = ExampleRow
    is_meant = ends_with(row.id, text) if len(text) >= SHORTEST_EXAMPLE_ENDING else row.id == text
    return select(row.collection_id, row.id).where(is_meant).order_by(row.id != text, row.id)


def _require_one_key(session: Session, keys: Sequence[Any], text: str) -> ExampleRow:
    row = ExampleRow
    if len(keys) > 1 and len({key.id for key in keys}) == 1:
        collections = CollectionRow.id.in_([key.collection_id for key in keys])
        names = session.scalars(select(CollectionRow.name).where(collections).order_by(CollectionRow.name))
        message = f"{len(keys)} collections have an example {text!r}; choose one of {', '.join(names)}"
        raise UserError(message, what=IdKind.EXAMPLE, which=text, field="collection")
    rows = list(session.scalars(select(row).where(tuple_(row.collection_id, row.id).in_(map(tuple, keys)))))
    return _require_one_ending(rows, IdKind.EXAMPLE, text)


def _require_one_name(rows: Sequence[Row], kind: IdKind, text: str) -> Row:
    if len(rows) > 1:
        line = f"{len(rows)} {kind}s are called {text!r}; give an id: {_list_endings(rows)}"
        raise UserError(line, what=kind, which=text)
    return rows[0]


def _require_one_ending(rows: Sequence[Row], kind: IdKind, text: str) -> Row:
    if len(rows) > 1:
        line = f"the ids of {len(rows)} {kind}s end in {text!r}; give a longer end: {_list_endings(rows)}"
        raise UserError(line, what=kind, which=text)
    return rows[0]


def _list_endings(rows: Sequence[Any]) -> str:
    endings = sorted(find_shortest_endings([row.id for row in rows], ()).values())
    return ", ".join([*endings[:SHOWN_NAMES], "..."] if len(endings) > SHOWN_NAMES else endings)


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
