"""Collections, folders, request items, examples and environments as rows."""

from __future__ import annotations

import json

from understudy.store.model.collections import Collection, Environment, Example, Folder, RequestItem
from understudy.store.sql.database import tables as t
from understudy.store.sql.mapping.body_rows import Columns, NewBodies
from understudy.store.sql.mapping.exchange_rows import redacted_from_text, redacted_to_text
from understudy.store.sql.mapping.json_columns import (
    behaviour_from_text,
    behaviour_to_text,
    unedited_from_text,
    unedited_to_text,
)
from understudy.store.sql.mapping.message_rows import (
    request_from_row,
    request_to_columns,
    response_from_row,
    response_to_columns,
)


def collection_from_row(row: t.CollectionRow) -> Collection:
    """Return the collection of a row."""
    return Collection(row.id, row.name, row.created_at, json.loads(row.variables))


def folder_from_row(row: t.FolderRow) -> Folder:
    """Return the folder of a row."""
    return Folder(row.id, row.collection_id, row.name, row.parent_id, row.position)


def item_to_columns(item: RequestItem) -> Columns:
    """Return the columns of a request item."""
    return {
        "id": item.id,
        "collection_id": item.collection_id,
        "folder_id": item.folder_id,
        "name": item.name,
        "key": item.key or None,
        "position": item.position,
        "method": item.method or None,
        "path": item.path or None,
    }


def item_from_row(row: t.RequestItemRow) -> RequestItem:
    """Return the request item of a row."""
    return RequestItem(
        id=row.id,
        collection_id=row.collection_id,
        name=row.name,
        key=row.key or "",
        folder_id=row.folder_id,
        position=row.position,
        method=row.method or "",
        path=row.path or "",
    )


def example_to_columns(example: Example, bodies: NewBodies) -> Columns:
    """Return the columns of an example; its bodies are added to `bodies`."""
    return {
        "id": example.id,
        "collection_id": example.collection_id,
        "item_id": example.item_id,
        "name": example.name,
        **request_to_columns(example.request, bodies),
        **response_to_columns(example.response, bodies),
        "redacted": redacted_to_text(example.redacted),
        "literal": example.literal,
        "sequence": example.sequence,
        "templates": example.templates,
        "edited": example.edited,
        "fingerprint": example.fingerprint,
        "behaviour": behaviour_to_text(example.behaviour),
        "unedited": unedited_to_text(example.unedited),
    }


def example_from_row(row: t.ExampleRow) -> Example:
    """Return the example of a row, its bodies as references."""
    return Example(
        id=row.id,
        collection_id=row.collection_id,
        item_id=row.item_id,
        name=row.name,
        request=request_from_row(row),
        response=response_from_row(row),
        redacted=redacted_from_text(row.redacted),
        literal=row.literal,
        sequence=row.sequence,
        templates=row.templates,
        edited=row.edited,
        fingerprint=row.fingerprint,
        behaviour=behaviour_from_text(row.behaviour),
        unedited=unedited_from_text(row.unedited),
    )


def environment_from_row(row: t.EnvironmentRow) -> Environment:
    """Return the environment of a row."""
    return Environment(row.id, row.name, json.loads(row.variables))
