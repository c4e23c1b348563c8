"""Rows to domain values and back; the only module that knows both."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from understudy.store.model.collections import Collection, Environment, Example, Folder, RequestItem
from understudy.store.model.exchanges import Exchange, Part, RedactedPlace, Session, Timings
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.messages import (
    DEFAULT_PORTS,
    Body,
    BodyRef,
    Chunk,
    Headers,
    InterimResponse,
    Origin,
    PiecedBody,
    Request,
    Response,
)
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.sql.database import tables as t
from understudy.store.sql.mapping.json_columns import behaviour_from_text, behaviour_to_text

Columns = dict[str, Any]

# Examples of one API have much the same headers: each text is read once, and its value is shared.
REMEMBERED = 4_096
_encode = msgspec.json.Encoder().encode
_decode_pairs = msgspec.json.Decoder(list[tuple[str, str]]).decode


class NewBodies:
    """Collects the bodies of what is being kept: each content once, references as they are."""

    def __init__(self) -> None:
        self.rows: dict[str, Columns] = {}
        self.keys: list[str] = []  # of pieces

    def add(self, body: Body) -> str | None:
        """The key under which a body is kept; None for an empty one."""
        if isinstance(body, PiecedBody):
            self.keys.append(body.key)
            self.rows[body.digest] = {"digest": body.digest, "size": body.size, "content": b"", "pieces": body.key}
            return body.digest
        if isinstance(body, BodyRef):
            return body.digest if body.size else None
        if not body:
            return None
        digest = hashlib.sha256(body).hexdigest()
        self.rows[digest] = {"digest": digest, "size": len(body), "content": body, "pieces": None}
        return digest


def measure_body(body: Body) -> int:
    """The size of a body in bytes."""
    return body.size if isinstance(body, BodyRef) else len(body)


def body_from_columns(digest: str | None, size: int | None) -> Body:
    """A body as a row names it."""
    return BodyRef(digest, size or 0) if digest else b""


def headers_to_text(headers: Headers) -> str | None:
    """Headers as a JSON list of pairs; Latin-1 keeps every byte. None when there are none."""
    if not headers.fields:
        return None
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.fields]
    return _encode(pairs).decode()


@lru_cache(REMEMBERED)
def headers_from_text(text: str | None) -> Headers:
    """The inverse of `headers_text`."""
    if not text:
        return Headers()
    return Headers(tuple([(_encode_name(name), value.encode("latin-1")) for name, value in _decode_pairs(text)]))


@lru_cache(REMEMBERED)
def _encode_name(text: str) -> bytes:
    return text.encode("latin-1")  # the same few, kept once


def origin_to_text(origin: Origin | None) -> str | None:
    """An origin as it is kept."""
    return None if origin is None else str(origin)


@lru_cache(REMEMBERED)
def origin_from_text(text: str | None) -> Origin | None:
    """The inverse of `origin_text`."""
    if text is None:
        return None
    # Not Origin.parse: a client may have asked for what we would not start with, such as port 0.
    parts = urlsplit(text)
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return Origin(parts.scheme, parts.hostname or "", port)


def request_to_columns(request: Request, bodies: NewBodies) -> Columns:
    """The columns of `tables.RequestColumns`."""
    size = measure_body(request.body)
    return {**request_head_to_columns(request), "request_body": bodies.add(request.body), "request_size": size}


def request_head_to_columns(request: Request) -> Columns:
    """The columns of a request but for its body and that body's size."""
    return {
        "method": request.method,
        "origin": origin_to_text(request.origin),
        "target": request.target,
        "path": request.path.decode("latin-1").replace("\0", "%00"),
        "request_version": request.http_version,
        "request_headers": headers_to_text(request.headers),
        "request_trailers": headers_to_text(request.trailers),
    }


def request_from_row(row: t.ExchangeRow | t.ExampleRow) -> Request:
    """The request of an exchange or example."""
    return request_from_head(row, body_from_columns(row.request_body, row.request_size))


def request_from_head(row: t.RequestHeadColumns, body: Body) -> Request:
    """The request of a row, with this body."""
    return Request(
        method=row.method,
        target=row.target,
        headers=headers_from_text(row.request_headers),
        body=body,
        origin=origin_from_text(row.origin),
        http_version=row.request_version,
        trailers=headers_from_text(row.request_trailers),
    )


def response_to_columns(response: Response | None, bodies: NewBodies) -> Columns:
    """The columns of a response; all null for none."""
    if response is None:
        return {
            **response_head_to_columns(None),
            **_stream_to_columns(None),
            "response_body": None,
            "response_size": None,
        }
    size, stream = measure_body(response.body), _stream_to_columns(response)
    return {
        **response_head_to_columns(response),
        **stream,
        "response_body": bodies.add(response.body),
        "response_size": size,
    }


def response_head_to_columns(response: Response | None) -> Columns:
    """The columns of a response but for its body and that body's size; all null for none."""
    if response is None:
        return dict.fromkeys(("status", "reason", "response_version", "response_headers", "response_trailers"))
    return {
        "status": response.status,
        "reason": response.reason,
        "response_version": response.http_version,
        "response_headers": headers_to_text(response.headers),
        "response_trailers": headers_to_text(response.trailers),
    }


