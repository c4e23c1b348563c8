"""Compute the keys of recorded request items anew, for a migration: row by row, with one body in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from understudy.store.errors import StoreError
from understudy.store.migrations.unreadable_rows import UNREADABLE, describe_reason
from understudy.store.model.collections import RequestItem
from understudy.store.model.ids import new_id
from understudy.store.model.messages import BodyRef, Request, Response
from understudy.store.promotion import RequestKey, copy_for_comparing
from understudy.store.request_keys import KeyChanges, KeyedExample, KeyedItem, plan_key_changes
from understudy.store.sql.mapping.exchange_rows import redacted_from_text
from understudy.store.sql.mapping.message_rows import headers_from_text, origin_from_text
from understudy.store.varied_headers import NOT_VARIED, VariedHeaders

ROWS_PER_READ = 500

_COLLECTIONS = text("select distinct collection_id from request_items where key is not null")
_ITEMS = text(
    "select id, name, key, folder_id, position from request_items"
    " where collection_id = :collection and key is not null order by position, id"
)
_EXAMPLES = text(
    "select id, sequence, literal, method, origin, target, request_version, request_headers, request_trailers,"
    " request_body, redacted"
    " from examples where item_id = :item order by id"
)
_URLS = text("select id, method, origin, target, response_headers from examples where collection_id = :collection")
_BODY = text("select content, pieces from bodies where digest = :digest")
_PIECES = text("select content from body_pieces where key = :key order by position")
_CLEAR_KEYS = text("update request_items set key = null where collection_id = :collection")
_SET_KEY = text("update request_items set key = :key where id = :id")
_INSERT_ITEM = text(
    "insert into request_items (id, collection_id, folder_id, name, key, position)"
    " values (:id, :collection, :folder, :name, :key, :position)"
)
_MOVE_EXAMPLE = text(
    "update examples set item_id = :item, sequence = :sequence where collection_id = :collection and id = :id"
)
_DELETE_ITEM = text("delete from request_items where id = :id")


def upgrade_request_keys(connection: Connection, request_key: RequestKey | None) -> None:
    """Give each recorded request item its new key; split and merge items so that each has one key.

    Raises TypeError without `request_key` if there is such an item, StoreError that names an example that cannot be
    read.
    """
    for collection_id in list(connection.scalars(_COLLECTIONS)):
        if request_key is None:
            raise TypeError("to upgrade a store with promoted examples, open_store needs request_key")
        items = _read_items(connection, collection_id, request_key)
        _apply(connection, collection_id, plan_key_changes(items, new_id))


def _read_items(connection: Connection, collection_id: str, request_key: RequestKey) -> Iterator[KeyedItem]:
    varied = _read_varied(connection, collection_id)
    for row in connection.execute(_ITEMS, {"collection": collection_id}).all():
        item = RequestItem(row.id, collection_id, row.name, row.key, row.folder_id, row.position)
        yield KeyedItem(item, list(_read_examples(connection, item.id, request_key, varied)))


def _read_varied(connection: Connection, collection_id: str) -> VariedHeaders:
    """Return the headers that the examples of a collection name in Vary."""
    varied = NOT_VARIED
    for rows in connection.execute(_URLS, {"collection": collection_id}).partitions(ROWS_PER_READ):
        varied = varied.add(_read_url(row) for row in rows)
    return varied


def _read_url(row: Any) -> tuple[Request, Response]:
    with _naming_example(row.id):
        request = Request(row.method, row.target, origin=origin_from_text(row.origin))
        return request, Response(200, headers_from_text(row.response_headers))


@contextmanager
def _naming_example(example_id: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        line = (
            f"the store cannot be upgraded, because its example {example_id} cannot be read"
            f" ({describe_reason(error)}); it stays as it is"
        )
        raise StoreError(line, what="example", which=example_id) from error


def _read_examples(
    connection: Connection, item_id: str, request_key: RequestKey, varied: VariedHeaders
) -> Iterator[KeyedExample]:
    for rows in connection.execute(_EXAMPLES, {"item": item_id}).partitions(ROWS_PER_READ):
        for row in rows:
            # What a person edited of a request is unknown in rows of this age: it may be anything that its key is of.
            with _naming_example(row.id):
                key = _compute_key(connection, row, request_key, varied) if row.literal else None
            yield KeyedExample(row.id, key, row.sequence)


def _compute_key(connection: Connection, row: Any, request_key: RequestKey, varied: VariedHeaders) -> str:
    request = Request(
        row.method,
        row.target,
        headers_from_text(row.request_headers),
        BodyRef(row.request_body, 0) if row.request_body else b"",
        origin_from_text(row.origin),
        row.request_version,
        headers_from_text(row.request_trailers),
    )
    plain = _read_body(connection, row.request_body)
    compared = copy_for_comparing(request, plain, redacted_from_text(row.redacted))
    return request_key(*compared, varied.get_names(request))


def _read_body(connection: Connection, digest: str | None) -> bytes:
    found = connection.execute(_BODY, {"digest": digest}).one_or_none() if digest else None
    if found is None:
        return b""
    return found.content if found.pieces is None else b"".join(connection.scalars(_PIECES, {"key": found.pieces}))


def _apply(connection: Connection, collection_id: str, changes: KeyChanges) -> None:
    # A key is unique in its collection, so all are free before the first new one is set.
    connection.execute(_CLEAR_KEYS, {"collection": collection_id})
    for item in changes.items:
        values = {"id": item.id, "collection": collection_id, "folder": item.folder_id, "name": item.name}
        connection.execute(_INSERT_ITEM, {**values, "key": item.key, "position": item.position})
    for moved in changes.moved:
        place = {"item": moved.item_id, "sequence": moved.sequence}
        connection.execute(_MOVE_EXAMPLE, {**place, "collection": collection_id, "id": moved.id})
    for item_id in changes.emptied:
        connection.execute(_DELETE_ITEM, {"id": item_id})
    for item_id, key in changes.keys.items():
        connection.execute(_SET_KEY, {"key": key, "id": item_id})
