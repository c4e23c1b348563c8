"""Mock servers and their saved server errors in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session as Transaction

from understudy.store.errors import Conflict, UserError
from understudy.store.model.changes import Subject
from understudy.store.model.ids import IdKind
from understudy.store.model.mock_servers import MockServer, ServerError
from understudy.store.repositories.paging import WHOLE_LIST, Page, PageRequest
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.paged_queries import read_page
from understudy.store.sql.deletion.pieces import delete_rows
from understudy.store.sql.lookup.find_by_name import check_name, find_named, make_name_conflict, require_row
from understudy.store.sql.mapping.mock_server_rows import (
    mock_server_from_row,
    mock_server_to_columns,
    server_error_from_row,
    server_error_to_columns,
)
from understudy.store.sql.repositories.changes import record_change

# Set at creation; `sequences_epoch` changes by `restart_sequences` alone.
KEPT_COLUMNS = ("id", "collection_id", "created_at", "sequences_epoch")


class SqlMockServers:
    """`store.repositories.mock_servers.MockServers` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, mock: MockServer) -> None:
        check_name("mock server", mock.name)
        with self._database.begin_write() as tx:
            _check_free(tx, mock)
            tx.add(t.MockServerRow(**mock_server_to_columns(mock)))
            record_change(tx, Subject.MOCK_SERVER, mock.id)

    def find(self, text: str) -> MockServer:
        with self._database.begin_read() as tx:
            by = ("name", "slug", "id")
            return mock_server_from_row(find_named(tx, IdKind.MOCK_SERVER, text, by))

    def list(self) -> Sequence[MockServer]:
        return self.read_page(WHOLE_LIST).items

    def read_page(self, request: PageRequest[str]) -> Page[MockServer, str]:
        row = t.MockServerRow
        with self._database.begin_read() as tx:
            return read_page(tx, select(row), (row.name,), request, mock_server_from_row, lambda one: one.name)

    def save(self, mock: MockServer) -> int:
        check_name("mock server", mock.name)
        columns = mock_server_to_columns(mock)
        with self._database.begin_write() as tx:
            if _get_row(tx, mock.id).collection_id != mock.collection_id:
                line = "the collection of a mock server cannot be changed; create a new mock server"
                raise UserError(line, what="mock server", which=mock.name)
            _check_free(tx, mock)
            kept = {name: value for name, value in columns.items() if name not in KEPT_COLUMNS}
            tx.execute(update(t.MockServerRow).where(t.MockServerRow.id == mock.id).values(**kept))
            return record_change(tx, Subject.MOCK_SERVER, mock.id)

    def restart_sequences(self, mock_server_id: str) -> int:
        with self._database.begin_write() as tx:
            row = _get_row(tx, mock_server_id)
            row.sequences_epoch += 1
            return record_change(tx, Subject.MOCK_SERVER, mock_server_id)

    def delete(self, mock_server_id: str) -> None:
        with self._database.begin_read() as tx:
            _get_row(tx, mock_server_id)
        delete_rows(self._database, t.CallRow, t.CallRow.mock_server_id == mock_server_id)
        with self._database.begin_write() as tx:
            _get_row(tx, mock_server_id)
            tx.execute(delete(t.MockServerRow).where(t.MockServerRow.id == mock_server_id))
            record_change(tx, Subject.MOCK_SERVER, mock_server_id)

    def list_server_errors(self, mock_server_id: str) -> Sequence[ServerError]:
        return self.read_server_error_page(mock_server_id, WHOLE_LIST).items

    def read_server_error_page(self, mock_server_id: str, request: PageRequest[str]) -> Page[ServerError, str]:
        row = t.ServerErrorRow
        query = select(row).where(row.mock_server_id == mock_server_id)
        with self._database.begin_read() as tx:
            return read_page(tx, query, (row.name,), request, server_error_from_row, lambda one: one.name)

    def find_server_error(self, mock_server_id: str, text: str) -> ServerError:
        with self._database.begin_read() as tx:
            owner, of_it = _get_row(tx, mock_server_id).name, t.ServerErrorRow.mock_server_id == mock_server_id
            return server_error_from_row(find_named(tx, IdKind.SERVER_ERROR, text, within=of_it, owner=owner))

    def save_server_error(self, error: ServerError) -> None:
        check_name("server error", error.name)
        with self._database.begin_write() as tx:
            _get_row(tx, error.mock_server_id)
            same_name = select(t.ServerErrorRow.id).where(
                t.ServerErrorRow.mock_server_id == error.mock_server_id, t.ServerErrorRow.name == error.name
            )
            if tx.scalar(same_name) not in (None, error.id):
                raise make_name_conflict("server error", error.name)
            tx.merge(t.ServerErrorRow(**server_error_to_columns(error)))
            record_change(tx, Subject.MOCK_SERVER, error.mock_server_id)

    def delete_server_error(self, error_id: str) -> None:
        with self._database.begin_write() as tx:
            row = require_row(tx.get(t.ServerErrorRow, error_id), "server error", error_id)
            active = update(t.MockServerRow).where(t.MockServerRow.server_error_id == error_id)
            tx.execute(active.values(server_error_id=None))
            tx.execute(delete(t.ServerErrorRow).where(t.ServerErrorRow.id == error_id))
            record_change(tx, Subject.MOCK_SERVER, row.mock_server_id)


def _get_row(tx: Transaction, mock_server_id: str) -> t.MockServerRow:
    return require_row(tx.get(t.MockServerRow, mock_server_id), "mock server", mock_server_id)


def _check_free(tx: Transaction, mock: MockServer) -> None:
    row = t.MockServerRow
    taken = select(row).where(or_(row.name == mock.name, row.slug == mock.slug), row.id != mock.id)
    other = tx.scalars(taken).first()
    if other is None:
        return
    if other.name == mock.name:
        raise make_name_conflict("mock server", mock.name)
    line = f"there is a mock server with the slug {mock.slug!r} already"
    raise Conflict(line, what="mock server", which=mock.slug)
