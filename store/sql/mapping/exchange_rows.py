"""Sessions, exchanges and the messages of WebSockets as rows."""

from __future__ import annotations

import json
from functools import lru_cache

from understudy.store.model.exchanges import Exchange, Part, RedactedPlace, Session, Timings
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.sql.database import tables as t
from understudy.store.sql.mapping.body_rows import Columns, NewBodies
from understudy.store.sql.mapping.message_rows import (
    CACHE_SIZE,
    origin_from_text,
    request_from_row,
    request_to_columns,
    response_from_row,
    response_to_columns,
)


def session_from_row(row: t.SessionRow) -> Session:
    """Return the session of a row."""
    replay = json.loads(row.replay) if row.replay else {}
    return Session(row.id, row.name, origin_from_text(row.upstream), row.created_at, replay)


def exchange_to_columns(exchange: Exchange, bodies: NewBodies) -> Columns:
    """Return the columns of an exchange without its id; its bodies are added to `bodies`."""
    times = exchange.timings
    return {
        "session_id": exchange.session_id,
        "started_at": times.started,
        "request_end": times.request_end,
        "response_start": times.response_start,
        "response_end": times.response_end,
        "error": exchange.error,
        "redacted": redacted_to_text(exchange.redacted) if exchange.redacted else None,
        "degraded": exchange.degraded or None,
        **request_to_columns(exchange.request, bodies),
        **response_to_columns(exchange.response, bodies),
    }


def exchange_from_row(row: t.ExchangeRow) -> Exchange:
    """Return the exchange of a row, its bodies as references."""
    return Exchange(
        session_id=row.session_id,
        request=request_from_row(row),
        response=None if row.status is None else response_from_row(row),
        timings=Timings(row.started_at, row.request_end, row.response_start, row.response_end),
        error=row.error,
        id=row.id,
        redacted=redacted_from_text(row.redacted) if row.redacted else frozenset(),
        degraded=row.degraded or "",
    )


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
