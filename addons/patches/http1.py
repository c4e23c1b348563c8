"""Corrections of mitmproxy's HTTP/1 side: trailers, informational responses, and requests of unknown length.

mitmproxy raises an error at trailers, and takes an informational response for the final one. It can forward neither, so
both are dropped; the connection that they came on is remembered, and its exchange is marked as degraded. mitmproxy also
sends the body of an HTTP/2 request without a length without any framing, which the upstream would parse as further
requests. Our own layers for HTTP/1.1 do not use this.
"""

from __future__ import annotations

import re
from typing import Any
from weakref import WeakKeyDictionary

import h11
from h11._readers import ChunkedReader
from mitmproxy import http
from mitmproxy.connection import Connection
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import RequestHeaders, RequestTrailers
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Connection

from understudy.addons.patches.replace import get_original, replace
from understudy.store.model.values import replace as copy_with

# RFC 9110, section 15.2; 101 is a final response. An incomplete head begins like this, too.
INFORMATIONAL = re.compile(rb"HTTP/1\.[01] (1(?!01)[0-9][0-9])[ \r\n]")
HEAD_END = re.compile(rb"\r?\n\r?\n")
MAX_HEAD_BYTES = 64 * 1024

_dropped: WeakKeyDictionary[Connection, list[str]] = WeakKeyDictionary()


def install_http1_fixes() -> None:
    """Correct mitmproxy's HTTP/1 side in this process; raises UnsupportedMitmproxy."""
    replace(Http1Connection, "read_body", read_body)
    replace(Http1Client, "read_headers", read_headers)
    replace(Http1Client, "send", send)
    replace(_http1, "make_body_reader", make_body_reader)


def pop_dropped(flow: http.HTTPFlow) -> str:
    """Return what was dropped from a flow, in a few words, and forget it; "" if nothing was."""
    return "; ".join(one for side in (flow.client_conn, flow.server_conn) for one in _dropped.pop(side, ()))


class TrailerDroppingReader(ChunkedReader):
    """A reader of chunked bodies that reads and drops trailers."""

    connection: Connection | None = None

    def __call__(self, buf: Any) -> Any:
        """Return the next event from the buffer, None while it is incomplete."""
        event = super().__call__(buf)
        if not isinstance(event, h11.EndOfMessage) or not event.headers:
            return event
        if self.connection is not None:
            _record_drop(self.connection, "trailers were dropped")
        return h11.EndOfMessage()


def make_body_reader(expected_size: int | None) -> Any:
    """Make the reader for a body of this size in bytes; None means chunked coding, -1 until the connection closes."""
    return TrailerDroppingReader() if expected_size is None else get_original(make_body_reader)(expected_size)


def read_body(self: Http1Connection, event: events.Event) -> layer.CommandGenerator[None]:
    """Read a part of a body."""
    if isinstance(self.body_reader, TrailerDroppingReader):
        self.body_reader.connection = self.conn
    yield from get_original(read_body)(self, event)


def read_headers(self: Http1Client, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
    """Read a part of a response's head, after dropping informational responses."""
    if isinstance(event, events.DataReceived) and self.request is not None:
        while (match := INFORMATIONAL.match(received := bytes(self.buf))) is not None:
            end = HEAD_END.search(received)
            if end is None:
                if len(received) < MAX_HEAD_BYTES:
                    return
                break
            self.buf.maybe_extract_at_most(end.end())
            _record_drop(self.conn, f"an informational response ({match[1].decode()}) was dropped")
    yield from get_original(read_headers)(self, event)


def send(self: Http1Client, event: HttpEvent) -> layer.CommandGenerator[None]:
    """Send a part of a request; a body of unknown length is sent in chunks (RFC 9112, section 6.1)."""
    if isinstance(event, RequestTrailers):
        _record_drop(self.conn, "trailers of the request were dropped")
        return
    if isinstance(event, RequestHeaders) and not event.end_stream and not _has_framing(event.request):
        request = event.request.copy()
        request.headers["Transfer-Encoding"] = "chunked"
        event = copy_with(event, request=request)
    yield from get_original(send)(self, event)


def _has_framing(request: http.Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _record_drop(connection: Connection, description: str) -> None:
    descriptions = _dropped.setdefault(connection, [])
    if description not in descriptions:
        descriptions.append(description)