def _stream_to_columns(response: Response | None) -> Columns:
    return {
        "response_chunks": chunks_to_text(response.chunks) if response else None,
        "response_interim": interim_to_text(response.interim) if response else None,
    }


def chunks_to_text(chunks: tuple[Chunk, ...]) -> str | None:
    """Chunks as a JSON list of [seconds, bytes]; None when there are none."""
    return json.dumps([[round(chunk.at, 6), chunk.size] for chunk in chunks]) if chunks else None


def chunks_from_text(text: str | None) -> tuple[Chunk, ...]:
    """The inverse of `chunks_text`."""
    return tuple(Chunk(at, size) for at, size in json.loads(text)) if text else ()


def interim_to_text(interim: tuple[InterimResponse, ...]) -> str | None:
    """Informational responses as a JSON list of [status, reason, headers]; None when there are none."""
    if not interim:
        return None
    return json.dumps([[one.status, one.reason.decode("latin-1"), headers_to_text(one.headers)] for one in interim])


def interim_from_text(text: str | None) -> tuple[InterimResponse, ...]:
    """The inverse of `interim_text`."""
    if not text:
        return ()
    return tuple(
        InterimResponse(status, headers_from_text(headers), reason.encode("latin-1"))
        for status, reason, headers in json.loads(text)
    )


def response_from_row(row: t.ExchangeRow | t.ExampleRow) -> Response:
    """The response of an exchange or example that has one."""
    response = response_from_head(row, body_from_columns(row.response_body, row.response_size))
    if row.response_chunks is None and row.response_interim is None:
        return response
    return replace(
        response, chunks=chunks_from_text(row.response_chunks), interim=interim_from_text(row.response_interim)
    )


def response_from_head(row: t.ExchangeRow | t.ExampleRow | t.ServerErrorRow | t.CallRow, body: Body) -> Response:
    """The response of a row that has one, with this body."""
    assert row.status is not None
    return Response(
        status=row.status,
        headers=headers_from_text(row.response_headers),
        body=body,
        reason=row.reason or b"",
        http_version=row.response_version or "",
        trailers=headers_from_text(row.response_trailers),
    )


def exchange_to_columns(exchange: Exchange, bodies: NewBodies) -> Columns:
    """The columns of an exchange, all but its id."""
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
    """An exchange, its bodies as references."""
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


def example_to_columns(example: Example, bodies: NewBodies) -> Columns:
    """The columns of an example."""
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
    }


def redacted_to_text(redacted: frozenset[RedactedPlace]) -> str:
    """Redacted places as a JSON list of [part, name]."""
    return json.dumps([[place.part, place.name] for place in sorted(redacted)])


@lru_cache(REMEMBERED)
def redacted_from_text(text: str) -> frozenset[RedactedPlace]:
    """The inverse of `redacted_text`."""
    return frozenset(RedactedPlace(Part(part), name) for part, name in json.loads(text))


def example_from_row(row: t.ExampleRow) -> Example:
    """An example, its bodies as references."""
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
    )


def message_to_columns(message: WebSocketMessage) -> Columns:
    """The columns of a WebSocket's message, all but whose it is and where it stands."""
    return {
        "at": message.at,
        "from_client": message.from_client,
        "kind": message.kind.value,
        "content": message.content,
    }


def message_from_row(row: t.WebSocketMessageRow) -> WebSocketMessage:
    """A WebSocket's message."""
    return WebSocketMessage(row.at, row.from_client, MessageKind(row.kind), row.content)


def session_from_row(row: t.SessionRow) -> Session:
    """A session."""
    return Session(row.id, row.name, origin_from_text(row.upstream), row.created_at)


def collection_from_row(row: t.CollectionRow) -> Collection:
    """A collection."""
    return Collection(row.id, row.name, row.created_at, json.loads(row.variables))


def folder_from_row(row: t.FolderRow) -> Folder:
    """A folder."""
    return Folder(row.id, row.collection_id, row.name, row.parent_id, row.position)


def item_to_columns(item: RequestItem) -> Columns:
    """The columns of a request item."""
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
    """A request item."""
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


def environment_from_row(row: t.EnvironmentRow) -> Environment:
    """An environment."""
    return Environment(row.id, row.name, json.loads(row.variables))


def gateway_state_from_row(row: t.GatewayRow) -> GatewayState:
    """What a gateway should be doing."""
    return GatewayState(Mode(row.mode), row.collection_id, row.session_id, row.mock_server_id)


def gateway_from_row(row: t.GatewayRow) -> Gateway:
    """A gateway."""
    return Gateway(
        id=row.id,
        name=row.name,
        pid=row.pid,
        listen=row.listen,
        upstream=origin_from_text(row.upstream),
        desired_state=gateway_state_from_row(row),
        started_at=row.started_at,
        heartbeat=row.heartbeat,
        seen_revision=row.seen_revision,
        lost=row.lost,
    )
