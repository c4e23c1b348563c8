"""Collections, folders, request items and examples in SQL."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, select, true, update
from sqlalchemy.orm import Session as Transaction

from understudy.store.model.changes import Subject
from understudy.store.model.collections import Collection, Example, Folder, RequestItem
from understudy.store.model.ids import IdKind, new_id
from understudy.store.repositories.collections import CollectionSummary, CollectionUpdate, SiblingPosition
from understudy.store.repositories.paging import WHOLE_LIST, Page, PageRequest
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.bulk_inserts import insert_missing, insert_rows
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.database.paged_queries import read_page
from understudy.store.sql.deletion.pieces import delete_rows
from understudy.store.sql.deletion.unused_bodies import sweep_unused_bodies
from understudy.store.sql.lookup.find_by_name import (
    check_name,
    check_unused,
    find_example_row,
    find_named,
    make_name_conflict,
    require_row,
)
from understudy.store.sql.mapping.body_rows import NewBodies
from understudy.store.sql.mapping.collection_rows import (
    collection_from_row,
    example_from_row,
    example_to_columns,
    folder_from_row,
    item_from_row,
    item_to_columns,
)
from understudy.store.sql.repositories.bodies import insert_bodies, sweep_bodies
from understudy.store.sql.repositories.bulk_examples import read_examples
from understudy.store.sql.repositories.changes import record_change

# Programs with a compiled copy apply changes of single examples quickly; above this they read the collection again.
FEW_EXAMPLES = 100

_ITEM_ORDER = (t.RequestItemRow.position, t.RequestItemRow.id)


class SqlCollections:
    """`store.repositories.collections.Collections` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, variables: Mapping[str, str] | None = None) -> Collection:
        check_name("collection", name)
        collection = Collection(new_id(), name, time.time(), dict(variables or {}))
        with self._database.begin_write() as tx:
            if tx.scalar(select(t.CollectionRow).where(t.CollectionRow.name == name)):
                raise make_name_conflict("collection", name)
            text = json.dumps(collection.variables)
            tx.add(t.CollectionRow(id=collection.id, name=name, created_at=collection.created_at, variables=text))
            record_change(tx, Subject.COLLECTION, collection.id, collection.id)
        return collection

    def find(self, text: str) -> Collection:
        with self._database.begin_read() as tx:
            return collection_from_row(find_named(tx, IdKind.COLLECTION, text))

    def list_summaries(self) -> list[CollectionSummary]:
        return list(self.read_summary_page(WHOLE_LIST).items)

    def read_summary_page(self, request: PageRequest[str]) -> Page[CollectionSummary, str]:
        query = select(t.CollectionRow, _count_rows(t.RequestItemRow), _count_rows(t.ExampleRow))
        with self._database.begin_read() as tx:
            order = (t.CollectionRow.name,)
            return read_page(tx, query, order, request, _build_summary, lambda summary: summary.collection.name)

    def rename(self, collection_id: str, name: str) -> None:
        check_name("collection", name)
        with self._database.begin_write() as tx:
            row = _get_collection_row(tx, collection_id)
            if row.name != name and tx.scalar(select(t.CollectionRow.id).where(t.CollectionRow.name == name)):
                raise make_name_conflict("collection", name)
            row.name = name
            record_change(tx, Subject.COLLECTION, collection_id, collection_id)

    def set_variables(self, collection_id: str, variables: Mapping[str, str]) -> None:
        with self._database.begin_write() as tx:
            _get_collection_row(tx, collection_id).variables = json.dumps(dict(variables))
            record_change(tx, Subject.COLLECTION, collection_id, collection_id)

    def delete(self, collection_id: str) -> None:
        with self._database.begin_read() as tx:
            _check_deletable(tx, collection_id)
        for table in (t.PromotedRow, t.ExampleRow, t.RequestItemRow):
            delete_rows(self._database, table, table.collection_id == collection_id)
        sweep_unused_bodies(self._database)
        with self._database.begin_write() as tx:
            _check_deletable(tx, collection_id)
            tx.execute(delete(t.CollectionRow).where(t.CollectionRow.id == collection_id))
            record_change(tx, Subject.COLLECTION, collection_id, collection_id)

    def add_folder(self, folder: Folder) -> None:
        with self._database.begin_write() as tx:
            tx.add(
                t.FolderRow(
                    id=folder.id,
                    collection_id=folder.collection_id,
                    parent_id=folder.parent_id,
                    name=folder.name,
                    position=folder.position,
                )
            )
            record_change(tx, Subject.COLLECTION, folder.collection_id, folder.collection_id)

    def list_folders(self, collection_id: str) -> list[Folder]:
        return list(self.read_folder_page(collection_id, WHOLE_LIST).items)

    def read_folder_page(
        self, collection_id: str, request: PageRequest[SiblingPosition]
    ) -> Page[Folder, SiblingPosition]:
        query = select(t.FolderRow).where(t.FolderRow.collection_id == collection_id)
        with self._database.begin_read() as tx:
            order = (t.FolderRow.position, t.FolderRow.id)
            return read_page(tx, query, order, request, folder_from_row, SiblingPosition.of)

    def list_items(self, collection_id: str) -> list[RequestItem]:
        return list(self.read_item_page(collection_id, WHOLE_LIST).items)

    def read_item_page(
        self, collection_id: str, request: PageRequest[SiblingPosition]
    ) -> Page[RequestItem, SiblingPosition]:
        query = select(t.RequestItemRow).where(t.RequestItemRow.collection_id == collection_id)
        with self._database.begin_read() as tx:
            return read_page(tx, query, _ITEM_ORDER, request, item_from_row, SiblingPosition.of)

    def list_examples(self, collection_id: str) -> list[Example]:
        with self._database.begin_read() as tx:
            return read_examples(tx.connection(), collection_id)

    def read_example_page(self, collection_id: str, request: PageRequest[str]) -> Page[Example, str]:
        query = select(t.ExampleRow).where(t.ExampleRow.collection_id == collection_id)
        with self._database.begin_read() as tx:
            return read_page(tx, query, (t.ExampleRow.id,), request, example_from_row, lambda example: example.id)

    def list_item_names(self, collection_id: str, ids: Sequence[str] | None = None) -> dict[str, str]:
        query = select(t.RequestItemRow.id, t.RequestItemRow.name).where(
            t.RequestItemRow.collection_id == collection_id
        )
        chosen = [query]
        if ids is not None:
            starts = range(0, len(ids), IDS_PER_QUERY)
            chosen = [query.where(t.RequestItemRow.id.in_(ids[start : start + IDS_PER_QUERY])) for start in starts]
        with self._database.begin_read() as tx:
            return {row.id: row.name for each in chosen for row in tx.execute(each)}

    def list_bare_items(self, collection_id: str) -> list[RequestItem]:
        has_example = select(t.ExampleRow.id).where(t.ExampleRow.item_id == t.RequestItemRow.id).exists()
        query = select(t.RequestItemRow).where(
            t.RequestItemRow.collection_id == collection_id, t.RequestItemRow.method != "", ~has_example
        )
        with self._database.begin_read() as tx:
            return [item_from_row(row) for row in tx.scalars(query.order_by(*_ITEM_ORDER))]

    def get_examples(self, collection_id: str, ids: Sequence[str]) -> list[Example]:
        ordered = sorted(set(ids))
        with self._database.begin_read() as tx:
            return [
                example_from_row(row)
                for start in range(0, len(ordered), IDS_PER_QUERY)
                for row in tx.scalars(_select_examples(collection_id, ordered[start : start + IDS_PER_QUERY]))
            ]

    def get_example(self, collection_id: str, example_id: str) -> Example:
        with self._database.begin_read() as tx:
            return example_from_row(_get_example_row(tx, collection_id, example_id))

    def find_example(self, text: str, collection_id: str | None = None) -> Example:
        within = true() if collection_id is None else t.ExampleRow.collection_id == collection_id
        with self._database.begin_read() as tx:
            return example_from_row(find_example_row(tx, text, within))

    def list_named_examples(self, collection_id: str, name: str) -> list[Example]:
        query = select(t.ExampleRow).where(t.ExampleRow.collection_id == collection_id, t.ExampleRow.name == name)
        with self._database.begin_read() as tx:
            return [example_from_row(row) for row in tx.scalars(query.order_by(t.ExampleRow.id))]

    def find_promoted(self, collection_id: str) -> dict[int, str | None]:
        query = select(t.PromotedRow.exchange_id, t.PromotedRow.example_id)
        with self._database.begin_read() as tx:
            found = tx.execute(query.where(t.PromotedRow.collection_id == collection_id))
            return {row.exchange_id: row.example_id for row in found}

    def update(self, collection_id: str, update: CollectionUpdate) -> None:
        bodies = NewBodies()
        examples = [example_to_columns(example, bodies) for example in update.examples]
        marks = [{"collection_id": collection_id, "exchange_id": i, "example_id": e} for i, e in update.marks]
        with self._database.begin_write() as tx:
            insert_bodies(tx, bodies)
            insert_rows(tx, t.RequestItemRow, [item_to_columns(item) for item in update.items])
            insert_rows(tx, t.ExampleRow, examples)
            _drop_examples(tx, collection_id, update.dropped)
            _delete_stale_marks(tx, collection_id, update)
            existing = _find_exchanges(tx, [exchange_id for exchange_id, _ in update.marks])
            insert_missing(tx, t.PromotedRow, [mark for mark in marks if mark["exchange_id"] in existing])
            _record_update(tx, collection_id, update)

    def save_example(self, example: Example) -> None:
        bodies = NewBodies()
        columns = example_to_columns(example, bodies)
        with self._database.begin_write() as tx:
            old = _get_body_digests(_get_example_row(tx, example.collection_id, example.id))
            insert_bodies(tx, bodies)
            chosen = _has_ids(example.collection_id, [example.id])
            tx.execute(update(t.ExampleRow).where(chosen).values(**columns))
            sweep_bodies(tx, old)
            record_change(tx, Subject.EXAMPLE, example.id, example.collection_id)

    def delete_example(self, collection_id: str, example_id: str) -> None:
        with self._database.begin_write() as tx:
            item_id = _get_example_row(tx, collection_id, example_id).item_id
            _drop_examples(tx, collection_id, [example_id])
            others = select(t.ExampleRow.id).where(t.ExampleRow.item_id == item_id)
            if tx.scalar(others.limit(1)) is None:
                tx.execute(delete(t.RequestItemRow).where(t.RequestItemRow.id == item_id))
            record_change(tx, Subject.EXAMPLE, example_id, collection_id)


