"""HTTP/1.1 of `understudy mocks serve` by real sockets: h11 asks and reads; what could be misread is refused."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import h11
import pytest

from tests.programs import Serving, Understudy
from tests.traffic.malformed_requests import REFUSED
from tests.traffic.mutated_requests import in_pieces, mutated

TIMEOUT = 20.0
HOST = ("Host", "mock.test")
TYPED = [
    'GET /users/me 200 {"id": 0}',
    "POST /orders 201 made",
    "PUT /orders/:id 200 put",
    "PATCH /orders/:id 200 patched",
    "DELETE /orders/:id 204",
    "OPTIONS /orders 200 choices",
    "GET /unchanged 304",
    "LIST /v1/secret 200 keys",
]
MORE = b"GET /users/me HTTP/1.1\r\nHost: mock.test\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    understudy = Understudy(tmp_path_factory.mktemp("protocol"))
    typed = [part for one in TYPED for part in ("--request", one)]
    understudy.run("mocks", "create", "shop", *typed)
    understudy.run("mocks", "create", "resets", "--fault", "reset", "--request", "GET /users/me 200 never")
    with understudy.mocks_serving() as serving:
        yield serving


@dataclass(frozen=True)
class Asked:
    """A request for h11 to send, below `/mocks/shop` unless `absolute`, and what it gets."""

    method: str = "GET"
    path: str = "/users/me"
    status: int = 200
    answer: bytes = b'{"id": 0}'
    fields: tuple[tuple[str, str], ...] = ()
    body: tuple[bytes, ...] = ()
    trailers: tuple[tuple[str, str], ...] = ()
    absolute: bool = False
    version: str = "1.1"
    stays: bool = True
    headers: tuple[tuple[str, str], ...] = field(default=(HOST,))


ANY = b""
LEGAL = {
    "get": Asked(),
    "head": Asked("HEAD", answer=b""),
    "get with a query": Asked(path="/users/me?a=%20&b"),
    "get with a body": Asked(fields=(("Content-Length", "2"),), body=(b"{}",)),
    "post with a length": Asked("POST", "/orders", 201, b"made", (("Content-Length", "4"),), (b"ab", b"cd")),
    "a method of one API": Asked("LIST", "/v1/secret", 200, b"keys"),
    "post without a body": Asked("POST", "/orders", 201, b"made"),
    "post of nothing": Asked("POST", "/orders", 201, b"made", (("Content-Length", "0"),)),
    "post in chunks": Asked(
        "POST", "/orders", 201, b"made", (("Transfer-Encoding", "chunked"),), (b"a", b"b" * 70_000, b"c")
    ),
    "post with trailers": Asked(
        "POST", "/orders", 201, b"made", (("Transfer-Encoding", "chunked"),), (b"a",), (("X-Sum", "1"),)
    ),
    "put": Asked("PUT", "/orders/1", 200, b"put", (("Content-Length", "1"),), (b"x",)),
    "patch": Asked("PATCH", "/orders/1", 200, b"patched", (("Content-Length", "1"),), (b"x",)),
    "delete": Asked("DELETE", "/orders/1", 204, b""),
    "options": Asked("OPTIONS", "/orders", 200, b"choices"),
    "not modified": Asked(path="/unchanged", status=304, answer=b""),
    "by host": Asked(headers=(("Host", "shop.localhost"),)),
    "absolute form": Asked(absolute=True),
    "closing": Asked(fields=(("Connection", "close"),), stays=False),
    "an upgrade that is not taken": Asked(fields=(("Connection", "Upgrade"), ("Upgrade", "h2c"))),
    "an empty value": Asked(fields=(("X-Empty", ""),)),
    "an old client": Asked(version="1.0", stays=False),
    "an old client without a host": Asked(version="1.0", headers=(), stays=False),
    "an old client that stays": Asked(version="1.0", fields=(("Connection", "keep-alive"),)),
    "many fields": Asked(fields=tuple((f"X-{number}", "y" * 100) for number in range(150))),
}


def target(asked: Asked) -> str:
    if asked.absolute:
        return f"http://shop.localhost{asked.path}"
    return asked.path if ("Host", "shop.localhost") in asked.headers else f"/mocks/shop{asked.path}"


def encoded(asked: Asked) -> bytes:
    """By h11, which sends no HTTP/1.0: there the version is written over."""
    client = h11.Connection(h11.CLIENT)
    headers = [*(asked.headers or [HOST]), *asked.fields]
    data = client.send(h11.Request(method=asked.method, target=target(asked), headers=headers)) or b""
    for piece in asked.body:
        data += client.send(h11.Data(data=piece)) or b""
    data += client.send(h11.EndOfMessage(headers=list(asked.trailers))) or b""
    if asked.version == "1.0":
        data = data.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
    return data if asked.headers else data.replace(b"Host: mock.test\r\n", b"", 1)


@dataclass
class Answer:
    """What h11 makes of an answer."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    informed: list[int] = field(default_factory=list)


