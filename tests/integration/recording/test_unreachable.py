"""An upstream that cannot be reached, and comes back."""

from __future__ import annotations

import http.client
import json
from http.server import BaseHTTPRequestHandler

from tests.programs import Understudy, answer, free_port, upstream


def hello(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b"hello")


def test_connection_of_a_client_recovers_with_the_upstream(understudy: Understudy) -> None:
    """A keep-alive connection that got a 502 gets the answer once the upstream is there."""
    port = free_port()
    with understudy.serving("record", "--upstream", f"http://127.0.0.1:{port}", "-s", "late") as gateway:
        client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
        client.request("GET", "/first")
        refused = client.getresponse()
        shown = json.loads(refused.read())
        assert (refused.status, shown["error"]["name"]) == (502, "upstreamUnreachableError")
        socket = client.sock
        with upstream(hello, port):
            client.request("GET", "/second")
            assert client.getresponse().read() == b"hello"
            assert client.sock is socket
        client.close()
    statuses = [(entry["status"], bool(entry["error"])) for entry in understudy.json("history", "list")]
    assert statuses == [(None, True), (200, False)]