def _build_summary(row: t.CollectionRow, items: int, examples: int) -> CollectionSummary:
    return CollectionSummary(collection_from_row(row), items, examples)


def _get_collection_row(tx: Transaction, collection_id: str) -> t.CollectionRow:
    return require_row(tx.get(t.CollectionRow, collection_id), "collection", collection_id)


def _check_deletable(tx: Transaction, collection_id: str) -> None:
    row = _get_collection_row(tx, collection_id)
    check_unused(
        tx, "collection", row.name, t.MockServerRow.collection_id == collection_id, action="delete_mock_servers"
    )


def _has_ids(collection_id: str, ids: Sequence[str]) -> ColumnElement[bool]:
    return and_(t.ExampleRow.collection_id == collection_id, t.ExampleRow.id.in_(ids))


def _select_examples(collection_id: str, ids: Sequence[str]) -> Select[Any]:
    return select(t.ExampleRow).where(_has_ids(collection_id, ids)).order_by(t.ExampleRow.id)


def _record_update(tx: Transaction, collection_id: str, update: CollectionUpdate) -> None:
    changed = [*(example.id for example in update.examples), *update.dropped]
    answered = {example.item_id for example in update.examples}
    bare = {item.id for item in update.items} - answered
    # Programs learn which request items have no example from changes of the collection alone.
    if 0 < len(changed) <= FEW_EXAMPLES and not bare and not _has_first_examples(tx, update, answered):
        for example_id in changed:
            record_change(tx, Subject.EXAMPLE, example_id, collection_id)
    elif changed or bare:
        record_change(tx, Subject.COLLECTION, collection_id, collection_id)