class Asking:
    """One connection, read by h11, which refuses an answer that HTTP/1.1 forbids."""

    def __init__(self, server: Serving) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), TIMEOUT)
        self._left = b""

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, method: str = "GET") -> Answer:
        """The next answer."""
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[HOST]))
        client.send(h11.EndOfMessage())
        if self._left:
            client.receive_data(self._left)
        answer = Answer()
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                client.receive_data(self.socket.recv(65536))
            elif isinstance(event, h11.InformationalResponse):
                answer.informed.append(event.status_code)
            elif isinstance(event, h11.Response):
                answer.status, answer.headers = event.status_code, dict(event.headers)
            elif isinstance(event, h11.Data):
                answer.body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self._left = client.trailing_data[0]
                return answer
            else:
                raise AssertionError(f"{event} after {answer}")

    def rest(self) -> bytes:
        """What comes until the server closes."""
        data = self._left
        try:
            while piece := self.socket.recv(65536):
                data += piece
        except ConnectionResetError:
            pass
        return data


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_request_is_answered(server: Serving, name: str) -> None:
    asked = LEGAL[name]
    with Asking(server) as asking:
        asking.send(encoded(asked))
        answer = asking.receive(asked.method)
        assert (answer.status, answer.body) == (asked.status, asked.answer)
        if asked.stays:
            asking.send(MORE)
            assert asking.receive().status == 404
        else:
            assert answer.headers[b"connection"] == b"close"
            assert asking.rest() == b""


def test_requests_in_a_row_are_answered_in_order(server: Serving) -> None:
    row = [asked for asked in LEGAL.values() if asked.stays]
    with Asking(server) as asking:
        asking.send(b"".join(map(encoded, row)))
        for asked in row:
            answer = asking.receive(asked.method)
            assert (answer.status, answer.body) == (asked.status, asked.answer)


def test_a_row_that_comes_byte_by_byte_is_answered(server: Serving) -> None:
    names = ["get", "post with a length", "head", "an upgrade that is not taken", "closing"]
    with Asking(server) as asking:
        asking.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"".join(encoded(LEGAL[name]) for name in names):
            asking.send(bytes([byte]))
        for name in names:
            assert asking.receive(LEGAL[name].method).status == LEGAL[name].status
        assert asking.rest() == b""


def test_who_waits_for_100_is_told_to_send_the_body(server: Serving) -> None:
    with Asking(server) as asking:
        asking.send(b"POST /mocks/shop/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert asking.socket.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        asking.send(b"{}")
        assert asking.receive().status == 201


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_misread_is_refused_and_ends_the_connection(server: Serving, name: str) -> None:
    """Nothing behind it is answered."""
    status, data = REFUSED[name]
    with Asking(server) as asking:
        asking.send(encoded(LEGAL["get"]) + data + MORE)
        assert asking.receive().status == 200
        answer = asking.receive()
        assert answer.status == status
        assert answer.headers[b"connection"] == b"close"
        assert json.loads(answer.body)["error"]["name"] in ("malformedRequestError", "requestTooLargeError")
        assert asking.rest() == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 270_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 1_100 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000000\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000000\r\nExpect: 100-continue\r\n\r\n", 413),
    ],
)
def test_what_is_too_large_is_refused(server: Serving, data: bytes, status: int) -> None:
    with Asking(server) as asking:
        asking.send(data)
        answer = asking.receive()
        assert (answer.status, json.loads(answer.body)["error"]["name"]) == (status, "requestTooLargeError")


def test_a_client_that_sends_a_large_body_reads_that_it_is_refused(server: Serving) -> None:
    """It sends all of it before it reads, which would fail if the connection were closed at once."""
    with Asking(server) as asking:
        asking.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000000\r\n\r\n")
        for _ in range(70):
            asking.send(b"x" * 1_000_000)
        assert asking.receive().status == 413


def test_a_client_that_sends_behind_its_last_request_reads_the_answer(server: Serving) -> None:
    with Asking(server) as asking:
        asking.send(encoded(LEGAL["closing"]) + MORE * 10_000)
        assert asking.receive().status == 200
        assert asking.rest() == b""


def test_a_client_that_ends_its_side_gets_all_answers(server: Serving) -> None:
    with Asking(server) as asking:
        asking.send(MORE * 100)
        asking.socket.shutdown(socket.SHUT_WR)
        assert asking.rest().count(b"HTTP/1.1 404 ") == 100


def test_a_reset_on_purpose_is_a_reset(server: Serving) -> None:
    with Asking(server) as asking:
        asking.send(b"GET /mocks/resets/users/me HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            asking.socket.recv(1)


def test_clients_that_reset_their_connections_leave_nothing_behind(server: Serving) -> None:
    for size in range(0, len(MORE), 3):
        with Asking(server) as asking:
            asking.send(MORE[:size])
            asking.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with Asking(server) as asking:
        asking.send(encoded(LEGAL["get"]))
        assert asking.receive().status == 200
    assert "Traceback" not in server.log


def test_mutated_requests_harm_nobody(server: Serving) -> None:
    """Each on a connection of its own, which ends; after each batch a normal call is answered."""
    chance = Random(20_261)
    for _ in range(15):
        for _ in range(200):
            with Asking(server) as asking, contextlib.suppress(ConnectionError):
                for piece in in_pieces(mutated(chance), chance):
                    asking.send(piece)
                asking.socket.shutdown(socket.SHUT_WR)
                asking.rest()
        with Asking(server) as asking:
            asking.send(encoded(LEGAL["get"]))
            assert asking.receive().status == 200
    assert "Traceback" not in server.log
