"""WebSockets of the `websockets` client: recorded from a real server, and replayed without it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.sync.server import ServerConnection, serve

from tests.e2e.inside import Inside
from tests.factories.messages import ORIGIN
from tests.programs import Serving, Understudy, wait_for
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store

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


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store, most of it run here: so many commands would take long."""
    return Inside(tmp_path)


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


def test_a_place_of_a_message_can_be_ignored(replaying: tuple[Understudy, Serving]) -> None:
    """With the option the client goes on; without it the conversation ends at the first other message."""
    with replaying[0].serving("replay", "chat", "--ignore-body", "$.me") as gateway, chatting(gateway) as client:
        assert client.recv(TIMEOUT) == "who?"
        client.send('{"me": 2}')
        assert client.recv(TIMEOUT) == "hello"
    with chatting(replaying[1]) as client:
        assert client.recv(TIMEOUT) == "who?"
        client.send('{"me": 2}')
        with pytest.raises(ConnectionClosed):
            client.recv(TIMEOUT)


def test_a_client_may_leave(replaying: tuple[Understudy, Serving]) -> None:
    """And come again: the last recorded answer repeats."""
    for _ in range(2):
        with chatting(replaying[1]) as client:
            assert client.recv(TIMEOUT) == "who?"


def test_what_was_not_recorded_is_a_miss(replaying: tuple[Understudy, Serving]) -> None:
    with pytest.raises(InvalidStatus) as refused, chatting(replaying[1], "/other"):
        pass
    assert refused.value.response.status_code == 404


# Recording


def talk(client: ServerConnection) -> None:
    """The API: greets, echoes three times, and closes."""
    client.send("hello")
    for _ in range(3):
        client.send(client.recv(TIMEOUT))
    client.close(4001, "enough")


@contextmanager
def talking(**options: Any) -> Iterator[str]:
    """The API on a free port; yields its URL."""
    with serve(talk, "127.0.0.1", 0, **options) as api:
        thread = threading.Thread(target=api.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{api.socket.getsockname()[1]}"
    thread.join(TIMEOUT)


def echoing(gateway: Serving, compression: str | None) -> list[object]:
    """What a client receives that sends three messages to the API."""
    received: list[object] = []
    with chatting(gateway, subprotocols=["chat"], compression=compression) as client:
        received.append(client.recv(TIMEOUT))
        for printed in ('{"password": "secret", "n": 1}', b"\x00" * 70_000, "ü"):
            client.send(printed)
            received.append(client.recv(TIMEOUT))
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(TIMEOUT)
    assert closed.value.rcvd is not None
    return [*received, closed.value.rcvd.code, closed.value.rcvd.reason, client.subprotocol]


@pytest.mark.parametrize("compression", ["deflate", None])
def test_a_recorded_conversation_is_replayed(understudy: Understudy, compression: str | None) -> None:
    """Without the server, word for word, whatever the extensions were."""
    with (
        talking(subprotocols=["chat"], compression=compression) as api,
        understudy.serving("record", "--upstream", api, "-s", "chat") as gateway,
    ):
        was = echoing(gateway, compression)
    with understudy.serving("replay", "chat") as gateway:
        assert echoing(gateway, compression) == was
    [entry] = understudy.json("history", "list")
    shown = understudy.json("history", "show", entry["id"])["messages"]
    assert [(one["from"], one["kind"]) for one in shown] == [
        ("server", "text"),
        *[("client", "text"), ("server", "text"), ("client", "binary"), ("server", "binary")],
        *[("client", "text"), ("server", "text"), ("server", "close")],
    ]
    assert (shown[-1]["code"], shown[-1]["reason"], shown[-2]["text"]) == (4001, "enough", "ü")
    lines = understudy.run("history", "show", entry["id"])
    assert "server close: 4001 enough" in lines
    assert "client binary: (70000 bytes)" in lines
    assert "secret" not in lines


def test_what_was_said_survives_a_kill(understudy: Understudy) -> None:
    """As soon as it is kept; how soon that is promised is no matter of a busy machine."""
    with (
        talking() as api,
        understudy.serving("record", "--upstream", api, "-s", "chat") as gateway,
        chatting(gateway) as client,
    ):
        client.recv(TIMEOUT)
        client.send("kept")
        client.recv(TIMEOUT)
        [entry] = understudy.json("history", "list")
        wait_for(lambda: len(understudy.json("history", "show", entry["id"])["messages"]) == 3, TIMEOUT)
        gateway.kill()
    assert [one["text"] for one in understudy.json("history", "show", entry["id"])["messages"]] == [
        "hello",
        "kept",
        "kept",
    ]


def test_a_client_that_says_something_else_is_told_so(understudy: Understudy) -> None:
    """By the close, and at the end of the replay."""
    store = open_store(str(understudy.store))
    keep_conversation(store, "chat")
    store.close()
    with understudy.serving("replay", "chat") as gateway, chatting(gateway) as client:
        client.send("it is me")
        assert client.recv(TIMEOUT) == "who?"
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(TIMEOUT)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, 'message 1: expected the text {"me": 1}')
    reason = (
        'on the WebSocket of entry 1, message 1 of the client: expected the text {"me": 1}, got the text it is me\n'
    )
    assert f" W replay GET /chat: {reason}" in gateway.log
    assert f"  GET {ORIGIN}/chat: {reason}" in gateway.log
