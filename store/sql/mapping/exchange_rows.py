"""Sessions, exchanges and the messages of WebSockets as rows."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from understudy.store.head_blocks import (
    HeadBlock,
    make_request_block,
    make_response_block,
    read_request_block,
    read_response_block,
)
from understudy.store.model.exchanges import Exchange, Part, RedactedPlace, Session, Timings
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Headers, Origin, Request, Response, measure_body
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.columns import SessionColumns
from understudy.store.sql.mapping.body_rows import Columns, NewBodies, inline_body_from_columns
from understudy.store.sql.mapping.message_rows import (
    CACHE_SIZE,
    chunks_from_text,
    chunks_to_text,
    headers_from_text,
    headers_to_text,
    interim_from_text,
    interim_to_text,
    origin_from_text,
    path_to_text,
)

CONTENT_TYPE_LENGTH = len("content-type")


def session_from_row(row: SessionColumns) -> Session:
    """Return the session of a row."""
    replay = json.loads(row.replay) if row.replay else {}
    return Session(row.id, row.name, origin_from_text(row.upstream), row.created_at, replay)


def exchange_to_columns(exchange: Exchange, session_number: int) -> Columns:
    """Return the columns of `ExchangeColumns` without the id."""
    times, request, response = exchange.timings, exchange.request, exchange.response
    origin = request.origin
    return {
        "session_number": session_number,
        "key": exchange.key,
        "started_at": times.started,
        "method": request.method,
        "scheme": origin.scheme if origin else None,
        "host": origin.host if origin else "",
        "port": origin.port if origin else None,
        "path": path_to_text(request),
        "status": response.status if response else None,
        "media_type": find_media_type(response.headers) if response else None,
        "request_size": measure_body(request.body),
        "response_size": measure_body(response.body) if response else None,
        "request_end": times.request_end,
        "response_start": times.response_start,
        "response_end": times.response_end,
        "error": exchange.error,
    }


def find_media_type(headers: Headers) -> str | None:
    """Return the media type of a message, in lower case and without parameters; None without one."""
    for name, value in headers.fields:
        if len(name) == CONTENT_TYPE_LENGTH and name.lower() == b"content-type":
            return _parse_media_type(value)
    return None


@lru_cache(CACHE_SIZE)
def _parse_media_type(value: bytes) -> str | None:
    return parse_media_type(value.decode("latin-1"))


def content_to_columns(exchange: Exchange, bodies: NewBodies) -> Columns:
    """Return the columns of `tables.ExchangeContentRow` without the id; bodies that are not inline go to `bodies`."""
    request, response = exchange.request, exchange.response
    request_block = make_request_block(request, exchange.request_head)
    response_block = make_response_block(response, exchange.response_head) if response else None
    request_content, request_body = bodies.add_inline(request.body)
    response_content, response_body = bodies.add_inline(response.body) if response else (None, None)
    return {
        "request_version": request_block.version,
        "request_head": request_block.data,
        "request_trailers": headers_to_text(request.trailers),
        "request_content": request_content,
        "request_body": request_body,
        "response_version": response_block.version if response_block else None,
        "response_head": response_block.data if response_block else None,
        "response_trailers": headers_to_text(response.trailers) if response else None,
        "response_content": response_content,
        "response_body": response_body,
        "response_chunks": chunks_to_text(response.chunks) if response else None,
        "response_interim": interim_to_text(response.interim) if response else None,
        "redacted": redacted_to_text(exchange.redacted) if exchange.redacted else None,
        "degraded": exchange.degraded or None,
    }


def exchange_from_row(row: Any) -> Exchange:
    """Return the exchange of a row of both tables and the session's id as `session_id`.

    Small bodies are bytes, others references.
    """
    return Exchange(
        session_id=row.session_id,
        request=_request_from_row(row),
        response=None if row.status is None else _response_from_row(row),
        timings=Timings(row.started_at, row.request_end, row.response_start, row.response_end),
        error=row.error,
        id=row.id,
        redacted=redacted_from_text(row.redacted) if row.redacted else frozenset(),
        degraded=row.degraded or "",
    )


def _request_from_row(row: Any) -> Request:
    head = read_request_block(HeadBlock(row.request_head, row.request_version))
    return Request(
        row.method,
        head.subject,
        head.headers,
        inline_body_from_columns(row.request_content, row.request_body, row.request_size),
        None if row.scheme is None else _share_origin(row.scheme, row.host, row.port),
        head.version,
        headers_from_text(row.request_trailers),
    )


def _response_from_row(row: Any) -> Response:
    head = read_response_block(HeadBlock(row.response_head, row.response_version))
    return Response(
        row.status,
        head.headers,
        inline_body_from_columns(row.response_content, row.response_body, row.response_size),
        head.subject,
        head.version,
        headers_from_text(row.response_trailers),
        chunks_from_text(row.response_chunks),
        interim_from_text(row.response_interim),
    )


@lru_cache(CACHE_SIZE)
def _share_origin(scheme: str, host: str, port: int) -> Origin:
    return Origin(scheme, host, port)


def redacted_to_text(redacted: frozenset[RedactedPlace]) -> str:
    """Return redacted places as a sorted JSON list of [part, name]."""
    return json.dumps([[place.part, place.name] for place in sorted(redacted)])


@lru_cache(CACHE_SIZE)
def redacted_from_text(text: str) -> frozenset[RedactedPlace]:
    """Return the redacted places that `redacted_to_text` wrote."""
    return frozenset(RedactedPlace(Part(part), name) for part, name in json.loads(text))


def message_to_columns(message: WebSocketMessage) -> Columns:
    """Return the columns of a WebSocket's message without its exchange and its position."""
    return {
        "at": message.at,
        "from_client": message.from_client,
        "kind": message.kind.value,
        "content": message.content,
    }


def message_from_row(row: t.WebSocketMessageRow) -> WebSocketMessage:
    """Return the WebSocket's message of a row."""
    return WebSocketMessage(row.at, row.from_client, MessageKind(row.kind), row.content)
