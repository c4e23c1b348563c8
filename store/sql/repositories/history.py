"""Sessions, exchanges and the messages of WebSockets in SQL."""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from understudy.store.errors import Hint, NotFound
from understudy.store.model.exchanges import Exchange, Session
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Origin
from understudy.store.model.websockets import WebSocketMessage
from understudy.store.repositories.history import HistoryFilter, SessionSummary
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.bulk_inserts import insert_numbered, insert_rows
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.mapping.body_rows import NewBodies
from understudy.store.sql.mapping.exchange_rows import (
    exchange_from_row,
    exchange_to_columns,
    message_from_row,
    message_to_columns,
    session_from_row,
)
from understudy.store.sql.mapping.message_rows import origin_to_text
from understudy.store.sql.repositories.bodies import insert_bodies, sweep_bodies
from understudy.store.sql.repositories.find_by_name import check_name, find_named, make_name_conflict, require_row

PAGE = 500
LARGEST_ID = 2**63 - 1
# History is read as plain rows: building ORM entities would take a third of the time.
_COLUMNS = t.ExchangeRow.__table__.columns


class SqlSessions:
    """`store.repositories.history.Sessions` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, upstream: Origin | None) -> Session:
        check_name("session", name)
        session = Session(new_id(), name, upstream, time.time())
        with self._database.begin_write() as tx:
            if tx.scalar(select(t.SessionRow).where(t.SessionRow.name == name)):
                raise make_name_conflict("session", name)
            upstream_text = origin_to_text(upstream)
            tx.add(t.SessionRow(id=session.id, name=name, upstream=upstream_text, created_at=session.created_at))
        return session

    def find(self, text: str) -> Session:
        with self._database.begin_read() as tx:
            return session_from_row(find_named(tx, t.SessionRow, "session", text))

    def list_summaries(self) -> list[SessionSummary]:
        has_failed = or_(t.ExchangeRow.error.is_not(None), t.ExchangeRow.status.is_(None))
        query = (
            select(
                t.SessionRow,
                func.count(t.ExchangeRow.id),
                func.sum(case((and_(t.ExchangeRow.id.is_not(None), has_failed), 1), else_=0)),
                func.max(t.ExchangeRow.started_at),
            )
            .outerjoin(t.ExchangeRow, t.ExchangeRow.session_id == t.SessionRow.id)
            .group_by(t.SessionRow.id)
            .order_by(t.SessionRow.id)
        )
        with self._database.begin_read() as tx:
            return [SessionSummary(session_from_row(row), n, bad or 0, last) for row, n, bad, last in tx.execute(query)]

    def set_replay(self, session_id: str, lists: Mapping[str, Sequence[str]]) -> None:
        with self._database.begin_write() as tx:
            row = require_row(tx.get(t.SessionRow, session_id), "session", session_id)
            row.replay = json.dumps({name: list(listed) for name, listed in lists.items()}) if lists else None

    def delete(self, session_id: str) -> None:
        with self._database.begin_write() as tx:
            require_row(tx.get(t.SessionRow, session_id), "session", session_id)
            tx.execute(delete(t.SessionRow).where(t.SessionRow.id == session_id))
            sweep_bodies(tx)


class SqlHistory:
    """`store.repositories.history.History` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, exchanges: Sequence[Exchange]) -> list[int]:
        bodies = NewBodies()
        columns = [exchange_to_columns(exchange, bodies) for exchange in exchanges]
        with self._database.begin_core_write() as tx:
            insert_bodies(tx, bodies)
            return insert_numbered(tx, t.ExchangeRow, columns)

    def add_messages(self, messages: Sequence[tuple[int, WebSocketMessage]]) -> None:
        with self._database.begin_core_write() as tx:
            positions = _find_free_positions(tx, sorted({exchange_id for exchange_id, _ in messages}))
            columns = [
                {
                    "exchange_id": exchange_id,
                    "position": next(positions[exchange_id]),
                    **message_to_columns(message),
                }
                for exchange_id, message in messages
            ]
            insert_rows(tx, t.WebSocketMessageRow, columns)

    def list_messages(self, exchange_id: int) -> list[WebSocketMessage]:
        row = t.WebSocketMessageRow
        query = select(row).where(row.exchange_id == exchange_id).order_by(row.position)
        with self._database.begin_read() as tx:
            return [message_from_row(found) for found in tx.scalars(query)]

    def get(self, exchange_id: int) -> Exchange:
        with self._database.begin_read() as tx:
            row = tx.get(t.ExchangeRow, exchange_id) if 0 < exchange_id <= LARGEST_ID else None
            if row is None:
                hint = Hint("list_history")
                raise NotFound(
                    f"there is no history entry {exchange_id}", what="entry", which=str(exchange_id), hint=hint
                )
            return exchange_from_row(row)

    def select(self, criteria: HistoryFilter) -> Iterator[Exchange]:
        yield from heapq.merge(*(self._read_pages(criteria, ids) for ids in _split_ids(criteria.ids)), key=_sort_key)

    def list_newest(self, criteria: HistoryFilter, limit: int) -> list[Exchange]:
        exchanges: list[Exchange] = []
        for ids in _split_ids(criteria.ids):
            exchanges += islice(self._read_pages(criteria, ids, newest_first=True), limit)
        return sorted(exchanges, key=_sort_key)[max(len(exchanges) - limit, 0) :]

    def _read_pages(
        self, criteria: HistoryFilter, ids: list[int] | None, *, newest_first: bool = False
    ) -> Iterator[Exchange]:
        # Each page is a transaction of its own: during a long one the write-ahead log cannot be emptied.
        query = _add_conditions(select(*_COLUMNS), criteria, ids)
        order = (t.ExchangeRow.started_at, t.ExchangeRow.id)
        query = query.order_by(*(column.desc() for column in order) if newest_first else order).limit(PAGE)
        last: Exchange | None = None
        while True:
            with self._database.begin_read() as tx:
                found = tx.connection().execute(_start_after(query, last, newest_first))
                page = [exchange_from_row(cast("t.ExchangeRow", row)) for row in found]
            for exchange in page:
                origin = exchange.request.origin
                if criteria.matches_globs(origin.host if origin else "", exchange.request.path.decode("latin-1")):
                    yield exchange
            if len(page) < PAGE:
                return
            last = page[-1]


