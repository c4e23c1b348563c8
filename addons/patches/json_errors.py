"""Errors of mitmproxy's own HTTP layers as JSON, like every other error of the gateway.

mitmproxy sends pages of HTML for requests that it cannot parse, and for upstreams that fail over HTTP/2.
"""

from __future__ import annotations

import time
from typing import Any

from mitmproxy import http
from mitmproxy.net.http import status_codes
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._events import (
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http2 import Http2Server

from understudy.addons.patches.replace import get_original, replace
from understudy.serving.gateway.error_replies import encode_reply, render_gateway_error

_SILENT_STATUSES = (status_codes.NO_RESPONSE, status_codes.CLIENT_CLOSED_REQUEST)


def install_json_errors() -> None:
    """Have mitmproxy send its errors as JSON in this process; raises UnsupportedMitmproxy."""
    replace(_http1, "make_error_response", make_error_response)
    replace(Http2Server, "_handle_event", handle_event)


def make_error_response(status_code: int, message: str = "") -> bytes:
    """Make the bytes of an error over HTTP/1.1, after which the connection closes."""
    return encode_reply(render_gateway_error(status_code, message), None, keep=False)


def handle_event(self: Http2Server, event: events.Event) -> layer.CommandGenerator[None]:
    """Send a part of a response; an error before a response has begun becomes a whole response."""
    handle = get_original(handle_event)
    status = _to_status(event.code) if isinstance(event, ResponseProtocolError) else None
    if not isinstance(event, ResponseProtocolError) or status is None or not _is_unanswered(self, event.stream_id):
        yield from handle(self, event)
        return
    error = render_gateway_error(status, event.message)
    assert isinstance(error.body, bytes)
    yield from handle(self, ResponseHeaders(event.stream_id, _make_head(status, error.headers.fields), False))
    yield from handle(self, ResponseData(event.stream_id, error.body))
    yield from handle(self, ResponseEndOfMessage(event.stream_id))


def _to_status(code: Any) -> int | None:
    # mitmproxy 12 has an enum for errors, mitmproxy 11 numbers of statuses; with None no response is sent.
    if isinstance(code, int):
        return None if code in _SILENT_STATUSES else code
    status: int | None = code.http_status_code()
    return status


def _is_unanswered(connection: Http2Server, stream_id: int) -> bool:
    if connection.is_closed(stream_id) or not connection.is_open_for_us(stream_id):
        return False
    return not connection.h2_conn.streams[stream_id].state_machine.headers_sent


def _make_head(status: int, fields: tuple[tuple[bytes, bytes], ...]) -> http.Response:
    # Field names are lower case in HTTP/2 (RFC 9113, section 8.2.1).
    headers = http.Headers([(name.lower(), value) for name, value in fields])
    return http.Response(b"HTTP/2.0", status, b"", headers, b"", None, time.time(), None)
