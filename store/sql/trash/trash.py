"""`store.repositories.trash.Trash` in SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Any

from understudy.store.errors import UserError
from understudy.store.repositories.trash import (
    KEPT_SECONDS,
    MOST_BYTES,
    Amount,
    Deletion,
    DeletionKind,
    DeletionState,
    Restored,
)
from understudy.store.sql.database.engine import Database
from understudy.store.sql.trash import collection_trash, history_trash, mock_server_trash
from understudy.store.sql.trash.deletions import (
    begin_deletion,
    end_deletion,
    read_deletion,
    read_deletions,
    set_state,
)

WorkOn = Callable[[Database, Deletion], object]

_COMPLETE: Mapping[DeletionKind, WorkOn] = {
    DeletionKind.SESSION: history_trash.complete_deletion,
    DeletionKind.ENTRIES: history_trash.complete_deletion,
    DeletionKind.COLLECTION: collection_trash.complete_collection,
    DeletionKind.MOCK_SERVER: mock_server_trash.complete_mock_server,
    DeletionKind.CALLS: mock_server_trash.complete_calls,
}
_RESTORE: Mapping[DeletionKind, Callable[[Database, Deletion], Restored]] = {
    DeletionKind.SESSION: history_trash.restore,
    DeletionKind.ENTRIES: history_trash.restore,
    DeletionKind.COLLECTION: collection_trash.restore_collection,
    DeletionKind.EXAMPLE: collection_trash.restore_example,
    DeletionKind.ENVIRONMENT: mock_server_trash.restore_environment,
    DeletionKind.MOCK_SERVER: mock_server_trash.restore_mock_server,
    DeletionKind.SERVER_ERROR: mock_server_trash.restore_server_error,
    DeletionKind.CALLS: mock_server_trash.restore_calls,
}
_FORGET: Mapping[DeletionKind, WorkOn] = {
    DeletionKind.SESSION: history_trash.forget,
    DeletionKind.ENTRIES: history_trash.forget,
    DeletionKind.COLLECTION: collection_trash.forget_collection,
    DeletionKind.EXAMPLE: collection_trash.forget_collection,
}


class SqlTrash:
    """`store.repositories.trash.Trash` in SQL. What leaves a table is overwritten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def measure_session(self, session_id: str) -> Amount:
        return history_trash.measure_session(self._database, session_id)

    def measure_entries(self, ids: Sequence[int]) -> Amount:
        return history_trash.measure_entries(self._database, ids)

    def measure_collection(self, collection_id: str) -> Amount:
        return collection_trash.measure_collection(self._database, collection_id)

    def measure_calls(self, mock_server_id: str) -> Amount:
        return mock_server_trash.measure_log(self._database, mock_server_id)

    def put_session(self, session_id: str) -> Deletion:
        return history_trash.put_session(self._database, session_id)

    def put_entries(self, ids: Sequence[int]) -> Deletion:
        return history_trash.put_entries(self._database, ids)

    def put_collection(self, collection_id: str) -> Deletion:
        return self._put(collection_trash.put_collection, collection_id)

    def put_example(self, collection_id: str, example_id: str) -> Deletion:
        return self._put(collection_trash.put_example, collection_id, example_id)

    def put_environment(self, environment_id: str) -> Deletion:
        return self._put(mock_server_trash.put_environment, environment_id)

    def put_mock_server(self, mock_server_id: str) -> Deletion:
        return self._put(mock_server_trash.put_mock_server, mock_server_id)

    def put_server_error(self, error_id: str) -> Deletion:
        return self._put(mock_server_trash.put_server_error, error_id)

    def put_calls(self, mock_server_id: str) -> Deletion:
        return self._put(mock_server_trash.put_calls, mock_server_id)

    def note_values(self, kind: DeletionKind, name: str, subject: str | None, details: Mapping[str, Any]) -> Deletion:
        with self._database.begin_write() as tx:
            return begin_deletion(tx, kind, name, subject, Amount(), details=details)

    def list(self) -> Sequence[Deletion]:
        return [one for one in read_deletions(self._database) if one.state is not DeletionState.FORGETTING]

    def find(self, number: int) -> Deletion:
        with self._database.begin_read() as tx:
            return read_deletion(tx, number)

    def restore(self, number: int) -> Restored:
        deletion = self.find(number)
        restore = _RESTORE.get(deletion.kind)
        if restore is not None:
            with self._database.overwriting():
                return restore(self._database, deletion)
        with self._database.begin_write() as tx:  # its caller restores the values
            end_deletion(tx, number)
        return Restored(deletion, deletion.name)

    def forget(self, number: int) -> None:
        deletion = self.find(number)
        set_state(self._database, number, DeletionState.FORGETTING)
        with self._database.overwriting():
            _FORGET.get(deletion.kind, mock_server_trash.forget_rows)(self._database, deletion)

    def tidy(self, now: float) -> None:
        for deletion in reversed(read_deletions(self._database)):
            with suppress(UserError):  # another program completes it, or it lacks what it belongs to
                self._complete(deletion)
        newest_first = self.list()
        totals = accumulate(one.amount.size for one in newest_first)
        for deletion, total in reversed(list(zip(newest_first, totals, strict=True))):
            if deletion.at < now - KEPT_SECONDS or total > MOST_BYTES:
                self.forget(deletion.number)

    def _put(self, put: Callable[..., Deletion], *ids: str) -> Deletion:
        with self._database.overwriting():
            return put(self._database, *ids)

    def _complete(self, deletion: Deletion) -> None:
        with self._database.overwriting():
            match deletion.state:
                case DeletionState.DELETING:
                    _COMPLETE[deletion.kind](self._database, deletion)
                case DeletionState.RESTORING:
                    _RESTORE[deletion.kind](self._database, deletion)
                case DeletionState.FORGETTING:
                    self.forget(deletion.number)
                case DeletionState.DELETED:
                    pass
