"""Insert many rows with few long statements, which go straight to the driver.

SQLAlchemy's own bulk insert takes longer than the database does. Python's driver releases the GIL for each statement
that it runs for one row, and waits to get it back from a busy thread: fewer statements mean fewer waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import DeclarativeBase, Session

from understudy.store.sql.database.engine import get_driver_connection

# Rows of one statement: a statement must not bind more values than SQLite allows (sqlite.org/limits.html).
MOST_ROWS = 64

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


def insert_numbered(tx: Connection, table: TableClass, rows: Rows) -> list[int]:
    """Insert rows that the database numbers, and return their numbers. `tx` must hold the write lock."""
    # No other program can take a number meanwhile, so the numbers of one statement are consecutive.
    return [number for last, size in _insert(tx, table, rows, "") for number in range(last - size + 1, last + 1)]


def _insert(tx: Connection | Session, table: TableClass, rows: Rows, ending: str) -> Iterator[tuple[int, int]]:
    """Insert rows; yield for each statement the number of its last row, and how many rows it inserted."""
    if not rows:
        return
    driver = get_driver_connection(tx if isinstance(tx, Connection) else tx.connection())
    names = tuple(rows[0])
    values_of = itemgetter(*names)
    for start in range(0, len(rows), MOST_ROWS):
        batch = rows[start : start + MOST_ROWS]
        text = _build_statement(table.__tablename__, names, len(batch)) + ending
        cursor = driver.execute(text, tuple(chain.from_iterable(map(values_of, batch))))
        yield cursor.lastrowid, len(batch)


@cache
def _build_statement(table: str, names: tuple[str, ...], number: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"insert into {table} ({', '.join(names)}) values {', '.join([row] * number)}"  # noqa: S608 - the names are constants
