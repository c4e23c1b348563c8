"""A gateway in mock mode and a mock server, asked by real sockets: the same bytes, by the part that should answer."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import Serving, Understudy

HOST = "api.shop.test"  # resolves nowhere (RFC 6761, section 6.2)
OWN_HEADER = re.compile(rb"X-Understudy-Example: [^\r\n]*\r\n")
TIMEOUT = 20.0
# Each flow that reaches the hook leaves a line: what the layer answers makes none.
COUNTING = """
import os
from understudy.addons.answerer import Answerer
answer = Answerer.request
async def counted(self, flow):
    with open(os.environ["HOOKED"], "a") as file:
        file.write(f"{flow.request.method} {flow.request.path}\\n")
    await answer(self, flow)
Answerer.request = counted
"""
TYPED = [
    'GET /users/{{id}} 200 {"id": "{{id}}", "at": "{{$queryParams \'at\'}}"}',
    'GET /users/me 200 {"id": 0}',
    "POST /orders 201",
    "DELETE /orders/:id 204",
    'PUT /orders/:id 500 {"error": "full"}',
    "GET /unanswered",
]


def request(method: str, target: str, *fields: str, body: bytes = b"", version: str = "HTTP/1.1") -> bytes:
    lines = [f"{method} {target} {version}", f"Host: {HOST}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


CALLS = {
    "an example": request("GET", "/users/me"),
    "a template": request("GET", "/users/7?at=noon"),
    "head": request("HEAD", "/users/me"),
    "no content": request("DELETE", "/orders/9"),
    "an error": request("PUT", "/orders/9", "Content-Type: application/json", body=b"{}"),
    "empty": request("POST", "/orders"),
    "chunked": request("POST", "/orders", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
    "trailers": request("POST", "/orders", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n",
    "a miss": request("GET", "/nothing"),
    "a miss by head": request("HEAD", "/nothing"),
    "without example": request("GET", "/unanswered"),
    "by header": request("GET", "/users/me", "x-mock-response-code: 500"),
    "malformed header": request("GET", "/users/me", "x-mock-response-code: soon"),
    "slashes and case": request("GET", "/USERS/me/"),
}
CALL = pytest.mark.parametrize("name", CALLS)


@dataclass(frozen=True)
class Both:
    """The two programs on one store, and where the gateway's hook leaves its lines."""

    understudy: Understudy
    mock_server: Serving
    gateway: Serving
    forward: Serving
    hooked: Path

    def hooks(self) -> int:
        return len(self.hooked.read_text().splitlines()) if self.hooked.exists() else 0


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    home = tmp_path_factory.mktemp("both")
    understudy = Understudy(home, preamble=COUNTING)
    requests = [part for typed in TYPED for part in ("--request", typed)]
    understudy.run("mocks", "create", "shop", "--no-cors", *requests)
    hooked = home / "hooked"
    with ExitStack() as stack:
        mock_server = stack.enter_context(understudy.mocks_serving("shop"))
        reverse = ("mock", "shop", "--upstream", f"http://{HOST}")
        gateway = stack.enter_context(understudy.serving(*reverse, HOOKED=str(hooked)))
        forward = stack.enter_context(understudy.serving("mock", "shop", HOOKED=str(hooked)))
        yield Both(understudy, mock_server, gateway, forward, hooked)


def answer(connection: socket.socket, asked: bytes) -> bytes:
    """The raw bytes of one answer."""
    connection.sendall(asked)
    came = b""
    while b"\r\n\r\n" not in came:
        came += _some(connection)
    head, _, body = came.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    missing = int(length[1]) - len(body) if length and not asked.startswith(b"HEAD") else 0
    while missing > 0:
        came += (piece := _some(connection))
        missing -= len(piece)
    return came


def _some(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    assert piece, "the connection was closed"
    return piece


def connect(serving: Serving) -> socket.socket:
    return socket.create_connection(("127.0.0.1", serving.port), TIMEOUT)


def secured(both: Both, connection: socket.socket) -> socket.socket:
    return ssl.create_default_context(cafile=both.understudy.ca).wrap_socket(connection, server_hostname=HOST)


def expected(both: Both, asked: bytes) -> bytes:
    """What the mock server answers, its own header aside."""
    with connect(both.mock_server) as connection:
        return OWN_HEADER.sub(b"", answer(connection, asked))


@CALL
def test_over_http_the_layer_answers_the_same_bytes(both: Both, name: str) -> None:
    before = both.hooks()
    with connect(both.gateway) as connection:
        assert answer(connection, CALLS[name]) == expected(both, CALLS[name])
    assert both.hooks() == before


@CALL
def test_over_tls_straight_to_the_gateway_the_layer_answers_the_same_bytes(both: Both, name: str) -> None:
    before = both.hooks()
    with secured(both, connect(both.gateway)) as connection:
        assert answer(connection, CALLS[name]) == expected(both, CALLS[name])
    assert both.hooks() == before


@pytest.mark.parametrize("name", ["an example", "a template", "empty", "chunked", "head", "no content"])
def test_over_intercepted_https_the_layer_answers_the_same_bytes(both: Both, name: str) -> None:
    """Through CONNECT: typed examples belong to no host, so a miss would differ; a forward proxy compares hosts."""
    before = both.hooks()
    with connect(both.gateway) as tunnel:
        tunnel.sendall(f"CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}:80\r\n\r\n".encode())
        assert tunnel.recv(65536).startswith(b"HTTP/1.1 200")
        with secured(both, tunnel) as connection:
            assert answer(connection, CALLS[name]) == expected(both, CALLS[name])
    assert both.hooks() == before


@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"trailers"}))  # mitmproxy's HTTP/1 reads no trailers
def test_by_the_hook_the_bytes_are_the_same(both: Both, name: str) -> None:
    """A request for an upgrade is left to mitmproxy's own HTTP layer, and so to the hook."""
    head, _, rest = CALLS[name].partition(b"\r\n")
    asked = head + b"\r\nConnection: upgrade\r\nUpgrade: tea\r\n" + rest
    before = both.hooks()
    with connect(both.gateway) as connection:
        assert answer(connection, asked) == expected(both, asked)
    assert both.hooks() == before + 1


def test_requests_in_a_row_are_answered_in_a_row(both: Both) -> None:
    calls = [CALLS["an example"], CALLS["a template"], CALLS["empty"], CALLS["a miss"]]
    with connect(both.gateway) as one, connect(both.mock_server) as other:
        one.sendall(b"".join(calls[:-1]))
        other.sendall(b"".join(calls[:-1]))
        ours, theirs = answer(one, calls[-1]), answer(other, calls[-1])
        while b"mockRequestNotFoundError" not in ours:
            ours += _some(one)
        while b"mockRequestNotFoundError" not in theirs:
            theirs += _some(other)
    assert ours.count(b"HTTP/1.1 ") == 4
    assert OWN_HEADER.sub(b"", theirs)[: len(ours) // 2] == ours[: len(ours) // 2]
