"""Mock servers, their server errors and call logs, and environments in the trash."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Transaction

from understudy.store.model.changes import Subject
from understudy.store.repositories.trash import Amount, Deletion, DeletionKind, DeletionState, Restored
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.trash_tables import TRASH
from understudy.store.sql.deletion.gateway_uses import check_unused
from understudy.store.sql.lookup.find_by_name import check_unused as check_no_mock_server
from understudy.store.sql.lookup.find_by_name import require_row
from understudy.store.sql.repositories.changes import record_change
from understudy.store.sql.trash.amounts import measure_calls
from understudy.store.sql.trash.deletions import (
    begin_deletion,
    check_there,
    end_deletion,
    find_deletion_of,
    set_state,
)
from understudy.store.sql.trash.moves import (
    empty_trash,
    move_back,
    move_back_in_pieces,
    move_to_trash,
    move_to_trash_in_pieces,
)
from understudy.store.sql.trash.restored_names import find_restored_name, find_restored_slug

_MOCKS = TRASH[t.MockServerRow]


def measure_log(database: Database, mock_server_id: str) -> Amount:
    """Return how much the call log of a mock server is."""
    with database.begin_read() as tx:
        return measure_calls(tx, mock_server_id)


def put_mock_server(database: Database, mock_server_id: str) -> Deletion:
    """Delete a mock server with its server errors and calls, which go piece by piece before it."""
    amount = measure_log(database, mock_server_id)
    with database.begin_write() as tx:
        row = _get_mock(tx, mock_server_id)
        check_unused(tx, t.GatewayRow.mock_server_id, mock_server_id, "mock server", row.name)
        kind, state = DeletionKind.MOCK_SERVER, DeletionState.DELETING
        details = {"private": row.private}
        deletion = begin_deletion(tx, kind, row.name, mock_server_id, amount, state=state, details=details)
    return complete_mock_server(database, deletion)


def complete_mock_server(database: Database, deletion: Deletion) -> Deletion:
    """Delete what is left of a mock server."""
    number, mock_server_id = deletion.number, str(deletion.subject)
    move_to_trash_in_pieces(database, t.CallRow, number, t.CallRow.mock_server_id == mock_server_id)
    with database.begin_write() as tx:
        if tx.get(t.MockServerRow, mock_server_id) is not None:
            for row in (t.CallRow, t.ServerErrorRow):  # calls that came meanwhile
                move_to_trash(tx, row, number, row.mock_server_id == mock_server_id)
            move_to_trash(tx, t.MockServerRow, number, t.MockServerRow.id == mock_server_id)
            record_change(tx, Subject.MOCK_SERVER, mock_server_id)
    return set_state(database, number, DeletionState.DELETED)


def restore_mock_server(database: Database, deletion: Deletion) -> Restored:
    """Undo the deletion of a mock server: programs learn of it when all of it is there."""
    number, mock_server_id = deletion.number, str(deletion.subject)
    with database.begin_read() as tx:
        _check_needs(tx, number)
    set_state(database, number, DeletionState.RESTORING)
    with database.begin_write() as tx:
        name = tx.scalar(select(t.MockServerRow.name).where(t.MockServerRow.id == mock_server_id))
        if name is None:
            _check_needs(tx, number)
            name = _restore_row(tx, deletion)
            move_back(tx, t.ServerErrorRow, number)
    move_back_in_pieces(database, t.CallRow, number)
    with database.begin_write() as tx:
        record_change(tx, Subject.MOCK_SERVER, mock_server_id)
        end_deletion(tx, number)
    return Restored(deletion, name)


def put_server_error(database: Database, error_id: str) -> Deletion:
    """Delete a server error, and deactivate it where it is active."""
    active = t.MockServerRow.server_error_id == error_id
    with database.begin_write() as tx:
        row = require_row(tx.get(t.ServerErrorRow, error_id), "server error", error_id)
        details = {"active": tx.scalar(select(t.MockServerRow.id).where(active)) is not None}
        tx.execute(update(t.MockServerRow).where(active).values(server_error_id=None))
        amount = Amount({"server_errors": 1}, len(row.response_content))
        deletion = begin_deletion(tx, DeletionKind.SERVER_ERROR, row.name, row.mock_server_id, amount, details=details)
        move_to_trash(tx, t.ServerErrorRow, deletion.number, t.ServerErrorRow.id == error_id)
        record_change(tx, Subject.MOCK_SERVER, row.mock_server_id)
    return deletion


def restore_server_error(database: Database, deletion: Deletion) -> Restored:
    """Undo the deletion of a server error; it is active again if it was, and no other one is."""
    mock_server_id, trash = str(deletion.subject), TRASH[t.ServerErrorRow]
    with database.begin_write() as tx:
        _check_mock(tx, mock_server_id)
        error_id = tx.scalar(select(trash.c.id).where(trash.c.deletion == deletion.number))
        is_own = t.ServerErrorRow.mock_server_id == mock_server_id
        name = find_restored_name(tx, t.ServerErrorRow.name, deletion.name, is_own)
        move_back(tx, t.ServerErrorRow, deletion.number, name=name)
        if deletion.details["active"]:
            is_free = (t.MockServerRow.id == mock_server_id) & t.MockServerRow.server_error_id.is_(None)
            tx.execute(update(t.MockServerRow).where(is_free).values(server_error_id=error_id))
        record_change(tx, Subject.MOCK_SERVER, mock_server_id)
        end_deletion(tx, deletion.number)
    return Restored(deletion, name)


def put_calls(database: Database, mock_server_id: str) -> Deletion:
    """Delete the calls of a mock server."""
    amount = measure_log(database, mock_server_id)
    with database.begin_write() as tx:
        kind, state, name = DeletionKind.CALLS, DeletionState.DELETING, _get_mock(tx, mock_server_id).name
        newest = tx.scalar(select(func.max(t.CallRow.id)).where(t.CallRow.mock_server_id == mock_server_id))
        details = {"newest": newest or 0}
        deletion = begin_deletion(tx, kind, name, mock_server_id, amount, state=state, details=details)
    return complete_calls(database, deletion)


def complete_calls(database: Database, deletion: Deletion) -> Deletion:
    """Delete the calls that were there when their deletion began."""
    row = t.CallRow
    chosen = (row.mock_server_id == deletion.subject) & (row.id <= deletion.details["newest"])
    move_to_trash_in_pieces(database, row, deletion.number, chosen)
    return set_state(database, deletion.number, DeletionState.DELETED)


def restore_calls(database: Database, deletion: Deletion) -> Restored:
    """Undo the deletion of calls."""
    with database.begin_read() as tx:
        _check_mock(tx, str(deletion.subject))
    set_state(database, deletion.number, DeletionState.RESTORING)
    move_back_in_pieces(database, t.CallRow, deletion.number)
    with database.begin_write() as tx:
        end_deletion(tx, deletion.number)
    return Restored(deletion, deletion.name)


def put_environment(database: Database, environment_id: str) -> Deletion:
    """Delete an environment that no mock server uses."""
    with database.begin_write() as tx:
        row = require_row(tx.get(t.EnvironmentRow, environment_id), "environment", environment_id)
        uses = t.MockServerRow.environment_id == environment_id
        check_no_mock_server(tx, "environment", row.name, uses, "detach_environment")
        amount = Amount({}, len(row.variables))
        deletion = begin_deletion(tx, DeletionKind.ENVIRONMENT, row.name, environment_id, amount)
        move_to_trash(tx, t.EnvironmentRow, deletion.number, t.EnvironmentRow.id == environment_id)
        record_change(tx, Subject.ENVIRONMENT, environment_id)
    return deletion


def restore_environment(database: Database, deletion: Deletion) -> Restored:
    """Undo the deletion of an environment."""
    with database.begin_write() as tx:
        name = find_restored_name(tx, t.EnvironmentRow.name, deletion.name)
        move_back(tx, t.EnvironmentRow, deletion.number, name=name)
        record_change(tx, Subject.ENVIRONMENT, str(deletion.subject))
        end_deletion(tx, deletion.number)
    return Restored(deletion, name)


def forget_rows(database: Database, deletion: Deletion) -> None:
    """Delete a mock server, a server error, calls, or an environment from the trash, and values that were noted."""
    for row in (t.CallRow, t.ServerErrorRow, t.MockServerRow, t.EnvironmentRow):
        empty_trash(database, row, deletion.number)
    with database.begin_write() as tx:
        end_deletion(tx, deletion.number)


def _get_mock(tx: Transaction, mock_server_id: str) -> t.MockServerRow:
    return require_row(tx.get(t.MockServerRow, mock_server_id), "mock server", mock_server_id)


def _check_mock(tx: Transaction, mock_server_id: str) -> None:
    check_there(tx, t.MockServerRow, mock_server_id, "mock server")


def _check_needs(tx: Transaction, number: int) -> None:
    """Raise Conflict or NotFound if what a mock server needs is in the trash itself, or gone."""
    row = tx.execute(select(_MOCKS).where(_MOCKS.c.deletion == number)).one_or_none()
    if row is None:  # it is back already, and the rest was interrupted
        return
    check_there(tx, t.CollectionRow, row.collection_id, "collection")
    if row.environment_id is not None and find_deletion_of(tx, t.EnvironmentRow, row.environment_id) is not None:
        check_there(tx, t.EnvironmentRow, row.environment_id, "environment")


def _restore_row(tx: Transaction, deletion: Deletion) -> str:
    """Move the row of a mock server back, and return its name; an environment that is gone is detached."""
    row = tx.execute(select(_MOCKS).where(_MOCKS.c.deletion == deletion.number)).one()
    name = find_restored_name(tx, t.MockServerRow.name, row.name)
    new: dict[str, Any] = {"name": name, "slug": find_restored_slug(tx, t.MockServerRow.slug, row.slug)}
    if row.environment_id is not None and tx.get(t.EnvironmentRow, row.environment_id) is None:
        new["environment_id"] = None
    move_back(tx, t.MockServerRow, deletion.number, **new)
    return name
