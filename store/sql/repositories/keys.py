"""Keys to private mock servers in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from understudy.store.model.changes import Subject
from understudy.store.model.ids import IdKind
from understudy.store.model.mock_servers import ApiKey
from understudy.store.repositories.paging import WHOLE_LIST, Page, PageRequest
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.paged_queries import read_page
from understudy.store.sql.lookup.find_by_name import check_name, find_named, make_name_conflict
from understudy.store.sql.mapping.mock_server_rows import key_from_row
from understudy.store.sql.repositories.changes import record_change


class SqlKeys:
    """`store.repositories.mock_servers.Keys` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey) -> None:
        check_name("key", key.name)
        columns = {"digest": key.digest, "ending": key.ending, "created_at": key.created_at}
        with self._database.begin_write() as tx:
            if tx.scalar(select(t.KeyRow).where(t.KeyRow.name == key.name)):
                raise make_name_conflict("key", key.name)
            tx.add(t.KeyRow(id=key.id, name=key.name, **columns))
            record_change(tx, Subject.KEY, key.id)

    def list(self) -> Sequence[ApiKey]:
        return self.read_page(WHOLE_LIST).items

    def read_page(self, request: PageRequest[str]) -> Page[ApiKey, str]:
        row = t.KeyRow
        with self._database.begin_read() as tx:
            return read_page(tx, select(row), (row.name,), request, key_from_row, lambda one: one.name)

    def revoke(self, text: str) -> ApiKey:
        with self._database.begin_write() as tx:
            key = key_from_row(find_named(tx, IdKind.KEY, text))
            tx.execute(delete(t.KeyRow).where(t.KeyRow.id == key.id))
            record_change(tx, Subject.KEY, key.id)
        return key
