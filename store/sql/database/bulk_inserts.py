"""Many rows put in at once: one long statement, which the driver gets as it is.

SQLAlchemy's way with many rows costs more than their insertion does. And Python's driver lets go of the interpreter
for each row that it puts in or reads: beside a busy thread it waits as often to get it back.
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

# Of one statement: more would bind more values than SQLite takes (sqlite.org/limits.html), fewer are not felt.
MOST_ROWS = 64

Rows = Sequence[Mapping[str, Any]]
TableClass = type[DeclarativeBase]


def insert_rows(tx: Connection | Session, table: TableClass, rows: Rows) -> None:
    """Insert rows, all with the same columns, their values as the driver takes them."""
    for _ in _insert(tx, table, rows, ""):
        pass


def insert_missing(tx: Connection | Session, table: TableClass, rows: Rows) -> None:
    """Insert the rows whose primary key is not there yet; another process may be doing the same."""
    for _ in _insert(tx, table, rows, " on conflict do nothing"):
        pass


def insert_numbered(tx: Connection, table: TableClass, rows: Rows) -> list[int]:
    """Insert rows that get their numbers from the database; returns these. `tx` holds the write lock."""
    # Nobody else takes a number, so that those of one statement follow each other.
    return [number for last, size in _insert(tx, table, rows, "") for number in range(last - size + 1, last + 1)]


def _insert(tx: Connection | Session, table: TableClass, rows: Rows, ending: str) -> Iterator[tuple[int, int]]:
    """For each statement, the number that the last of its rows got, and how many rows it put in."""
    if not rows:
        return
    driver = get_driver_connection(tx if isinstance(tx, Connection) else tx.connection())
    names = tuple(rows[0])
    values_of = itemgetter(*names)
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS]
        text = _build_statement(table.__tablename__, names, len(some)) + ending
        done = driver.execute(text, tuple(chain.from_iterable(map(values_of, some))))
        yield done.lastrowid, len(some)


@cache
def _build_statement(table: str, names: tuple[str, ...], number: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"insert into {table} ({', '.join(names)}) values {', '.join([row] * number)}"  # noqa: S608 - names of ours
