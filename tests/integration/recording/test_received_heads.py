"""The heads of HTTP/1 are stored as they were received, and those of HTTP/2 in the same form."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler

import pytest

from tests.factories.stores import open_fresh_file
from tests.programs import Serving, Understudy, free_port, upstream

ANSWER = b"HTTP/1.1 200  Fine\r\nserver:odd\r\nX-Spaces:   a b  \r\nX-Empty:\r\nContent-Length: 2\r\n\r\n"
FIELDS = b"hOST: api.example.com\r\nX-Tab:\tword\t\r\nX-Twice: 1\r\nx-twice:2\r\nCookie:  sid=Kq3xV8mZ2rTw6LbN\r\n\r\n"


def answer(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(ANSWER + b"ok")
    handler.close_connection = True


def exchange(gateway: Serving, head: bytes) -> bytes:
    """Send a request; return all that comes back until the connection ends, or the answer is complete."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        connection.sendall(head)
        received = b""
        while not received.endswith(b"ok") and (data := connection.recv(65_536)):
            received += data
        return received


def read_head(understudy: Understudy, part: str) -> bytes:
    return understudy.complete("history", "show", "1", "--head", part).stdout


def test_received_heads_are_stored_to_the_byte(understudy: Understudy) -> None:
    port = free_port()
    head = b"GET /a?b=%20 HTTP/1.1\r\n" + FIELDS
    record = ("record", "--upstream", f"http://127.0.0.1:{port}", "-s", "heads")
    with upstream(answer, port), understudy.serving(*record) as gateway:
        assert exchange(gateway, head) == ANSWER + b"ok"
    assert read_head(understudy, "request") == head
    assert read_head(understudy, "response") == ANSWER


def test_a_target_in_absolute_form_stays(understudy: Understudy) -> None:
    """As a client of a forward proxy sends it; lists show the path."""
    port = free_port()
    head = b"GET http://127.0.0.1:%d/a?b HTTP/1.1\r\n" % port + FIELDS
    with upstream(answer, port), understudy.serving("record", "-s", "heads") as gateway:
        exchange(gateway, head)
    assert read_head(understudy, "request") == head
    assert b"http://127.0.0.1:%d/a?b" % port in understudy.complete("history", "list").stdout


def test_redaction_changes_the_lines_of_secrets_alone(understudy: Understudy) -> None:
    port = free_port()
    target = b"http://127.0.0.1:%d/a?access_token=Kq3xV8mZ2rTw6LbN" % port
    record = ("record", "-s", "heads", "--redact")
    with upstream(answer, port), understudy.serving(*record) as gateway:
        exchange(gateway, b"GET " + target + b" HTTP/1.1\r\n" + FIELDS)
    stored = read_head(understudy, "request")
    assert b"Kq3xV8mZ2rTw6LbN" not in stored
    first, *lines = stored.split(b"\r\n")
    assert first.startswith(b"GET /a?access_token=")
    assert lines[:4] == FIELDS.split(b"\r\n")[:4]
    assert read_head(understudy, "response") == ANSWER


@pytest.mark.parametrize("part", ["request", "response"])
def test_an_entry_that_does_not_exist_has_no_head(understudy: Understudy, part: str) -> None:
    open_fresh_file(understudy.store).close()
    refused = understudy.complete("history", "show", "7", "--head", part)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"there is no history entry 7" in refused.stderr
