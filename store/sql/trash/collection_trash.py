"""Collections and examples in the trash, with request items, folders and marks of promotion."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, select, update
from sqlalchemy.orm import Session as Transaction

from understudy.store.errors import Conflict, NotFound
from understudy.store.model.changes import Subject
from understudy.store.repositories.trash import Amount, Deletion, DeletionKind, DeletionState, Restored
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.trash_tables import DELETED_EXAMPLES, TRASH
from understudy.store.sql.deletion.gateway_uses import check_unused
from understudy.store.sql.deletion.unused_bodies import sweep_unused_bodies
from understudy.store.sql.lookup.find_by_name import check_unused as check_no_mock_server
from understudy.store.sql.lookup.find_by_name import require_row
from understudy.store.sql.repositories.changes import record_change
from understudy.store.sql.trash.amounts import measure_examples
from understudy.store.sql.trash.deletions import begin_deletion, check_there, end_deletion, set_state
from understudy.store.sql.trash.moves import (
    empty_trash,
    move_back,
    move_back_in_pieces,
    move_to_trash,
    move_to_trash_in_pieces,
)
from understudy.store.sql.trash.restored_names import find_restored_name

# In this order they are deleted, because each refers to those after it.
_MANY = (t.PromotedRow, t.ExampleRow, t.RequestItemRow)
_ITEMS = TRASH[t.RequestItemRow]


def measure_collection(database: Database, collection_id: str) -> Amount:
    """Return how much a collection is; raise NotFound."""
    with database.begin_read() as tx:
        _get_collection(tx, collection_id)
        return measure_examples(tx, t.ExampleRow.collection_id == collection_id)


def put_collection(database: Database, collection_id: str) -> Deletion:
    """Delete a collection, whose examples go piece by piece before it."""
    amount = measure_collection(database, collection_id)
    with database.begin_write() as tx:
        row = _check_deletable(tx, collection_id)
        state = DeletionState.DELETING
        deletion = begin_deletion(tx, DeletionKind.COLLECTION, row.name, collection_id, amount, state=state)
    return complete_collection(database, deletion)


def complete_collection(database: Database, deletion: Deletion) -> Deletion:
    """Delete what is left of a collection; restore it and raise Conflict if a mock server was made of it meanwhile."""
    try:
        return _move_collection(database, deletion)
    except Conflict:
        restore_collection(database, deletion)
        raise


def _move_collection(database: Database, deletion: Deletion) -> Deletion:
    number, collection_id = deletion.number, str(deletion.subject)
    for row in _MANY:
        move_to_trash_in_pieces(database, row, number, row.collection_id == collection_id)
    with database.begin_write() as tx:
        if tx.get(t.CollectionRow, collection_id) is not None:
            _check_deletable(tx, collection_id)
            for row in _MANY:  # what came meanwhile
                move_to_trash(tx, row, number, row.collection_id == collection_id)
            move_to_trash(tx, t.FolderRow, number, t.FolderRow.collection_id == collection_id)
            move_to_trash(tx, t.CollectionRow, number, t.CollectionRow.id == collection_id)
            record_change(tx, Subject.COLLECTION, collection_id, collection_id)
    return set_state(database, number, DeletionState.DELETED)


def restore_collection(database: Database, deletion: Deletion) -> Restored:
    """Undo the deletion of a collection: programs learn of it when all of it is there."""
    number, collection_id = deletion.number, str(deletion.subject)
    set_state(database, number, DeletionState.RESTORING)
    with database.begin_write() as tx:
        name = tx.scalar(select(t.CollectionRow.name).where(t.CollectionRow.id == collection_id))
        if name is None:
            name = find_restored_name(tx, t.CollectionRow.name, deletion.name)
            move_back(tx, t.CollectionRow, number, name=name)
            move_back(tx, t.FolderRow, number)
    for row in (t.RequestItemRow, t.ExampleRow):
        move_back_in_pieces(database, row, number)
    move_back_in_pieces(database, t.PromotedRow, number, _has_exchange())
    empty_trash(database, t.PromotedRow, number)
    with database.begin_write() as tx:
        record_change(tx, Subject.COLLECTION, collection_id, collection_id)
        end_deletion(tx, number)
    return Restored(deletion, name)


def put_example(database: Database, collection_id: str, example_id: str) -> Deletion:
    """Delete an example, and its request item if it has no other."""
    chosen = and_(t.ExampleRow.collection_id == collection_id, t.ExampleRow.id == example_id)
    mark = t.PromotedRow
    is_own_mark = and_(mark.collection_id == collection_id, mark.example_id == example_id)
    with database.begin_write() as tx:
        row = require_row(tx.scalars(select(t.ExampleRow).where(chosen)).one_or_none(), "example", example_id)
        details = {"example": example_id, "marks": list(tx.scalars(select(mark.exchange_id).where(is_own_mark)))}
        amount = measure_examples(tx, chosen)
        deletion = begin_deletion(tx, DeletionKind.EXAMPLE, row.name, collection_id, amount, details=details)
        move_to_trash(tx, t.ExampleRow, deletion.number, chosen)
        tx.execute(update(mark).where(is_own_mark).values(example_id=None))
        has_others = exists().where(t.ExampleRow.item_id == row.item_id)
        move_to_trash(tx, t.RequestItemRow, deletion.number, (t.RequestItemRow.id == row.item_id) & ~has_others)
        record_change(tx, Subject.EXAMPLE, example_id, collection_id)
    return deletion


def restore_example(database: Database, deletion: Deletion) -> Restored:
    """Undo the deletion of an example: it is in the same place, and is the example of the same exchange again."""
    number, collection_id = deletion.number, str(deletion.subject)
    mark = t.PromotedRow
    with database.begin_write() as tx:
        check_there(tx, t.CollectionRow, collection_id, "collection")
        row = tx.execute(select(DELETED_EXAMPLES).where(DELETED_EXAMPLES.c.deletion == number)).one()
        if tx.get(t.ExampleRow, (collection_id, row.id)) is not None:
            raise Conflict(f"there is an example {row.id} already", what="example", which=row.id)
        move_back(tx, t.ExampleRow, number, item_id=_restore_item(tx, row))
        tx.execute(delete(_ITEMS).where(_ITEMS.c.deletion == number))
        was_marked = mark.exchange_id.in_(deletion.details["marks"]) & mark.example_id.is_(None)
        own = (mark.collection_id == collection_id) & was_marked
        tx.execute(update(mark).where(own).values(example_id=row.id))
        record_change(tx, Subject.EXAMPLE, row.id, collection_id)
        end_deletion(tx, number)
    return Restored(deletion, deletion.name)


def forget_collection(database: Database, deletion: Deletion) -> None:
    """Delete a collection or an example from the trash, and the bodies that nothing else uses."""
    for row in (*_MANY, t.FolderRow, t.CollectionRow):
        empty_trash(database, row, deletion.number)
    sweep_unused_bodies(database)
    with database.begin_write() as tx:
        end_deletion(tx, deletion.number)


def _get_collection(tx: Transaction, collection_id: str) -> t.CollectionRow:
    return require_row(tx.get(t.CollectionRow, collection_id), "collection", collection_id)


def _check_deletable(tx: Transaction, collection_id: str) -> t.CollectionRow:
    row = _get_collection(tx, collection_id)
    is_used = t.MockServerRow.collection_id == collection_id
    check_no_mock_server(tx, "collection", row.name, is_used, action="delete_mock_servers")
    check_unused(tx, t.GatewayRow.collection_id, collection_id, "collection", row.name)
    return row


def _has_exchange() -> ColumnElement[bool]:
    return exists().where(t.KeptExchangeRow.id == TRASH[t.PromotedRow].c.exchange_id)


def _restore_item(tx: Transaction, example: Any) -> str:
    """Return the id of the request item of an example, which is restored with it unless it is there."""
    if tx.get(t.RequestItemRow, example.item_id) is not None:
        return str(example.item_id)
    # Another example may have been deleted later, and the item with it.
    newest = select(_ITEMS).where(_ITEMS.c.id == example.item_id).order_by(_ITEMS.c.deletion.desc()).limit(1)
    item = tx.execute(newest).one_or_none()
    if item is None:
        line = "its request item was deleted for ever"
        raise NotFound(line, what="example", which=example.id)
    same = select(t.RequestItemRow.id).where(
        t.RequestItemRow.collection_id == item.collection_id, t.RequestItemRow.key == item.key
    )
    other = tx.scalar(same) if item.key is not None else None
    if other is not None:
        return other
    has_folder = item.folder_id is not None and tx.get(t.FolderRow, item.folder_id) is not None
    values = {name: value for name, value in item._mapping.items() if name != "deletion"}
    tx.add(t.RequestItemRow(**{**values, "folder_id": item.folder_id if has_folder else None}))
    tx.flush()
    return str(item.id)