def _has_first_examples(tx: Transaction, update: CollectionUpdate, answered: set[str]) -> bool:
    added = [example.id for example in update.examples]
    others = select(t.ExampleRow.id).where(t.ExampleRow.item_id == t.RequestItemRow.id, t.ExampleRow.id.not_in(added))
    without_example = (
        t.RequestItemRow.id.in_(answered - {item.id for item in update.items}),
        t.RequestItemRow.method.is_not(None),
        ~others.exists(),
    )
    return tx.scalar(select(t.RequestItemRow.id).where(*without_example).limit(1)) is not None


def _count_rows(table: type[t.RequestItemRow] | type[t.ExampleRow]) -> Any:
    query = select(func.count()).where(table.collection_id == t.CollectionRow.id)
    return query.correlate(t.CollectionRow).scalar_subquery()


def _get_example_row(tx: Transaction, collection_id: str, example_id: str) -> t.ExampleRow:
    row: t.ExampleRow | None = tx.scalars(_select_examples(collection_id, [example_id])).one_or_none()
    return require_row(row, "example", example_id)


def _get_body_digests(row: t.ExampleRow) -> list[str | None]:
    return [row.request_body, row.response_body]


def _drop_examples(tx: Transaction, collection_id: str, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), IDS_PER_QUERY):
        some = ids[start : start + IDS_PER_QUERY]
        chosen = _has_ids(collection_id, some)
        old = [digest for row in tx.scalars(select(t.ExampleRow).where(chosen)) for digest in _get_body_digests(row)]
        tx.execute(delete(t.ExampleRow).where(chosen).execution_options(synchronize_session=False))
        _clear_marks(tx, collection_id, some)
        sweep_bodies(tx, old)


