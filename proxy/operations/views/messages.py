"""Requests, responses, bodies and times as JSON."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from understudy.store.model.messages import Body, Headers, Request, Response


def iso_time(seconds: float | None) -> str | None:
    """Return seconds since the epoch as ISO 8601 in this machine's time zone; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds).astimezone().isoformat()


def request_json(request: Request, body: bytes) -> dict[str, Any]:
    """Return a request as JSON, with these bytes as its body."""
    return {
        "method": request.method,
        "url": request.url,
        "http_version": request.http_version,
        "headers": headers_json(request.headers),
        **body_json(body),
    }


def response_json(response: Response, body: bytes) -> dict[str, Any]:
    """Return a response as JSON, with these bytes as its body."""
    return {
        "status": response.status,
        "reason": response.reason.decode("latin-1"),
        "http_version": response.http_version,
        "headers": headers_json(response.headers),
        **body_json(body),
    }


def headers_json(headers: Headers) -> list[tuple[str, str]]:
    """Return header fields as pairs of name and value, in their order, repeated names included."""
    return list(headers)


def body_json(body: bytes) -> dict[str, Any]:
    """Return a body and its size in bytes: as `body` where it is UTF-8, else as `body_base64`."""
    try:
        return {"body": body.decode(), "body_size": len(body)}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode(), "body_size": len(body)}


def require_bytes(body: Body) -> bytes:
    """Return a body that is at hand; a reference is an error of the program."""
    assert isinstance(body, bytes)
    return body
