"""Requests and responses as columns, which examples, server errors and calls share."""

from __future__ import annotations

import json
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from understudy.store.model.messages import (
    DEFAULT_PORTS,
    Body,
    Chunk,
    Headers,
    InterimResponse,
    Origin,
    Request,
    Response,
    measure_body,
)
from understudy.store.model.values import replace
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.columns import RequestHeadColumns
from understudy.store.sql.mapping.body_rows import Columns, NewBodies, body_from_columns

# The examples of one API have much the same headers: each text is parsed once, and its value is shared.
CACHE_SIZE = 4_096
_encode = msgspec.json.Encoder().encode
_decode_pairs = msgspec.json.Decoder(list[tuple[str, str]]).decode


def headers_to_text(headers: Headers) -> str | None:
    """Return headers as a JSON list of pairs, decoded as Latin-1, which keeps every byte; None without fields."""
    if not headers.fields:
        return None
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.fields]
    return _encode(pairs).decode()


@lru_cache(CACHE_SIZE)
def headers_from_text(text: str | None) -> Headers:
    """Return the headers that `headers_to_text` wrote."""
    if not text:
        return Headers()
    return Headers(tuple([(_encode_name(name), value.encode("latin-1")) for name, value in _decode_pairs(text)]))


@lru_cache(CACHE_SIZE)
def _encode_name(text: str) -> bytes:
    return text.encode("latin-1")  # APIs use few names: each is kept once


def origin_to_text(origin: Origin | None) -> str | None:
    """Return an origin as text."""
    return None if origin is None else str(origin)


@lru_cache(CACHE_SIZE)
def origin_from_text(text: str | None) -> Origin | None:
    """Return the origin that `origin_to_text` wrote."""
    if text is None:
        return None
    # Not Origin.parse: a client may have requested an origin that it refuses, such as one with port 0.
    parts = urlsplit(text)
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return Origin(parts.scheme, parts.hostname or "", port)


def request_to_columns(request: Request, bodies: NewBodies) -> Columns:
    """Return the columns of `RequestColumns`; the body is added to `bodies`."""
    size = measure_body(request.body)
    return {**request_head_to_columns(request), "request_body": bodies.add(request.body), "request_size": size}


def request_head_to_columns(request: Request) -> Columns:
    """Return the columns of a request without those of its body."""
    return {
        "method": request.method,
        "origin": origin_to_text(request.origin),
        "target": request.target,
        "path": path_to_text(request),
        "request_version": request.http_version,
        "request_headers": headers_to_text(request.headers),
        "request_trailers": headers_to_text(request.trailers),
    }


def path_to_text(request: Request) -> str:
    """Return the path of a request for filters; NUL, which not every database can hold in text, becomes %00."""
    path = request.target.partition(b"?")[0].decode("latin-1")
    return path.replace("\0", "%00") if "\0" in path else path


def request_from_row(row: t.ExampleRow) -> Request:
    """Return the request of an example, its body as a reference."""
    return request_from_head(row, body_from_columns(row.request_body, row.request_size))


def request_from_head(row: RequestHeadColumns, body: Body) -> Request:
    """Return the request of a row, with this body."""
    return Request(
        method=row.method,
        target=row.target,
        headers=headers_from_text(row.request_headers),
        body=body,
        origin=origin_from_text(row.origin),
        http_version=row.request_version,
        trailers=headers_from_text(row.request_trailers),
    )


def response_to_columns(response: Response, bodies: NewBodies) -> Columns:
    """Return the columns of a response; the body is added to `bodies`."""
    size = measure_body(response.body)
    return {
        **response_head_to_columns(response),
        "response_chunks": chunks_to_text(response.chunks),
        "response_interim": interim_to_text(response.interim),
        "response_body": bodies.add(response.body),
        "response_size": size,
    }


def response_head_to_columns(response: Response | None) -> Columns:
    """Return the columns of a response without those of its body; all null for None."""
    if response is None:
        return dict.fromkeys(("status", "reason", "response_version", "response_headers", "response_trailers"))
    return {
        "status": response.status,
        "reason": response.reason,
        "response_version": response.http_version,
        "response_headers": headers_to_text(response.headers),
        "response_trailers": headers_to_text(response.trailers),
    }


def chunks_to_text(chunks: tuple[Chunk, ...]) -> str | None:
    """Return chunks as a JSON list of [seconds, bytes]; None for no chunks."""
    return json.dumps([[round(chunk.at, 6), chunk.size] for chunk in chunks]) if chunks else None


def chunks_from_text(text: str | None) -> tuple[Chunk, ...]:
    """Return the chunks that `chunks_to_text` wrote."""
    return tuple(Chunk(at, size) for at, size in json.loads(text)) if text else ()


def interim_to_text(interim: tuple[InterimResponse, ...]) -> str | None:
    """Return interim responses as a JSON list of [status, reason, headers]; None for no responses."""
    if not interim:
        return None
    return json.dumps(
        [
            [response.status, response.reason.decode("latin-1"), headers_to_text(response.headers)]
            for response in interim
        ]
    )


def interim_from_text(text: str | None) -> tuple[InterimResponse, ...]:
    """Return the interim responses that `interim_to_text` wrote."""
    if not text:
        return ()
    return tuple(
        InterimResponse(status, headers_from_text(headers), reason.encode("latin-1"))
        for status, reason, headers in json.loads(text)
    )


def response_from_row(row: t.ExampleRow) -> Response:
    """Return the response of an example, its body as a reference."""
    response = response_from_head(row, body_from_columns(row.response_body, row.response_size))
    if row.response_chunks is None and row.response_interim is None:
        return response
    return replace(
        response, chunks=chunks_from_text(row.response_chunks), interim=interim_from_text(row.response_interim)
    )


def response_from_head(row: t.ExampleRow | t.ServerErrorRow | t.CallRow, body: Body) -> Response:
    """Return the response of a row that has one, with this body."""
    assert row.status is not None
    return Response(
        status=row.status,
        headers=headers_from_text(row.response_headers),
        body=body,
        reason=row.reason or b"",
        http_version=row.response_version or "",
        trailers=headers_from_text(row.response_trailers),
    )
