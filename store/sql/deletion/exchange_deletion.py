"""The deletion of exchanges with all that belongs to them alone, in pieces; their bodies are left to a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, select

from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.deletion.pieces import Pieces, delete_rows
from understudy.store.sql.deletion.search_index_deletion import (
    complete_retirement,
    discard_search_index,
    retire_search_index,
)

ExchangeTable = type[t.ExchangeRow] | type[t.KeptExchangeRow]


def delete_exchanges(
    database: Database,
    condition: ColumnElement[bool],
    row: ExchangeTable = t.ExchangeRow,
    report: ReportProgress = ignore_progress,
    total: int = 0,
) -> int:
    """Delete the exchanges that fit, oldest first, until there are none, and their words; return how many.

    `condition` is one on `row`: exchanges that are not in the trash, or all. `report` is called with their number and
    `total`.
    """
    complete_retirement(database)
    pieces, done, since = Pieces(database), 0, None
    while True:
        chosen = _choose(database, row, condition, since, pieces.choose_size())
        if not chosen and since is None:
            break
        since = chosen[-1].started_at if chosen else None  # the last time from the start: some may have come meanwhile
        chosen_ids = [one.id for one in chosen]
        goes = t.KeptExchangeRow.id.in_(select(row.id).where(row.id.in_(chosen_ids), condition))
        _delete_messages(database, chosen_ids, goes)
        with pieces.write() as tx:
            if not done:
                retire_search_index(tx)
            done += tx.execute(delete(t.KeptExchangeRow).where(goes)).rowcount
        report(done, max(total, done))
    discard_search_index(database)  # a search may have built it again
    return done


def _choose(
    database: Database, row: ExchangeTable, condition: ColumnElement[bool], since: float | None, size: int
) -> Sequence[Any]:
    # Rows that stay are not read again for each piece.
    query = select(row.id, row.started_at).where(condition).order_by(row.started_at)
    if since is not None:
        query = query.where(row.started_at >= since)
    with database.begin_read() as tx:
        return tx.execute(query.limit(size)).all()


def _delete_messages(database: Database, ids: list[int], goes: ColumnElement[bool]) -> None:
    row = t.WebSocketMessageRow
    with database.begin_read() as tx:
        talked = tx.scalars(select(row.exchange_id).distinct().where(row.exchange_id.in_(ids))).all()
    if talked:
        chosen = select(t.KeptExchangeRow.id).where(t.KeptExchangeRow.id.in_(talked), goes)
        delete_rows(database, row, row.exchange_id.in_(chosen))
