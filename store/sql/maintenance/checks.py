"""What `Maintenance.check` looks at: SQLite's file, references between rows, and the bytes of bodies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import exists, func, select

from understudy.store.errors import NotFound, StoreError
from understudy.store.model.messages import BodyRef
from understudy.store.progress import ReportProgress
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.deletion.unused_bodies import build_abandoned_condition
from understudy.store.sql.repositories.bodies import SqlBodies

IDS_PER_PAGE = 10_000
_SOUND = "ok"
_HEADING = "*** in database"  # of several lines in one row
_THINGS = {
    "bodies": "a body",
    "deletions": "a deletion",
    "collections": "a collection",
    "environments": "an environment",
    "all_exchanges": "an exchange",
    "folders": "a folder",
    "mock_servers": "a mock server",
    "request_items": "a request item",
    "all_sessions": "a session",
}


def check_file(database: Database) -> list[str]:
    """Return what SQLite finds wrong with its file."""
    try:
        with database.borrow_driver_connection() as connection:
            rows = connection.execute("pragma integrity_check")
            found = [line for row in rows for line in str(row[0]).splitlines() if not line.startswith(_HEADING)]
    except StoreError as error:
        return [str(error)]
    # Newer versions of SQLite look into full-text indexes too, and one that is being deleted is incomplete.
    return [f"the file is damaged: {line}" for line in found if line != _SOUND and "history_search" not in line]


def check_references(database: Database) -> list[str]:
    """Return the rows that refer to what does not exist, or lack what belongs to them."""
    return [
        *_find_dangling(database),
        *_find_exchanges_without_contents(database),
        *_find_marks_without_example(database),
        *_find_abandoned_pieces(database),
    ]


def check_bodies(database: Database, bodies: SqlBodies, report: ReportProgress) -> Iterator[str]:
    """Yield the bodies whose bytes do not fit their digest or their size; one piece is in memory at a time."""
    with database.begin_read() as tx:
        total, done = tx.execute(select(func.count()).select_from(t.BodyRow)).scalar_one(), 0
    for page in _read_bodies(database):
        for digest, size in page:
            yield from _check_body(bodies, digest, size)
            done += 1
            report(done, max(total, done))


def _check_body(bodies: SqlBodies, digest: str, size: int) -> Iterator[str]:
    found, length = sha256(), 0
    try:
        for piece in bodies.read_pieces(BodyRef(digest, size)):
            found.update(piece)
            length += len(piece)
    except NotFound:  # deleted meanwhile
        return
    if length != size:
        yield f"the body {digest} has {length} bytes in place of {size}"
    elif found.hexdigest() != digest:
        yield f"the body {digest} has other bytes: their digest is {found.hexdigest()}"


def _read_bodies(database: Database) -> Iterator[Sequence[Any]]:
    row, last = t.BodyRow, ""
    while True:
        query = select(row.digest, row.size).where(row.digest > last).order_by(row.digest).limit(IDS_PER_QUERY)
        with database.begin_read() as tx:
            page = tx.execute(query).all()
        if not page:
            return
        yield page
        last = page[-1].digest


def _find_dangling(database: Database) -> Iterator[str]:
    """Yield the rows whose foreign keys lead nowhere, such as contents without an exchange."""
    with database.borrow_driver_connection() as connection:
        for table, row, parent, number in connection.execute("pragma foreign_key_check").fetchall():
            column = _name_column(connection, table, number)
            yield f"row {row} of {table} refers to {_THINGS.get(parent, parent)} that does not exist ({column})"


def _name_column(connection: sqlite3.Connection, table: str, number: int) -> str:
    keys = connection.execute(f"pragma foreign_key_list({table})").fetchall()
    return next((str(key[3]) for key in keys if key[0] == number), "unknown column")


def _find_exchanges_without_contents(database: Database) -> Iterator[str]:
    row, content = t.KeptExchangeRow, t.ExchangeContentRow
    lacks = ~exists().where(content.exchange_id == row.id)
    with database.begin_read() as tx:
        newest = tx.scalar(select(func.max(row.id))) or 0
    for start in range(0, newest, IDS_PER_PAGE):
        query = select(row.id).where(row.id > start, row.id <= start + IDS_PER_PAGE, lacks)
        with database.begin_read() as tx:
            found = tx.scalars(query).all()
        yield from (f"the history entry {id_} has no contents" for id_ in found)


def _find_marks_without_example(database: Database) -> Iterator[str]:
    mark, example = t.PromotedRow, t.ExampleRow
    has_example = exists().where(example.collection_id == mark.collection_id, example.id == mark.example_id)
    query = select(mark.exchange_id, mark.example_id).where(mark.example_id.is_not(None), ~has_example)
    with database.begin_read() as tx:
        found = tx.execute(query).all()
    for id_, example_id in found:
        yield f"the history entry {id_} is marked as promoted to the example {example_id}, which does not exist"


def _find_abandoned_pieces(database: Database) -> Iterator[str]:
    with database.begin_read() as tx:
        keys = tx.scalars(select(t.BodyPieceRow.key).distinct().where(build_abandoned_condition(database))).all()
    for key in keys:
        yield f"the pieces {key} belong to no body and are older than a day; pruning deletes them"
