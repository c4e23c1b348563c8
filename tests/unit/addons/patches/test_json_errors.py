"""Errors of mitmproxy's own HTTP layers: HTML as installed, JSON with our patch.

A test of the installed mitmproxy that fails means that mitmproxy has changed this itself: our patch can go.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._events import ResponseProtocolError
from mitmproxy.proxy.layers.http._http2 import Http2Server
from mitmproxy.test.tflow import tclient_conn

from understudy.addons.patches.json_errors import install_json_errors
from understudy.addons.streams.call_stream import KILLED

REQUEST = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "api.example.com")]


class Http2Pair:
    """A client of HTTP/2 with one request, and mitmproxy's side of its connection."""

    def __init__(self) -> None:
        options: Any = SimpleNamespace(validate_inbound_headers=True, normalize_outbound_headers=True)
        context = Context(tclient_conn(), options)
        self._server = Http2Server(context)
        self._client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._client.initiate_connection()
        self._client.send_headers(1, REQUEST, end_stream=True)
        self._run(events.Start())
        self._run(events.DataReceived(context.client, self._client.data_to_send()))

    def fail(self, code: Any) -> tuple[dict[str, str], bytes, bool]:
        """Fail the request; return the headers and the body of the response, and whether the stream was reset."""
        headers: dict[str, str] = {}
        body, is_reset = b"", False
        for event in self._run(ResponseProtocolError(1, "no upstream", code)):
            if isinstance(event, h2.events.ResponseReceived):
                headers = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
            is_reset = is_reset or isinstance(event, h2.events.StreamReset)
        return headers, body, is_reset

    def _run(self, event: events.Event) -> list[h2.events.Event]:
        ran = list(self._server.handle_event(event))
        data = b"".join(command.data for command in ran if isinstance(command, commands.SendData))
        received: list[h2.events.Event] = self._client.receive_data(data)
        return received


def test_installed_mitmproxy_sends_html_over_http_1() -> None:
    assert b"<html>" in _http1.make_error_response(400, "no request")


def test_errors_over_http_1_are_json() -> None:
    install_json_errors()
    head, _, body = _http1.make_error_response(400, "no request").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in head
    assert "no request" in json.loads(body)["error"]["message"]


def test_installed_mitmproxy_sends_html_over_http_2() -> None:
    headers, body, is_reset = Http2Pair().fail(ResponseProtocolError.code)
    assert headers["content-type"] == "text/html"
    assert b"<html>" in body
    assert not is_reset


def test_errors_over_http_2_are_json() -> None:
    install_json_errors()
    headers, body, is_reset = Http2Pair().fail(ResponseProtocolError.code)
    assert headers[":status"] == "502"
    assert headers["content-type"].startswith("application/json")
    assert "no upstream" in json.loads(body)["error"]["message"]
    assert not is_reset


@pytest.mark.parametrize("is_installed", [False, True])
def test_a_killed_stream_is_reset_without_a_response(is_installed: bool) -> None:
    """As in mitmproxy without our patch."""
    if is_installed:
        install_json_errors()
    assert Http2Pair().fail(KILLED) == ({}, b"", True)
