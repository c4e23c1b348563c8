"""mitmproxy's own HTTP/1 side, mended: it hangs on trailers, and takes an informational response for the answer.

It can pass neither, so both are dropped here; which connection they came on is remembered for the exchange, which is
marked as degraded. And it sends the body of an HTTP/2 request that tells no length without any framing: the upstream
would take the body for further requests. Our own layers for HTTP/1.1 have no part in this.
"""

from __future__ import annotations

import re
from dataclasses import replace
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

# RFC 9110, section 15.2; 101 is an answer. A head that has not come whole begins so, too.
INFORMATIONAL = re.compile(rb"HTTP/1\.[01] (1(?!01)[0-9][0-9])[ \r\n]")
HEAD_END = re.compile(rb"\r?\n\r?\n")
MAX_HEAD_BYTES = 64 * 1024

_dropped: WeakKeyDictionary[Connection, list[str]] = WeakKeyDictionary()
_read_body = Http1Connection.read_body
_read_headers = Http1Client.read_headers
_send = Http1Client.send
_make_body_reader = _http1.make_body_reader


def install_http1_fixes() -> None:
    """From now on, in this process."""
    Http1Connection.read_body = read_body  # type: ignore[method-assign]  # that is the point
    Http1Client.read_headers = read_headers  # type: ignore[method-assign]  # as above
    Http1Client.send = send  # type: ignore[method-assign]  # as above
    _http1.make_body_reader = make_body_reader


def pop_dropped(flow: http.HTTPFlow) -> str:
    """What was dropped of this flow, in a few words; "" if nothing was. It is forgotten then."""
    return "; ".join(one for side in (flow.client_conn, flow.server_conn) for one in _dropped.pop(side, ()))


class TrailerDroppingReader(ChunkedReader):
    """Reads chunked coding; trailers are read and dropped."""

    connection: Connection | None = None

    def __call__(self, buf: Any) -> Any:
        """The next piece."""
        event = super().__call__(buf)
        if not isinstance(event, h11.EndOfMessage) or not event.headers:
            return event
        if self.connection is not None:
            _record_drop(self.connection, "trailers were dropped")
        return h11.EndOfMessage()


def make_body_reader(expected_size: int | None) -> Any:
    """A reader of bodies of this size; None for chunked coding."""
    return TrailerDroppingReader() if expected_size is None else _make_body_reader(expected_size)


def read_body(self: Http1Connection, event: events.Event) -> layer.CommandGenerator[None]:
    """Read on in a body."""
    if isinstance(self.body_reader, TrailerDroppingReader):
        self.body_reader.connection = self.conn
    yield from _read_body(self, event)


def read_headers(self: Http1Client, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
    """Read on in the head of a response, past those that are informational."""
    if isinstance(event, events.DataReceived) and self.request is not None:
        while (found := INFORMATIONAL.match(came := bytes(self.buf))) is not None:
            end = HEAD_END.search(came)
            if end is None:
                if len(came) < MAX_HEAD_BYTES:
                    return
                break
            self.buf.maybe_extract_at_most(end.end())
            _record_drop(self.conn, f"an informational response ({found[1].decode()}) was dropped")
    yield from _read_headers(self, event)


def send(self: Http1Client, event: HttpEvent) -> layer.CommandGenerator[None]:
    """Send a part of a request; a body whose length is not known before goes out in chunks (RFC 9112, section 6.1)."""
    if isinstance(event, RequestTrailers):
        _record_drop(self.conn, "trailers of the request were dropped")
        return
    if isinstance(event, RequestHeaders) and not event.end_stream and not _has_framing(event.request):
        request = event.request.copy()
        request.headers["Transfer-Encoding"] = "chunked"
        event = replace(event, request=request)
    yield from _send(self, event)


def _has_framing(request: http.Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _record_drop(connection: Connection, what: str) -> None:
    told = _dropped.setdefault(connection, [])
    if what not in told:
        told.append(what)
