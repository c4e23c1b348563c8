"""Insert many rows with few long statements, which go straight to the driver.

SQLAlchemy's own bulk insert takes longer than the database does. Python's driver releases the GIL for each statement
that it runs for one row, and waits to get it back from a busy thread: fewer statements mean fewer waits.

The driver keeps each statement that it has run, by its text, with a copy of the values that were bound to it last. So
a statement for many rows has a bound in bytes, and one of large values is run once more with none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import DeclarativeBase, Session

from understudy.store.sql.database.engine import get_driver_connection

# Rows of one statement: a statement must not bind more values than SQLite allows (sqlite.org/limits.html).
MOST_ROWS = 64
# The driver keeps up to 128 statements.
MOST_BYTES = 128 * 1024

Rows = Sequence[Mapping[str, Any]]
TableClass = type[DeclarativeBase]


def insert_rows(tx: Connection | Session, table: TableClass, rows: Rows) -> None:
    """Insert rows that all have the same columns, with values that the driver accepts."""
    for _ in _insert(tx, table, rows, ""):
        pass


def insert_missing(tx: Connection | Session, table: TableClass, rows: Rows) -> None:
    """Insert the rows whose primary key is new; another process may insert the same rows meanwhile."""
    for _ in _insert(tx, table, rows, " on conflict do nothing"):
        pass


def insert_unless_repeated(
    tx: Connection, table: TableClass, rows: Rows, unique: tuple[str, ...]
) -> tuple[list[int], list[bool]]:
    """Insert rows that the database numbers; return their numbers, and for each whether it was inserted.

    A row is not inserted if one with the same values in the `unique` columns exists and is not in the trash; it has the
    number of that one then. `tx`
    must hold the write lock.
    """
    ids: list[int] = []
    added: list[bool] = []
    for batch in _split(rows):
        try:
            [(last, inserted)] = _insert(tx, table, batch, "")
        except sqlite3.IntegrityError:  # rarely; SQLite has undone the statement alone
            for row in batch:
                [(last, inserted)] = _insert(tx, table, [row], " on conflict do nothing")
                ids.append(last if inserted else _find_number(tx, table, row, unique))
                added.append(bool(inserted))
        else:
            # No other program can take a number meanwhile, so the numbers of one statement are consecutive.
            ids += range(last - inserted + 1, last + 1)
            added += [True] * inserted
    return ids, added


def _find_number(tx: Connection, table: TableClass, row: Mapping[str, Any], unique: tuple[str, ...]) -> int:
    columns = table.__table__.c
    same = (columns[name] == row[name] for name in unique)
    return int(tx.scalars(select(columns.id).where(columns.deletion.is_(None), *same)).one())


def _insert(tx: Connection | Session, table: TableClass, rows: Rows, ending: str) -> Iterator[tuple[int, int]]:
    """Insert rows; yield for each statement the number of the last row, and how many rows it inserted."""
    if not rows:
        return
    driver = get_driver_connection(tx if isinstance(tx, Connection) else tx.connection())
    names = tuple(rows[0])
    values_of = itemgetter(*names)
    for batch in _split(rows):
        if len(batch) == 1 and _measure(batch[0]) > MOST_BYTES:
            text = _build_large_statement(table.__tablename__, names) + ending
            yield _insert_large(driver, text, values_of(batch[0]))
            continue
        text = _build_statement(table.__tablename__, names, len(batch)) + ending
        cursor = driver.execute(text, tuple(chain.from_iterable(map(values_of, batch))))
        yield cursor.lastrowid, cursor.rowcount


def _insert_large(driver: Any, text: str, values: Sequence[Any]) -> tuple[int, int]:
    cursor = driver.execute(text, (*values, True))
    last, inserted = cursor.lastrowid, cursor.rowcount
    driver.execute(text, (*repeat(None, len(values)), False))  # the copies of the values are freed
    return last, inserted


def _split(rows: Rows) -> Iterator[Rows]:
    """Yield the rows of each statement; one of more than MOST_BYTES has a single row."""
    start, size = 0, 0
    for position, row in enumerate(rows):
        length = _measure(row)
        if position > start and (position - start == MOST_ROWS or size + length > MOST_BYTES):
            yield rows[start:position]
            start, size = position, 0
        size += length
    if start < len(rows):
        yield rows[start:]


def _measure(row: Mapping[str, Any]) -> int:
    """Return the size of the long values of a row."""
    return sum(len(value) for value in row.values() if type(value) in _LONG_TYPES)


_LONG_TYPES = frozenset({bytes, str, memoryview, bytearray})


@cache
def _build_statement(table: str, names: tuple[str, ...], number: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"insert into {table} ({', '.join(names)}) values {', '.join([row] * number)}"  # noqa: S608 - the names are constants


@cache
def _build_large_statement(table: str, names: tuple[str, ...]) -> str:
    """Return a statement that inserts a row if its last value is true, and nothing otherwise."""
    return f"insert into {table} ({', '.join(names)}) select {', '.join('?' * len(names))} where ?"
