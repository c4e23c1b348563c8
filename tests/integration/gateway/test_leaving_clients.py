"""Clients that close their connection before the end of a streamed answer has come from the upstream."""

from __future__ import annotations

import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from tests.programs import Understudy, upstream, wait_for

DONE = b"data: [DONE]\n\n"
RESET = struct.pack("ii", 1, 0)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("framing", ["chunked", "until close"])
def test_a_client_that_closes_at_the_last_event_leaves_a_complete_exchange(
    tmp_path: Path, framing: str, how: str
) -> None:
    """As SDKs of LLMs do at `data: [DONE]`, with the end of the body still to come."""
    understudy, has_left = Understudy(tmp_path), threading.Event()

    def stream(handler: BaseHTTPRequestHandler) -> None:
        _begin(handler, chunked=framing == "chunked")
        has_left.wait(10)
        threading.Event().wait(0.1)  # the gateway reads that the client has left
        handler.wfile.write(b"0\r\n\r\n" if framing == "chunked" else b"")

    with upstream(stream) as url, understudy.serving("record", "-s", "left", "--upstream", url) as gateway:
        _leave_at_last_event(gateway.port, how)
        has_left.set()
        wait_for(lambda: understudy.sql("select count(*) from exchanges") == 1)
    [kept] = understudy.json("history", "list")
    assert (kept["status"], kept["error"]) == (200, None)
    assert "Traceback" not in gateway.log


def test_a_client_that_closes_in_the_middle_of_a_stream_leaves_a_failed_exchange(tmp_path: Path) -> None:
    understudy, has_ended = Understudy(tmp_path), threading.Event()

    def stream(handler: BaseHTTPRequestHandler) -> None:
        _begin(handler, chunked=True)
        has_ended.wait(10)

    with upstream(stream) as url, understudy.serving("record", "-s", "left", "--upstream", url) as gateway:
        _leave_at_last_event(gateway.port, "close")
        wait_for(lambda: understudy.sql("select count(*) from exchanges") == 1)
        has_ended.set()
    [kept] = understudy.json("history", "list")
    assert (kept["status"], kept["error"]) == (200, "the client closed the connection")
    understudy.run("promote", "--session", "left", "--to", "events")
    with understudy.serving("mock", "events") as gateway:
        mocked = httpx.get(f"{gateway.url}/events", trust_env=False)
    assert (mocked.status_code, mocked.content) == (200, DONE)


def _begin(handler: BaseHTTPRequestHandler, *, chunked: bool) -> None:
    handler.close_connection = not chunked
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Connection", "close")))
    handler.end_headers()
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(DONE), DONE) if chunked else DONE)
    handler.wfile.flush()


def _leave_at_last_event(port: int, how: str) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b""
        while DONE not in answer:
            answer += client.recv(65_536)
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
