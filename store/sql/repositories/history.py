"""Exchanges and the messages of WebSockets in SQL."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, Table, case, func, select, tuple_, update

from understudy.store.errors import Hint, NotFound, ValueRefused
from understudy.store.model.exchanges import Degradation, Exchange
from understudy.store.model.websockets import WebSocketMessage
from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.repositories.history import HistoryFilter, HistoryPosition
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.bulk_inserts import insert_rows, insert_unless_repeated
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.mapping.body_rows import Columns, NewBodies, RecentBodies
from understudy.store.sql.mapping.exchange_rows import (
    content_to_columns,
    exchange_from_row,
    exchange_to_columns,
    message_from_row,
    message_to_columns,
)
from understudy.store.sql.repositories.bodies import insert_bodies
from understudy.store.sql.repositories.history_conditions import build_conditions
from understudy.store.sql.repositories.search_index import SearchIndex

if TYPE_CHECKING:
    from understudy.store.promotion import ReadStoredBody

PAGE = 500
LARGEST_ID = 2**63 - 1

_EXCHANGES, _CONTENTS, _SESSIONS = t.ExchangeRow.__table__, t.ExchangeContentRow.__table__, t.SessionRow.__table__
assert isinstance(_EXCHANGES, Table)
assert isinstance(_CONTENTS, Table)
assert isinstance(_SESSIONS, Table)
# History is read as plain rows: building ORM entities would take a third of the time.
_ROWS = select(
    _SESSIONS.c.id.label("session_id"), *_EXCHANGES.c, *(column for column in _CONTENTS.c if not column.primary_key)
).select_from(
    _EXCHANGES.join(_CONTENTS, _CONTENTS.c.exchange_id == _EXCHANGES.c.id).join(
        _SESSIONS, _SESSIONS.c.number == _EXCHANGES.c.session_number
    )
)
_POSITION = (_EXCHANGES.c.started_at, _EXCHANGES.c.id)


class SqlHistory:
    """`store.repositories.history.History` in SQL."""

    def __init__(self, database: Database, read: ReadStoredBody) -> None:
        self._database = database
        self._search_index = SearchIndex(database, self._read_after, read)
        self._recent_bodies = RecentBodies()
        self._session_numbers: dict[str, int] = {}  # a number is never given again

    def add(self, exchanges: Sequence[Exchange]) -> list[int]:
        if not exchanges:
            return []
        bodies = NewBodies(self._recent_bodies)
        with self._database.translate_errors():
            contents = [content_to_columns(exchange, bodies) for exchange in exchanges]
        with self._database.begin_core_write() as tx:
            numbers = self._find_session_numbers(tx, {exchange.session_id for exchange in exchanges})
            rows = [exchange_to_columns(exchange, numbers[exchange.session_id]) for exchange in exchanges]
            insert_bodies(tx, bodies)
            ids, added = insert_unless_repeated(tx, t.KeptExchangeRow, rows, ("started_at", "key"))
            insert_rows(tx, t.ExchangeContentRow, list(_number_rows(contents, ids, added)))
        return ids

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

    def mark_degraded(self, degradations: Sequence[Degradation]) -> None:
        old, marked = _CONTENTS.c.degraded, update(t.ExchangeContentRow)
        with self._database.begin_core_write() as tx:
            for one in degradations:
                joined = case((func.coalesce(old, "") == "", one.reason), else_=old + "; " + one.reason)
                tx.execute(marked.where(_CONTENTS.c.exchange_id == one.exchange_id).values(degraded=joined))

    def list_messages(self, exchange_id: int) -> list[WebSocketMessage]:
        row = t.WebSocketMessageRow
        query = select(row).where(row.exchange_id == exchange_id).order_by(row.position)
        with self._database.begin_read() as tx:
            return [message_from_row(found) for found in tx.scalars(query)]

    def get(self, exchange_id: int) -> Exchange:
        return exchange_from_row(self._get_row(_ROWS, exchange_id))

    def read_heads(self, exchange_id: int) -> tuple[bytes, bytes]:
        query = select(_CONTENTS.c.request_head, _CONTENTS.c.response_head, _CONTENTS.c.exchange_id)
        row = self._get_row(query.join(_EXCHANGES, _CONTENTS.c.exchange_id == _EXCHANGES.c.id), exchange_id)
        return row.request_head, row.response_head or b""

    def select(self, criteria: HistoryFilter) -> Iterator[Exchange]:
        yield from heapq.merge(*(self._read_pages(criteria, ids) for ids in _split_ids(criteria.ids)), key=_sort_key)

    def select_ids(self, criteria: HistoryFilter) -> list[int]:
        return [id_ for ids in _split_ids(criteria.ids) for id_ in self._select_ids(criteria, ids)]

    def count(self, criteria: HistoryFilter, most: int) -> int:
        found = 0
        for ids in _split_ids(criteria.ids):
            query = select(_EXCHANGES.c.id).where(*build_conditions(criteria)).limit(most + 1 - found)
            found += self._count(query if ids is None else query.where(_EXCHANGES.c.id.in_(ids)), criteria)
            if found > most:
                break
        return found

    def list_newest(self, criteria: HistoryFilter, limit: int, before: HistoryPosition | None = None) -> list[Exchange]:
        exchanges: list[Exchange] = []
        for ids in _split_ids(criteria.ids):
            pages = self._read_pages(criteria, ids, before, newest_first=True, limit=limit)
            exchanges += islice(pages, min(limit, LARGEST_ID))
        return sorted(exchanges, key=_sort_key)[max(len(exchanges) - limit, 0) :]

    def list_oldest(self, criteria: HistoryFilter, limit: int, after: HistoryPosition | None = None) -> list[Exchange]:
        exchanges: list[Exchange] = []
        for ids in _split_ids(criteria.ids):
            exchanges += islice(self._read_pages(criteria, ids, after, limit=limit), min(limit, LARGEST_ID))
        return sorted(exchanges, key=_sort_key)[:limit]

    def index_for_search(self, report: ReportProgress = ignore_progress) -> None:
        self._search_index.update(report)

    def _read_after(self, last: int, number: int) -> list[Exchange]:
        query = _ROWS.where(_EXCHANGES.c.id > last).order_by(_EXCHANGES.c.id).limit(number)
        with self._database.begin_read() as tx:
            return [exchange_from_row(row) for row in tx.connection().execute(query)]

    def _get_row(self, query: Select[Any], exchange_id: int) -> Any:
        row = None
        if 0 < exchange_id <= LARGEST_ID:
            with self._database.begin_read() as tx:
                row = tx.connection().execute(query.where(_EXCHANGES.c.id == exchange_id)).one_or_none()
        if row is None:
            message, hint = f"there is no history entry {exchange_id}", Hint("list_history")
            raise NotFound(message, what="entry", which=str(exchange_id), hint=hint)
        return row

    def _find_session_numbers(self, tx: Connection, ids: set[str]) -> dict[str, int]:
        numbers = self._session_numbers
        missing = [id_ for id_ in ids if id_ not in numbers]
        if missing:
            numbers = dict(numbers)
            query = select(_SESSIONS.c.id, _SESSIONS.c.number)
            for start in range(0, len(missing), IDS_PER_QUERY):
                found = tx.execute(query.where(_SESSIONS.c.id.in_(missing[start : start + IDS_PER_QUERY])))
                numbers.update((row.id, row.number) for row in found)
        for id_ in missing:
            if id_ not in numbers:
                line = f"the store {self._database.location} has no session with the id {id_!r}"
                raise ValueRefused(line, what="session", which=id_)
        if not self._database.is_in_transaction:  # it may be undone, and its number given to another session
            self._session_numbers = numbers
        return numbers

    def _read_pages(
        self,
        criteria: HistoryFilter,
        ids: list[int] | None,
        last: HistoryPosition | None = None,
        *,
        newest_first: bool = False,
        limit: int = PAGE,
    ) -> Iterator[Exchange]:
        # Each page is a transaction of its own: during a long one the write-ahead log cannot be emptied.
        if criteria.search is not None:
            self._search_index.update(ignore_progress)
        size = min(limit, PAGE)
        query = _ROWS.where(*build_conditions(criteria)).limit(size)
        query = query.order_by(*(column.desc() for column in _POSITION) if newest_first else _POSITION)
        if ids is not None:
            query = query.where(_EXCHANGES.c.id.in_(ids))
        while size:
            page = self._read_page(_start_after(query, last, newest_first), criteria)
            yield from page
            if len(page) < size:
                return
            last = HistoryPosition.of(page[-1])

    def _select_ids(self, criteria: HistoryFilter, ids: list[int] | None) -> Sequence[int]:
        query = select(_EXCHANGES.c.id).where(*build_conditions(criteria)).order_by(_EXCHANGES.c.id)
        query = query if ids is None else query.where(_EXCHANGES.c.id.in_(ids))
        while True:
            if criteria.search is not None:
                self._search_index.update(ignore_progress)
            with self._database.begin_read() as tx:
                if criteria.search is None or self._search_index.is_built(tx.connection()):
                    return tx.scalars(query).all()

    def _count(self, query: Select[Any], criteria: HistoryFilter) -> int:
        while True:
            if criteria.search is not None:
                self._search_index.update(ignore_progress)
            with self._database.begin_read() as tx:
                if criteria.search is None or self._search_index.is_built(tx.connection()):
                    return tx.scalar(select(func.count()).select_from(query.subquery())) or 0

    def _read_page(self, query: Select[Any], criteria: HistoryFilter) -> list[Exchange]:
        while True:
            with self._database.begin_read() as tx:
                connection = tx.connection()
                if criteria.search is None or self._search_index.is_built(connection):
                    return [exchange_from_row(row) for row in connection.execute(query)]
            self._search_index.update(ignore_progress)


def _number_rows(contents: list[Columns], ids: list[int], added: list[bool]) -> Iterator[Columns]:
    for columns, exchange_id, is_new in zip(contents, ids, added, strict=True):
        if is_new:
            yield {"exchange_id": exchange_id, **columns}


def _find_free_positions(tx: Connection, exchange_ids: list[int]) -> dict[int, Iterator[int]]:
    """Return for each exchange an iterator of the positions after its last message."""
    row, last = t.WebSocketMessageRow, dict[int, int]()
    for start in range(0, len(exchange_ids), IDS_PER_QUERY):
        is_on_page = row.exchange_id.in_(exchange_ids[start : start + IDS_PER_QUERY])
        query = select(row.exchange_id, func.max(row.position)).where(is_on_page).group_by(row.exchange_id)
        last.update((row[0], row[1]) for row in tx.execute(query))
    return {exchange_id: count(last.get(exchange_id, -1) + 1) for exchange_id in exchange_ids}


def _start_after(query: Select[Any], last: HistoryPosition | None, newest_first: bool) -> Select[Any]:
    if last is None:
        return query
    # As a row value, which an index on the time answers.
    position, bound = tuple_(*_POSITION), tuple_(last.started, last.id)
    return query.where(position < bound if newest_first else position > bound)


def _sort_key(exchange: Exchange) -> HistoryPosition:
    return HistoryPosition.of(exchange)


def _split_ids(ids: frozenset[int] | None) -> Iterator[list[int] | None]:
    if ids is None:
        yield None
        return
    ordered = sorted(ids)
    for start in range(0, len(ordered), IDS_PER_QUERY):
        yield ordered[start : start + IDS_PER_QUERY]
