"""Rows that move to the tables of the trash and back, at once or in pieces, and are deleted there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, insert, literal, select, tuple_
from sqlalchemy.orm import Session as Transaction

from understudy.store.sql.database.columns import Base
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.trash_tables import TRASH
from understudy.store.sql.deletion.pieces import Pieces

ROWS_PER_PIECE = 500

TableRow = type[Base]
Condition = ColumnElement[bool]
Move = Callable[[Connection | Transaction], int]


def move_to_trash(tx: Connection | Transaction, row: TableRow, number: int, condition: Condition) -> int:
    """Move the rows of a table that fit to the trash; return how many."""
    table, trash = _get_tables(row)
    columns = list(table.columns)
    chosen = select(literal(number), *columns).where(condition)
    tx.execute(insert(trash).from_select(["deletion", *(column.name for column in columns)], chosen))
    return int(tx.execute(delete(table).where(condition)).rowcount)  # type: ignore[attr-defined, union-attr, unused-ignore]


def move_back(
    tx: Connection | Transaction, row: TableRow, number: int, condition: Condition | None = None, **new: Any
) -> int:
    """Move rows of a deletion from the trash to their table, with `new` values in these columns; return how many.

    `condition` is one on the table of the trash.
    """
    table, trash = _get_tables(row)
    chosen = trash.c.deletion == number
    chosen = chosen if condition is None else chosen & condition
    values = [literal(new[column.name]) if column.name in new else trash.c[column.name] for column in table.columns]
    tx.execute(insert(table).from_select([column.name for column in table.columns], select(*values).where(chosen)))
    return int(tx.execute(delete(trash).where(chosen)).rowcount)  # type: ignore[attr-defined, union-attr, unused-ignore]


def move_to_trash_in_pieces(database: Database, row: TableRow, number: int, condition: Condition) -> None:
    """Move the rows that fit to the trash, in several transactions."""
    table, _ = _get_tables(row)
    key = tuple_(*table.primary_key)

    def move(tx: Connection, size: int) -> int:
        some = tx.execute(select(*table.primary_key).where(condition).limit(size)).all()
        return move_to_trash(tx, row, number, key.in_([tuple(one) for one in some])) if some else 0

    _repeat(database, move)


def move_back_in_pieces(database: Database, row: TableRow, number: int, condition: Condition | None = None) -> None:
    """Move the rows of a deletion back, in several transactions; `condition` is one on the table of the trash."""
    table, trash = _get_tables(row)
    key = [trash.c[column.name] for column in table.primary_key]
    chosen = trash.c.deletion == number
    chosen = chosen if condition is None else chosen & condition

    def move(tx: Connection, size: int) -> int:
        some = tx.execute(select(*key).where(chosen).limit(size)).all()
        return move_back(tx, row, number, tuple_(*key).in_([tuple(one) for one in some])) if some else 0

    _repeat(database, move)


def empty_trash(database: Database, row: TableRow, number: int) -> None:
    """Delete the rows of a deletion from the trash, in several transactions."""
    _, trash = _get_tables(row)
    key = list(trash.primary_key)

    def drop(tx: Connection, size: int) -> int:
        some = select(*key).where(trash.c.deletion == number).limit(size)
        return int(tx.execute(delete(trash).where(tuple_(*key).in_(some))).rowcount)

    _repeat(database, drop)


def _repeat(database: Database, do: Callable[[Connection, int], int]) -> None:
    pieces, done = Pieces(database, ROWS_PER_PIECE), 1
    while done:
        size = pieces.choose_size()
        with pieces.write() as tx:
            done = do(tx, size)


def _get_tables(row: TableRow) -> tuple[Table, Table]:
    table = row.__table__
    assert isinstance(table, Table)
    return table, TRASH[row]