def _clear_marks(tx: Transaction, collection_id: str, example_ids: Sequence[str]) -> None:
    marks = update(t.PromotedRow).where(
        t.PromotedRow.collection_id == collection_id, t.PromotedRow.example_id.in_(example_ids)
    )
    tx.execute(marks.values(example_id=None).execution_options(synchronize_session=False))


def _find_exchanges(tx: Transaction, ids: Sequence[int]) -> set[int]:
    """Return those of the ids that exchanges have: some may have been pruned since they were read."""
    found: set[int] = set()
    for start in range(0, len(ids), IDS_PER_QUERY):
        found.update(
            tx.scalars(select(t.KeptExchangeRow.id).where(t.KeptExchangeRow.id.in_(ids[start : start + IDS_PER_QUERY])))
        )
    return found


def _delete_stale_marks(tx: Transaction, collection_id: str, update: CollectionUpdate) -> None:
    # An exchange whose example was deleted gets a new mark when it is promoted again.
    ids = [exchange_id for exchange_id, example_id in update.marks if example_id is not None]
    for start in range(0, len(ids), IDS_PER_QUERY):
        stale = (
            t.PromotedRow.collection_id == collection_id,
            t.PromotedRow.example_id.is_(None),
            t.PromotedRow.exchange_id.in_(ids[start : start + IDS_PER_QUERY]),
        )
        tx.execute(delete(t.PromotedRow).where(*stale).execution_options(synchronize_session=False))
