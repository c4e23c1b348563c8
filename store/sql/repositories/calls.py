"""The call logs in SQL, written in batches; only the newest calls of each mock server are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, bindparam, delete, func, select

from understudy.store.errors import NotFound
from understudy.store.model.calls import Call
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.bulk_inserts import insert_rows
from understudy.store.sql.database.engine import Database
from understudy.store.sql.deletion.pieces import delete_rows
from understudy.store.sql.mapping.mock_server_rows import call_from_row, call_to_columns
from understudy.store.sql.repositories.history import LARGEST_ID, PAGE
from understudy.store.sql.repositories.history_conditions import build_status_condition


class SqlCalls:
    """`store.repositories.mock_servers.Calls` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, calls: Sequence[Call], limits: Mapping[str, int]) -> None:
        columns = [call_to_columns(call) for call in calls]
        with self._database.begin_core_write() as tx:
            # A mock server may be deleted during a call.
            existing = _find_existing(tx, {call.mock_server_id for call in calls})
            insert_rows(tx, t.CallRow, [row for row in columns if row["mock_server_id"] in existing])
            for mock_server_id, limit in limits.items():
                tx.execute(_TRIM, {"mock": mock_server_id, "limit": limit})

    def get(self, call_id: int) -> Call:
        with self._database.begin_read() as tx:
            row = tx.get(t.CallRow, call_id) if 0 < call_id <= LARGEST_ID else None
            if row is None:
                line = f"there is no call {call_id} in the log; the oldest calls are deleted when it is full"
                raise NotFound(line, what="call", which=str(call_id))
            return call_from_row(row)

    def list_newest(self, criteria: CallFilter, limit: int) -> Sequence[Call]:
        return list(self._read_some(criteria, limit, newest_first=True))[::-1]

    def list_oldest(self, criteria: CallFilter, limit: int) -> Sequence[Call]:
        return list(self._read_some(criteria, limit, newest_first=False))

    def count(self, criteria: CallFilter) -> int:
        query = select(t.CallRow.path, func.count()).where(*_build_conditions(criteria)).group_by(t.CallRow.path)
        with self._database.begin_read() as tx:
            return sum(number for path, number in tx.execute(query) if _matches_glob(criteria, path))

    def clear(self, mock_server_id: str) -> int:
        return delete_rows(self._database, t.CallRow, t.CallRow.mock_server_id == mock_server_id)

    def _read_some(self, criteria: CallFilter, limit: int, *, newest_first: bool) -> Iterator[Call]:
        return islice(self._read_pages(criteria, limit, newest_first=newest_first), min(limit, LARGEST_ID))

    def _read_pages(self, criteria: CallFilter, limit: int, *, newest_first: bool) -> Iterator[Call]:
        # A glob is not a condition in SQL: how many calls have to be read for it is not known.
        size = min(limit, PAGE) if criteria.path is None else PAGE
        query = select(t.CallRow).where(*_build_conditions(criteria)).limit(size)
        query = query.order_by(t.CallRow.id.desc() if newest_first else t.CallRow.id)
        last = LARGEST_ID if newest_first else 0
        while size:
            with self._database.begin_read() as tx:
                is_beyond = t.CallRow.id < last if newest_first else t.CallRow.id > last
                page = [call_from_row(row) for row in tx.scalars(query.where(is_beyond))]
            yield from (call for call in page if _matches_glob(criteria, call.request.path.decode("latin-1")))
            if len(page) < size:
                return
            last = page[-1].id


def _build_trim() -> Delete:
    own = t.CallRow.mock_server_id == bindparam("mock")
    newest = select(t.CallRow.id).where(own).order_by(t.CallRow.id.desc())
    newest_surplus = newest.limit(1).offset(bindparam("limit")).scalar_subquery()
    return delete(t.CallRow).where(own, t.CallRow.id <= newest_surplus)


_TRIM = _build_trim()


def _find_existing(tx: Connection, ids: set[str]) -> set[str]:
    return set(tx.scalars(select(t.MockServerRow.id).where(t.MockServerRow.id.in_(ids))))


def _matches_glob(criteria: CallFilter, path: str) -> bool:
    return criteria.path is None or fnmatchcase(path, criteria.path)


def _build_conditions(criteria: CallFilter) -> list[ColumnElement[bool]]:
    row = t.CallRow
    tests: dict[str, Any] = {
        "since": lambda value: row.at >= value,
        "until": lambda value: row.at < value,
        "method": lambda value: func.upper(row.method) == value.upper(),
        "status": lambda value: build_status_condition(row.status, value),
        "matched": lambda value: row.example_id.is_not(None) if value else row.example_id.is_(None),
        "after": lambda value: row.id > value,
        "before": lambda value: row.id < value,
    }
    values = {name: value for name in tests if (value := getattr(criteria, name)) is not None}
    return [row.mock_server_id == criteria.mock_server_id, *(tests[name](value) for name, value in values.items())]
