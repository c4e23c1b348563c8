"""WebSockets of the `websockets` client: recorded from a real server, and replayed with nobody there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from store.entities import Exchange, Timings
from store.messages import Headers, Request, Response
from store.repository import Store
from store.sql.opening import open_store
from store.websockets import MessageKind, WebSocketMessage
from tests.factories import ORIGIN
from tests.programs import Serving, Understudy

TIMEOUT = 20.0
FIELDS = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": "x", "Sec-WebSocket-Protocol": "b"}
HANDSHAKE = Headers.of(FIELDS.items())
CONVERSATION = [
    WebSocketMessage(1.0, False, MessageKind.TEXT, b"who?"),
    WebSocketMessage(1.0, True, MessageKind.TEXT, b'{"me": 1}'),
    WebSocketMessage(1.0, False, MessageKind.TEXT, b"hello"),
    WebSocketMessage(1.1, False, MessageKind.BINARY, b"\x00\x01"),
    WebSocketMessage(1.1, True, MessageKind.BINARY, b"\x02"),
    WebSocketMessage(1.1, False, MessageKind.CLOSE, (4000).to_bytes(2, "big") + b"that is all"),
]


def keep_conversation(store: Store, session: str) -> None:
    """A session in which a client and an API talked at /chat."""
    made = store.sessions.create(session, ORIGIN)
    request, response = Request("GET", b"/chat", origin=ORIGIN), Response(101, HANDSHAKE)
    [number] = store.history.add([Exchange(made.id, request, response, Timings(1.0, response_end=1.0))])
    store.history.add_messages([(number, message) for message in CONVERSATION])


@pytest.fixture(scope="module")
def replaying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Understudy, Serving]]:
    """A gateway that replays such a session."""
    understudy = Understudy(tmp_path_factory.mktemp("websockets"))
    store = open_store(str(understudy.store))
    keep_conversation(store, "chat")
    store.close()
    with understudy.serving("replay", "chat") as gateway:
        yield understudy, gateway


@contextmanager
def chatting(gateway: Serving, path: str = "/chat", **options: object) -> Iterator[Connection]:
    """A client in conversation with the gateway."""
    with connect(f"ws://{gateway.listen}{path}", open_timeout=TIMEOUT, proxy=None, **options) as client:  # type: ignore[arg-type]
        yield client


def test_a_conversation_is_replayed(replaying: tuple[Understudy, Serving]) -> None:
    """With its subprotocol, its order, its kinds of messages and its close; a client's JSON compares as a value."""
    with chatting(replaying[1], subprotocols=["a", "b"]) as client:
        assert client.subprotocol == "b"
        assert client.recv(TIMEOUT) == "who?"
        client.send('{"me":1}')
        assert [client.recv(TIMEOUT), client.recv(TIMEOUT)] == ["hello", b"\x00\x01"]
        client.send(b"\x02")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(TIMEOUT)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "that is all")


def test_a_client_may_leave(replaying: tuple[Understudy, Serving]) -> None:
    """And come again: the last recorded answer repeats."""
    for _ in range(2):
        with chatting(replaying[1]) as client:
            assert client.recv(TIMEOUT) == "who?"


def test_what_was_not_recorded_is_a_miss(replaying: tuple[Understudy, Serving]) -> None:
    with pytest.raises(InvalidStatus) as refused, chatting(replaying[1], "/other"):
        pass
    assert refused.value.response.status_code == 404


def test_a_client_that_says_something_else_is_told_so(understudy: Understudy) -> None:
    """By the close, and at the end of the replay, which fails then."""
    store = open_store(str(understudy.store))
    keep_conversation(store, "chat")
    store.close()
    gateway = Serving.start(understudy, "replay", "chat", "--listen", "127.0.0.1:0")
    with chatting(gateway) as client:
        client.send("it is me")
        assert client.recv(TIMEOUT) == "who?"
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(TIMEOUT)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, 'expected the text {"me": 1}')
    gateway.stop()
    assert "its client said something else on the WebSocket" in gateway.log
