"""Errors of a gateway as gRPC clients expect them: a status in a response that consists of its head."""

from __future__ import annotations

import json
from urllib.parse import quote

from understudy.store.model.media_types import is_grpc_type
from understudy.store.model.messages import Headers, Request, Response

UNIMPLEMENTED = 12  # gRPC, "Status codes and their use"
MAX_MESSAGE_CHARS = 1_000
# gRPC over HTTP/2: these characters of a Status-Message stay as they are.
_UNQUOTED = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


def make_status_fields(message: str, status: int = UNIMPLEMENTED) -> Headers:
    """Return the fields that end a call with this status and message."""
    text = quote(message[:MAX_MESSAGE_CHARS], safe=_UNQUOTED)
    return Headers.of([("grpc-status", str(status)), ("grpc-message", text)])


def render_grpc_error(message: str) -> Response:
    """Render an error as a response of gRPC without messages ("Trailers-Only")."""
    fields = Headers.of([("content-type", "application/grpc")]).fields + make_status_fields(message).fields
    return Response(200, Headers(fields), http_version="HTTP/2.0")


def adapt_error(request: Request, error: Response) -> Response:
    """Return a 404 of ours as gRPC clients expect it; another error, or one for another client, is unchanged."""
    is_grpc = request.http_version.startswith("HTTP/2") and is_grpc_type(request.headers.get("content-type"))
    return render_grpc_error(_read_message(error)) if is_grpc and error.status == 404 else error


def _read_message(error: Response) -> str:
    assert isinstance(error.body, bytes)
    return str(json.loads(error.body)["error"]["message"]) if error.body else "not found"