def _find_free_positions(tx: Connection, exchange_ids: list[int]) -> dict[int, Iterator[int]]:
    """Return for each exchange an iterator of the positions after its last message."""
    row, last = t.WebSocketMessageRow, dict[int, int]()
    for start in range(0, len(exchange_ids), IDS_PER_QUERY):
        is_on_page = row.exchange_id.in_(exchange_ids[start : start + IDS_PER_QUERY])
        query = select(row.exchange_id, func.max(row.position)).where(is_on_page).group_by(row.exchange_id)
        last.update((row[0], row[1]) for row in tx.execute(query))
    return {exchange_id: count(last.get(exchange_id, -1) + 1) for exchange_id in exchange_ids}


def _add_conditions(query: Select[Any], criteria: HistoryFilter, ids: list[int] | None) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if ids is not None:
        conditions.append(t.ExchangeRow.id.in_(ids))
    if criteria.session_id is not None:
        conditions.append(t.ExchangeRow.session_id == criteria.session_id)
    if criteria.since is not None:
        conditions.append(t.ExchangeRow.started_at >= criteria.since)
    if criteria.until is not None:
        conditions.append(t.ExchangeRow.started_at < criteria.until)
    if criteria.method is not None:
        conditions.append(func.upper(t.ExchangeRow.method) == criteria.method.upper())
    if criteria.status is not None:
        conditions.append(build_status_condition(t.ExchangeRow.status, criteria.status))
    return query.where(*conditions)


def build_status_condition(column: InstrumentedAttribute[int | None], status: str) -> ColumnElement[bool]:
    """Return the condition that a column holds a status such as `404`, or one of a class such as `5xx`."""
    if status.endswith("xx"):
        first = int(status[0]) * 100
        return and_(column >= first, column < first + 100)
    return column == int(status)


def _start_after(query: Select[Any], last: Exchange | None, newest_first: bool) -> Select[Any]:
    if last is None:
        return query
    started, number = t.ExchangeRow.started_at, t.ExchangeRow.id
    at = last.timings.started
    if newest_first:
        return query.where(or_(started < at, and_(started == at, number < last.id)))
    return query.where(or_(started > at, and_(started == at, number > last.id)))


def _sort_key(exchange: Exchange) -> tuple[float, int]:
    return exchange.timings.started, exchange.id


def _split_ids(ids: frozenset[int] | None) -> Iterator[list[int] | None]:
    if ids is None:
        yield None
        return
    ordered = sorted(ids)
    for start in range(0, len(ordered), IDS_PER_QUERY):
        yield ordered[start : start + IDS_PER_QUERY]
