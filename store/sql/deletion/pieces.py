"""Writes of many rows in pieces, each a transaction of its own, so that no recorder waits long for the write lock.

Inside an open `Store.transaction` they are part of that one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from understudy.store.sql.database.columns import Base
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.write_pieces import PieceSize

FIRST_ROWS = 32
"""Of the first piece: rows may be large."""


class Pieces:
    """The pieces of one long write, at most `most` rows each."""

    def __init__(self, database: Database, most: int = IDS_PER_QUERY) -> None:
        self._database = database
        self._size = PieceSize(FIRST_ROWS, most=most)
        self._held: float | None = None

    def choose_size(self) -> int:
        """Return the number of rows of the next piece; pause first for those who waited during the last one."""
        # Nobody can take a lock between the pieces of one transaction, and no other program that of a store in memory.
        if self._held is not None and self._database.is_file and not self._database.is_in_transaction:
            self._size.note(self._held)
        self._held = None
        return self._size.rows

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the transaction of a piece."""
        with self._database.begin_core_write() as tx:
            started = time.monotonic()
            yield tx
        self._held = time.monotonic() - started
        if self._database.checkpointer is not None:
            self._database.checkpointer.start_if_long()


def delete_rows(database: Database, row: type[Base], condition: ColumnElement[bool]) -> int:
    """Delete the rows of a table that fit, until few are left to come; return how many."""
    table = row.__table__
    assert isinstance(table, Table)
    pieces, done = Pieces(database, most=1_000), 0
    while True:
        size = pieces.choose_size()
        chosen = select(*table.primary_key).where(condition).limit(size)
        with pieces.write() as tx:
            deleted = tx.execute(delete(table).where(tuple_(*table.primary_key).in_(chosen))).rowcount
        done += deleted
        if deleted < size:
            return done
