"""How much is deleted, for questions and for the limit of the trash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, union
from sqlalchemy.orm import Session as Transaction

from understudy.store.repositories.trash import Amount
from understudy.store.sql.database import tables as t
from understudy.store.sql.mapping.body_rows import MAX_INLINE_BYTES

ROW_BYTES = 1_000
"""What an exchange, an example or a call takes beside its bodies, about."""


def measure_exchanges(tx: Transaction, condition: ColumnElement[bool]) -> Amount:
    """Return how much the exchanges are that fit, which are not in the trash; examples of them are counted, too."""
    row, mark = t.ExchangeRow, t.PromotedRow
    small = sum((_sum_small(column) for column in (row.request_size, row.response_size)), start=0)
    number, size = tx.execute(select(func.count(), small).select_from(row).where(condition)).one()
    chosen = select(row.id).where(condition)
    promoted = select(func.count(mark.example_id.distinct())).where(mark.exchange_id.in_(chosen))
    large = condition & ((row.request_size > MAX_INLINE_BYTES) | (row.response_size > MAX_INLINE_BYTES))
    content = t.ExchangeContentRow
    of_large = content.exchange_id.in_(select(row.id).where(large))
    bodies = _sum_bodies(tx, [content.request_body, content.response_body], of_large, MAX_INLINE_BYTES)
    counts = {"exchanges": number, "promoted": tx.scalar(promoted) or 0}
    return Amount(counts, number * ROW_BYTES + (size or 0) + bodies)


def measure_examples(tx: Transaction, condition: ColumnElement[bool]) -> Amount:
    """Return how much the examples are that fit."""
    row = t.ExampleRow
    number = tx.scalar(select(func.count()).select_from(row).where(condition)) or 0
    bodies = _sum_bodies(tx, [row.request_body, row.response_body], condition, 0)
    return Amount({"examples": number}, number * ROW_BYTES + bodies)


def measure_calls(tx: Transaction, mock_server_id: str) -> Amount:
    """Return how much the log of a mock server is."""
    row = t.CallRow
    sizes = func.length(row.request_content) + func.coalesce(func.length(row.response_content), 0)
    query = select(func.count(), func.coalesce(func.sum(sizes), 0)).where(row.mock_server_id == mock_server_id)
    number, size = tx.execute(query).one()
    return Amount({"calls": number}, number * ROW_BYTES + size)


def _sum_small(column: Any) -> Any:
    is_small = func.coalesce(column, 0) <= MAX_INLINE_BYTES
    return func.coalesce(func.sum(column).filter(is_small), 0)


def _sum_bodies(tx: Transaction, columns: Sequence[Any], condition: ColumnElement[bool], over: int) -> int:
    """Return the bytes of the bodies that these columns refer to, each counted once."""
    used = union(*(select(column).where(condition, column.is_not(None)) for column in columns)).subquery()
    body = t.BodyRow
    query = select(func.coalesce(func.sum(body.size), 0)).where(body.digest.in_(select(used.c[0])), body.size > over)
    return tx.scalar(query) or 0
