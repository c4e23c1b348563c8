"""mitmproxy's HTTP/1 side: what it does as installed, and what it does with our corrections.

A test of the installed mitmproxy that fails means that mitmproxy has corrected this itself: our patch can go.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestTrailers,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client
from mitmproxy.test.tflow import tclient_conn, tserver_conn

from understudy.addons.patches.http1 import MAX_HEAD_BYTES, install_http1_fixes, pop_dropped

EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nodd\r\n0\r\n"


class Upstream:
    """mitmproxy's side of a connection to an upstream, in memory."""

    def __init__(self) -> None:
        context = Context(tclient_conn(), Options())
        context.server = tserver_conn()
        self.connection = context.server
        self.side = Http1Client(context)
        self._run(events.Start())

    def send(self, *parts: Any) -> bytes:
        """Send parts of a request; return the bytes."""
        ran = [command for part in parts for command in self._run(part)]
        return b"".join(command.data for command in ran if isinstance(command, commands.SendData))

    def receive(self, *pieces: bytes) -> list[Any]:
        """Receive bytes; return what mitmproxy makes of them."""
        ran = [command for piece in pieces for command in self._run(events.DataReceived(self.connection, piece))]
        return [command.event for command in ran if isinstance(command, ReceiveHttp)]

    def pop_dropped(self) -> str:
        """Return what was dropped."""
        return pop_dropped(SimpleNamespace(client_conn=tclient_conn(), server_conn=self.connection))  # type: ignore[arg-type]

    def _run(self, event: events.Event) -> list[commands.Command]:
        return list(self.side.handle_event(event))


def make_request(*, headers: dict[str, str] | None = None) -> http.Request:
    """A POST of HTTP/2, whose body needs no length."""
    made = http.Request.make("POST", "http://api.example.com/", b"")
    made.headers.pop("content-length")
    made.headers.update(headers or {})
    made.http_version = "HTTP/2.0"
    return made


def ask_upstream() -> Upstream:
    """An upstream that was sent a whole request."""
    upstream = Upstream()
    upstream.send(RequestHeaders(1, make_request(headers={"content-length": "0"}), True), RequestEndOfMessage(1))
    return upstream


def list_statuses(received: list[Any]) -> list[int]:
    """The statuses of responses that began."""
    return [event.response.status_code for event in received if isinstance(event, ResponseHeaders)]


def test_installed_mitmproxy_fails_at_trailers() -> None:
    upstream = ask_upstream()
    with pytest.raises(NotImplementedError, match="trailers are not implemented"):
        upstream.receive(RESPONSE + b"Checksum: 1\r\n\r\n")


def test_trailers_of_a_response_are_dropped() -> None:
    install_http1_fixes()
    upstream = ask_upstream()
    received = upstream.receive(RESPONSE + b"Checksum: 1\r\n\r\n")
    assert [type(event) for event in received] == [ResponseHeaders, ResponseData, ResponseEndOfMessage]
    assert upstream.pop_dropped() == "trailers were dropped"
    assert upstream.pop_dropped() == ""


def test_a_response_without_trailers_drops_nothing() -> None:
    install_http1_fixes()
    upstream = ask_upstream()
    assert list_statuses(upstream.receive(RESPONSE + b"\r\n")) == [200]
    assert upstream.pop_dropped() == ""


def test_installed_mitmproxy_takes_an_informational_response_for_the_final_one() -> None:
    upstream = ask_upstream()
    assert list_statuses(upstream.receive(EARLY_HINTS)) == [103]


@pytest.mark.parametrize("size", [1, 10, 1_000])
def test_an_informational_response_is_dropped(size: int) -> None:
    """In however many pieces it arrives."""
    install_http1_fixes()
    upstream = ask_upstream()
    data = EARLY_HINTS + EARLY_HINTS + RESPONSE + b"\r\n"
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert list_statuses(upstream.receive(*pieces)) == [200]
    assert upstream.pop_dropped() == "an informational response (103) was dropped"


def test_a_switch_of_protocols_is_a_final_response() -> None:
    install_http1_fixes()
    upstream = ask_upstream()
    assert list_statuses(upstream.receive(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")) == [101]


def test_an_endless_informational_head_is_left_to_mitmproxy() -> None:
    """It is not kept in memory without a bound by us."""
    install_http1_fixes()
    upstream = ask_upstream()
    upstream.receive(b"HTTP/1.1 103 " + bytes(MAX_HEAD_BYTES))
    assert upstream.pop_dropped() == ""


def test_installed_mitmproxy_sends_a_body_of_unknown_length_without_framing() -> None:
    """The upstream would parse the body as further requests."""
    sent = Upstream().send(RequestHeaders(1, make_request(), False), RequestData(1, b"GET / HTTP/1.1"))
    head, _, body = sent.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body == b"GET / HTTP/1.1"


def test_a_body_of_unknown_length_is_sent_in_chunks() -> None:
    install_http1_fixes()
    sent = Upstream().send(RequestHeaders(1, make_request(), False), RequestData(1, b"body"), RequestEndOfMessage(1))
    head, _, body = sent.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"4\r\nbody\r\n0\r\n\r\n"


def test_a_body_of_known_length_is_sent_as_it_is() -> None:
    install_http1_fixes()
    request = make_request(headers={"content-length": "4"})
    sent = Upstream().send(RequestHeaders(1, request, False), RequestData(1, b"body"), RequestEndOfMessage(1))
    head, _, body = sent.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert body == b"body"


def test_installed_mitmproxy_fails_at_trailers_of_a_request() -> None:
    upstream = Upstream()
    upstream.send(RequestHeaders(1, make_request(), False))
    with pytest.raises(AssertionError, match="Unexpected event"):
        upstream.send(RequestTrailers(1, http.Headers()))


def test_trailers_of_a_request_are_dropped() -> None:
    install_http1_fixes()
    upstream = Upstream()
    upstream.send(RequestHeaders(1, make_request(), False))
    assert upstream.send(RequestTrailers(1, http.Headers())) == b""
    assert upstream.pop_dropped() == "trailers of the request were dropped"
