"""Very many examples read at once, as a mock server does when it starts: a third of the time that entities take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Table, select

from understudy.store.model.collections import Example
from understudy.store.model.messages import BodyRef, Request, Response
from understudy.store.sql.database import tables as t
from understudy.store.sql.mapping import rows
from understudy.store.sql.mapping.json_columns import behaviour_from_text

_TABLE = t.ExampleRow.__table__
assert isinstance(_TABLE, Table)
_NAMES = (
    *("id", "collection_id", "item_id", "name", "redacted", "literal", "sequence", "templates", "edited"),
    *("fingerprint", "behaviour"),
    *("method", "target", "request_headers", "request_body", "request_size", "origin", "request_version"),
    "request_trailers",
    *("status", "response_headers", "response_body", "response_size", "reason", "response_version"),
    "response_trailers",
    *("response_chunks", "response_interim"),
)
ROWS = 1_000
_QUERY = select(*(_TABLE.c[name] for name in _NAMES)).order_by(_TABLE.c.id)


def read_examples(connection: Connection, collection_id: str) -> list[Example]:
    """The examples of a collection by id."""
    # All rows at once would fill the processor's caches, again and again.
    found = connection.execute(_QUERY.where(_TABLE.c.collection_id == collection_id)).partitions(ROWS)
    return [example for rows_at_once in found for example in _build_examples(rows_at_once)]


def _build_examples(found: Iterable[Any]) -> Iterator[Example]:
    headers, origin, redacted = rows.headers_from_text, rows.origin_from_text, rows.redacted_from_text
    # By place and not by name: of 100,000 rows with 26 columns that is felt.
    for row in found:
        (id, collection_id, item_id, name, hidden, literal, sequence, templates, edited, fingerprint, behaviour) = row[
            :11
        ]
        (method, target, asked, asked_body, asked_size, asked_of, asked_version, asked_trailers) = row[11:19]
        (status, told, told_body, told_size, reason, told_version, told_trailers, chunks, interim) = row[19:]
        request = Request(
            method,
            target,
            headers(asked),
            BodyRef(asked_body, asked_size) if asked_body else b"",
            origin(asked_of),
            asked_version,
            headers(asked_trailers),
        )
        response = Response(
            status,
            headers(told),
            BodyRef(told_body, told_size) if told_body else b"",
            reason or b"",
            told_version or "",
            headers(told_trailers),
            rows.chunks_from_text(chunks) if chunks else (),
            rows.interim_from_text(interim) if interim else (),
        )
        yield Example(
            id,
            collection_id,
            item_id,
            name,
            request,
            response,
            redacted(hidden),
            literal,
            sequence,
            templates,
            edited,
            fingerprint,
            behaviour_from_text(behaviour),
        )
