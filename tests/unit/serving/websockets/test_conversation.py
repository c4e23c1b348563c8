"""The replay of a recorded WebSocket, for clients that send the recorded messages and for others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from understudy.serving.steps import Close, Wait
from understudy.serving.websockets.conversation import LINGER_SECONDS, MOST_REASON_BYTES, Conversation
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage

BEGAN = 1_000.0
TEXT, BINARY, CLOSE = MessageKind.TEXT, MessageKind.BINARY, MessageKind.CLOSE


def client(at: float, content: str | bytes = b"", kind: MessageKind | None = None) -> WebSocketMessage:
    return make_message(at, content, kind, from_client=True)


def server(at: float, content: str | bytes = b"", kind: MessageKind | None = None) -> WebSocketMessage:
    return make_message(at, content, kind, from_client=False)


def make_message(at: float, content: str | bytes, kind: MessageKind | None, *, from_client: bool) -> WebSocketMessage:
    """A text message, or for bytes a binary message, this many seconds after the handshake."""
    usual = TEXT if isinstance(content, str) else BINARY
    return WebSocketMessage(
        BEGAN + at, from_client, kind or usual, content.encode() if isinstance(content, str) else content
    )


class Peer:
    """A client of a conversation; time only passes by waiting."""

    def __init__(self, *script: WebSocketMessage, timing: float = 1.0) -> None:
        self.now = 5.0
        self.conversation = Conversation(script, BEGAN, timing, lambda: self.now)
        self.connection = Connection(ConnectionType.CLIENT)
        self.waits: list[float] = []
        self.ended = False

    def receive(self) -> list[Event]:
        """Return all messages of the server until it ends or waits for the client."""
        events: list[Event] = []
        while (step := self.conversation.next()) is not None:
            if isinstance(step, bytes):
                self.connection.receive_data(step)
                events += self.connection.events()
            elif isinstance(step, Wait):
                self.waits.append(step.seconds)
                self.now += step.seconds
                self.conversation.wake()
            else:
                assert step == Close()
                self.ended = True
        return events

    def send(self, *events: Event) -> list[Event]:
        """Return the messages of the server after these of the client."""
        for event in events:
            self.conversation.receive(self.connection.send(event))
        return self.receive()


def texts(events: Sequence[Event]) -> list[Any]:
    return [event.data for event in events if isinstance(event, TextMessage | BytesMessage)]


def test_the_server_sends_the_recorded_messages() -> None:
    peer = Peer(server(0, "hello"), server(0, b"\x00\x01"))
    assert texts(peer.receive()) == ["hello", b"\x00\x01"]


@pytest.mark.parametrize(
    ("expected", "message", "alike"),
    [
        ('{"a": 1}', '{"a":1.0}', True),
        ('{"a": true}', '{"a":true}', True),
        ('{"a": 1}', '{"a":true}', False),
        ("[false]", "[0]", False),
        ("[null]", "[false]", False),
    ],
)
def test_messages_compare_as_values_of_json(expected: str, message: str, alike: bool) -> None:
    """Numbers compare by value; true is not a number."""
    peer = Peer(client(1, expected), server(1, "well"))
    assert (texts(peer.send(TextMessage(message))) == ["well"]) is alike


def test_a_message_that_followed_another_waits_for_it() -> None:
    peer = Peer(server(0, "who?"), client(1, "me"), server(1, "hello me"), client(2, "bye"), server(2, "bye"))
    assert texts(peer.receive()) == ["who?"]
    assert texts(peer.send(TextMessage("me"))) == ["hello me"]
    assert texts(peer.send(TextMessage("bye"))) == ["bye"]


@pytest.mark.parametrize(("timing", "waits"), [(1.0, [0.5, 1.5, 0.25]), (0.5, [0.25, 0.75, 0.125]), (0.0, [])])
def test_messages_of_the_server_are_sent_at_their_times(timing: float, waits: list[float]) -> None:
    """Counted from the handshake, then from the client message that they followed."""
    peer = Peer(server(0.5, "a"), server(2, "b"), client(3, "x"), server(3.25, "c"), timing=timing)
    peer.receive()
    peer.now += 100
    assert texts(peer.send(TextMessage("x"))) == ["c"]
    assert peer.waits == waits


def test_a_client_may_be_faster_than_it_was() -> None:
    """Its message counts at once; those that followed it are sent in turn."""
    peer = Peer(server(1, "a"), client(2, "x"), server(2, "b"))
    assert texts(peer.send(TextMessage("x"))) == ["a", "b"]


def test_messages_in_pieces_are_joined() -> None:
    peer = Peer(client(0, "abc"), server(0, "right"))
    pieces = [TextMessage("a", message_finished=False), TextMessage("bc", message_finished=True)]
    assert texts(peer.send(*pieces)) == ["right"]


@pytest.mark.parametrize(
    ("recorded", "message"), [('{"a": 1, "b": [2]}', '{"b":[2],"a":1}'), ("[1.0]", "[1]"), ("x", "x")]
)
def test_json_texts_are_compared_as_values(recorded: str, message: str) -> None:
    assert texts(Peer(client(0, recorded), server(0, "right")).send(TextMessage(message))) == ["right"]


@pytest.mark.parametrize(
    ("script", "message", "expected", "received"),
    [
        ([client(0, "a")], TextMessage("b"), "the text a", "the text b"),
        ([client(0, "a")], BytesMessage(b"a"), "the text a", "a binary message of 1 byte"),
        ([client(0, kind=CLOSE)], TextMessage("b"), "that the client closes", "the text b"),
        ([], TextMessage("b"), "no further message", "the text b"),
    ],
)
def test_a_client_that_diverges_gets_the_expected_message(
    script: list[WebSocketMessage], message: Event, expected: str, received: str
) -> None:
    peer = Peer(*script, server(0, "never sent") if script else server(0, "hello"))
    assert peer.send(message)[-1] == CloseConnection(1008, f"message 1: expected {expected}")
    assert peer.conversation.divergence == f"message 1 of the client: expected {expected}, got {received}"
    assert peer.ended


def test_a_divergence_has_the_number_of_its_message() -> None:
    """Only messages of the client count."""
    peer = Peer(client(0, "a"), server(0, "x"), server(0, "y"), client(0, "b"))
    [*_, closed] = peer.send(TextMessage("a"), TextMessage("c"))
    assert closed == CloseConnection(1008, "message 2: expected the text b")
    assert peer.conversation.divergence == "message 2 of the client: expected the text b, got the text c"


def test_what_was_expected_fits_a_close_frame() -> None:
    [event] = Peer(client(0, "€" * 1000)).send(TextMessage("b"))
    assert isinstance(event, CloseConnection)
    assert event.reason is not None
    assert len(event.reason.encode()) <= MOST_REASON_BYTES


def test_after_a_divergence_nothing_is_compared() -> None:
    peer = Peer(client(0, "a"), client(0, "b"))
    peer.conversation.receive(peer.connection.send(TextMessage("x")) + peer.connection.send(TextMessage("y")))
    assert peer.conversation.divergence == "message 1 of the client: expected the text a, got the text x"
    assert len(peer.receive()) == 1


def test_the_server_closes_as_it_did() -> None:
    peer = Peer(server(0, (4001).to_bytes(2, "big") + b"enough", CLOSE))
    assert peer.receive() == [CloseConnection(4001, "enough")]


def test_a_close_without_a_code_is_one() -> None:
    [event] = Peer(server(0, b"", CLOSE)).receive()
    assert isinstance(event, CloseConnection)
    assert event.code == 1005


def test_a_connection_that_broke_off_breaks_off() -> None:
    peer = Peer(server(0, "a"), server(0, BROKEN_OFF, CLOSE))
    assert texts(peer.receive()) == ["a"]
    assert peer.ended


def test_after_a_close_the_server_waits_for_the_client() -> None:
    """The client can read the close; the wait is bounded."""
    peer = Peer(server(0, (1000).to_bytes(2, "big"), CLOSE))
    step = peer.conversation.next()
    assert isinstance(step, bytes)
    assert peer.conversation.next() == Wait(LINGER_SECONDS)
    peer.connection.receive_data(step)
    [event] = peer.connection.events()
    assert isinstance(event, CloseConnection)
    assert peer.send(event.response()) == []
    assert peer.ended


@pytest.mark.parametrize("script", [[client(0, b"", CLOSE)], [client(0, "a")], []])
def test_a_client_may_close_at_any_time(script: list[WebSocketMessage]) -> None:
    peer = Peer(*script)
    assert peer.send(CloseConnection(1000, "bye")) == [CloseConnection(1000, "bye")]
    assert (peer.ended, peer.conversation.divergence) == (True, None)


def test_a_client_that_goes_away_ends_it() -> None:
    peer = Peer(client(0, "a"))
    peer.conversation.receive(None)
    assert peer.receive() == []
    assert peer.ended


def test_pings_are_answered_whatever_was_recorded() -> None:
    peer = Peer(client(0, b"x", MessageKind.PING), server(0, b"x", MessageKind.PONG), client(0, "a"), server(0, "b"))
    assert peer.send(Ping(b"mine")) == [Pong(b"mine")]
    assert texts(peer.send(TextMessage("a"))) == ["b"]


def test_pings_of_the_server_are_sent_again() -> None:
    [event] = Peer(server(0, b"x", MessageKind.PING)).receive()
    assert isinstance(event, Ping)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_close_or_a_wait(data: bytes) -> None:
    """Bytes that are not a WebSocket are answered by a close, or are an incomplete frame."""
    peer = Peer(client(0, "a"), server(0, "b"))
    peer.conversation.receive(data)
    for _ in range(20):
        if (step := peer.conversation.next()) is None:
            break
        if isinstance(step, Wait):
            peer.now += step.seconds
            peer.conversation.wake()
    else:
        pytest.fail("it goes on for ever")


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=5)), max_size=12))
def test_a_faithful_client_gets_all_messages(script: list[tuple[bool, str]]) -> None:
    """In any order of the messages of both sides."""
    messages = [
        make_message(number, json.dumps(text), None, from_client=ours) for number, (ours, text) in enumerate(script)
    ]
    peer = Peer(*messages)
    received = texts(peer.receive())
    for ours, text in script:
        if ours:
            received += texts(peer.send(TextMessage(json.dumps(text))))
    assert received == [json.dumps(text) for ours, text in script if not ours]
    assert peer.conversation.divergence is None


@pytest.mark.parametrize(
    ("recorded", "message"),
    [
        ("auth REDACTED-0123456789ab", "auth another"),
        ('{"type": "auth", "token": "REDACTED-0123456789ab"}', '{"token":"another","type":"auth"}'),
        ('[{"key": "Bearer REDACTED-0123456789ab"}]', '[{"key": "Bearer another"}]'),
    ],
)
def test_any_secret_is_right_where_one_was_redacted(recorded: str, message: str) -> None:
    peer = Peer(client(0, recorded), server(0, "welcome"))
    assert texts(peer.send(TextMessage(message))) == ["welcome"]


@pytest.mark.parametrize("message", ["auth", "login another", '{"token": "another", "more": 1}', '{"token": 1}'])
def test_the_text_around_a_secret_is_compared(message: str) -> None:
    recorded = '{"token": "REDACTED-0123456789ab"}' if message.startswith("{") else "auth REDACTED-0123456789ab"
    peer = Peer(client(0, recorded), server(0, "welcome"))
    assert texts(peer.send(TextMessage(message))) == []
    assert peer.conversation.divergence


def test_a_divergence_has_no_secrets() -> None:
    peer = Peer(client(0, '{"password": "sesame", "n": 1}'))
    [closed] = peer.send(TextMessage("{}"))
    assert closed == CloseConnection(1008, 'message 1: expected the text {"password": "REDACTED", "n": 1}')
