"""Find rows by the ends of their ids, and the shortest end that is enough.

Both read the index of the ids of a table, not its rows: 40 ms among 100,000 examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session as Transaction

from understudy.store.model.ids import SHORTEST_ENDING, IdKind, find_shortest_endings
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database

TABLES: Mapping[IdKind, Any] = {
    IdKind.SESSION: t.SessionRow,
    IdKind.COLLECTION: t.CollectionRow,
    IdKind.EXAMPLE: t.ExampleRow,
    IdKind.ENVIRONMENT: t.EnvironmentRow,
    IdKind.MOCK_SERVER: t.MockServerRow,
    IdKind.SERVER_ERROR: t.ServerErrorRow,
    IdKind.KEY: t.KeyRow,
}


class SqlIds:
    """`store.repositories.ids.Ids` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def shorten(self, kind: IdKind, ids: Sequence[str]) -> Mapping[str, str]:
        if not ids:
            return {}
        with self._database.begin_read() as tx:
            return find_shortest_endings(ids, _read_rivals(tx, TABLES[kind].id, ids))


def ends_with(column: Any, ending: str) -> ColumnElement[bool]:
    """Return the condition that an id has this ending; letters count alike in both cases, as LIKE of SQLite does it."""
    condition: ColumnElement[bool] = column.endswith(ending, autoescape=True)
    return condition


def _read_rivals(tx: Transaction, column: Any, ids: Sequence[str]) -> Iterator[str]:
    """Yield the ids that share their last characters with one of these; all ids if these are many."""
    query = select(column)
    if len(ids) <= IDS_PER_QUERY:
        endings = [id[-SHORTEST_ENDING:] for id in ids]
        query = query.where(func.substr(column, -SHORTEST_ENDING).collate("NOCASE").in_(endings))
    yield from tx.scalars(query)
