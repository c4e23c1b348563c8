"""A recorded WebSocket, spoken with a client that keeps to what was recorded, and with others."""

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
    return said(at, content, kind, from_client=True)


def server(at: float, content: str | bytes = b"", kind: MessageKind | None = None) -> WebSocketMessage:
    return said(at, content, kind, from_client=False)


def said(at: float, content: str | bytes, kind: MessageKind | None, *, from_client: bool) -> WebSocketMessage:
    """A text or, of bytes, a binary message so many seconds after the handshake."""
    usual = TEXT if isinstance(content, str) else BINARY
    return WebSocketMessage(
        BEGAN + at, from_client, kind or usual, content.encode() if isinstance(content, str) else content
    )


class Peer:
    """A client of a conversation; time passes by waiting only."""

    def __init__(self, *script: WebSocketMessage, timing: float = 1.0) -> None:
        self.now = 5.0
        self.conversation = Conversation(script, BEGAN, timing, lambda: self.now)
        self.connection = Connection(ConnectionType.CLIENT)
        self.waits: list[float] = []
        self.ended = False

    def heard(self) -> list[Event]:
        """All that the server says now, waiting where it waits; up to its end, or until it listens."""
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

    def says(self, *events: Event) -> list[Event]:
        """What the server says to these."""
        for event in events:
            self.conversation.receive(self.connection.send(event))
        return self.heard()


def texts(events: Sequence[Event]) -> list[Any]:
    return [event.data for event in events if isinstance(event, TextMessage | BytesMessage)]


def test_the_server_says_what_it_said() -> None:
    peer = Peer(server(0, "hello"), server(0, b"\x00\x01"))
    assert texts(peer.heard()) == ["hello", b"\x00\x01"]


@pytest.mark.parametrize(
    ("expected", "said", "alike"),
    [
        ('{"a": 1}', '{"a":1.0}', True),
        ('{"a": true}', '{"a":true}', True),
        ('{"a": 1}', '{"a":true}', False),
        ("[false]", "[0]", False),
        ("[null]", "[false]", False),
    ],
)
def test_messages_compare_as_values_of_json(expected: str, said: str, alike: bool) -> None:
    """Numbers by their value; what is true is no number."""
    peer = Peer(client(1, expected), server(1, "well"))
    assert (texts(peer.says(TextMessage(said))) == ["well"]) is alike


def test_what_followed_a_message_waits_for_it() -> None:
    peer = Peer(server(0, "who?"), client(1, "me"), server(1, "hello me"), client(2, "bye"), server(2, "bye"))
    assert texts(peer.heard()) == ["who?"]
    assert texts(peer.says(TextMessage("me"))) == ["hello me"]
    assert texts(peer.says(TextMessage("bye"))) == ["bye"]


@pytest.mark.parametrize(("timing", "waits"), [(1.0, [0.5, 1.5, 0.25]), (0.5, [0.25, 0.75, 0.125]), (0.0, [])])
def test_the_servers_messages_come_at_their_times(timing: float, waits: list[float]) -> None:
    """Counted from the handshake, and then from the message that they followed."""
    peer = Peer(server(0.5, "a"), server(2, "b"), client(3, "x"), server(3.25, "c"), timing=timing)
    peer.heard()
    peer.now += 100
    assert texts(peer.says(TextMessage("x"))) == ["c"]
    assert peer.waits == waits


def test_a_client_may_be_faster_than_it_was() -> None:
    """Its message counts at once, what followed it comes in turn."""
    peer = Peer(server(1, "a"), client(2, "x"), server(2, "b"))
    assert texts(peer.says(TextMessage("x"))) == ["a", "b"]


def test_messages_in_pieces_are_joined() -> None:
    peer = Peer(client(0, "abc"), server(0, "right"))
    pieces = [TextMessage("a", message_finished=False), TextMessage("bc", message_finished=True)]
    assert texts(peer.says(*pieces)) == ["right"]


@pytest.mark.parametrize(
    ("recorded", "said"), [('{"a": 1, "b": [2]}', '{"b":[2],"a":1}'), ("[1.0]", "[1]"), ("x", "x")]
)
def test_json_texts_are_compared_as_values(recorded: str, said: str) -> None:
    assert texts(Peer(client(0, recorded), server(0, "right")).says(TextMessage(said))) == ["right"]


@pytest.mark.parametrize(
    ("script", "said", "expected", "came"),
    [
        ([client(0, "a")], TextMessage("b"), "the text a", "the text b"),
        ([client(0, "a")], BytesMessage(b"a"), "the text a", "a binary message of 1 byte"),
        ([client(0, kind=CLOSE)], TextMessage("b"), "that the client closes", "the text b"),
        ([], TextMessage("b"), "no further message", "the text b"),
    ],
)
def test_a_client_that_says_something_else_is_told_what_was_expected(
    script: list[WebSocketMessage], said: Event, expected: str, came: str
) -> None:
    peer = Peer(*script, server(0, "never said") if script else server(0, "hello"))
    assert peer.says(said)[-1] == CloseConnection(1008, f"message 1: expected {expected}")
    assert peer.conversation.divergence == f"message 1 of the client: expected {expected}, got {came}"
    assert peer.ended


def test_it_is_told_which_message_was_another() -> None:
    """Of the client's, whatever the server said between them."""
    peer = Peer(client(0, "a"), server(0, "x"), server(0, "y"), client(0, "b"))
    [*_, closed] = peer.says(TextMessage("a"), TextMessage("c"))
    assert closed == CloseConnection(1008, "message 2: expected the text b")
    assert peer.conversation.divergence == "message 2 of the client: expected the text b, got the text c"


def test_what_was_expected_fits_a_close_frame() -> None:
    [event] = Peer(client(0, "€" * 1000)).says(TextMessage("b"))
    assert isinstance(event, CloseConnection)
    assert event.reason is not None
    assert len(event.reason.encode()) <= MOST_REASON_BYTES


def test_after_a_divergence_nothing_more_is_judged() -> None:
    peer = Peer(client(0, "a"), client(0, "b"))
    peer.conversation.receive(peer.connection.send(TextMessage("x")) + peer.connection.send(TextMessage("y")))
    assert peer.conversation.divergence == "message 1 of the client: expected the text a, got the text x"
    assert len(peer.heard()) == 1


def test_the_server_closes_as_it_did() -> None:
    peer = Peer(server(0, (4001).to_bytes(2, "big") + b"enough", CLOSE))
    assert peer.heard() == [CloseConnection(4001, "enough")]


def test_a_close_without_a_code_is_one() -> None:
    [event] = Peer(server(0, b"", CLOSE)).heard()
    assert isinstance(event, CloseConnection)
    assert event.code == 1005


def test_a_connection_that_broke_off_breaks_off() -> None:
    peer = Peer(server(0, "a"), server(0, BROKEN_OFF, CLOSE))
    assert texts(peer.heard()) == ["a"]
    assert peer.ended


def test_after_a_close_the_clients_answer_is_waited_for() -> None:
    """So that it can read the close; but not forever."""
    peer = Peer(server(0, (1000).to_bytes(2, "big"), CLOSE))
    step = peer.conversation.next()
    assert isinstance(step, bytes)
    assert peer.conversation.next() == Wait(LINGER_SECONDS)
    peer.connection.receive_data(step)
    [event] = peer.connection.events()
    assert isinstance(event, CloseConnection)
    assert peer.says(event.response()) == []
    assert peer.ended


@pytest.mark.parametrize("script", [[client(0, b"", CLOSE)], [client(0, "a")], []])
def test_a_client_may_close_at_any_time(script: list[WebSocketMessage]) -> None:
    peer = Peer(*script)
    assert peer.says(CloseConnection(1000, "bye")) == [CloseConnection(1000, "bye")]
    assert (peer.ended, peer.conversation.divergence) == (True, None)


def test_a_client_that_goes_away_ends_it() -> None:
    peer = Peer(client(0, "a"))
    peer.conversation.receive(None)
    assert peer.heard() == []
    assert peer.ended


def test_pings_are_answered_whatever_was_recorded() -> None:
    peer = Peer(client(0, b"x", MessageKind.PING), server(0, b"x", MessageKind.PONG), client(0, "a"), server(0, "b"))
    assert peer.says(Ping(b"mine")) == [Pong(b"mine")]
    assert texts(peer.says(TextMessage("a"))) == ["b"]


def test_pings_of_the_server_are_sent_again() -> None:
    [event] = Peer(server(0, b"x", MessageKind.PING)).heard()
    assert isinstance(event, Ping)


@given(st.binary(max_size=200))
def test_whatever_comes_it_ends_well(data: bytes) -> None:
    """What is no WebSocket is answered by a close, or waited for."""
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
def test_a_faithful_client_hears_everything(script: list[tuple[bool, str]]) -> None:
    """However the messages of both sides alternate."""
    messages = [said(number, json.dumps(text), None, from_client=ours) for number, (ours, text) in enumerate(script)]
    peer = Peer(*messages)
    heard = texts(peer.heard())
    for ours, text in script:
        if ours:
            heard += texts(peer.says(TextMessage(json.dumps(text))))
    assert heard == [json.dumps(text) for ours, text in script if not ours]
    assert peer.conversation.divergence is None


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ("auth REDACTED-0123456789ab", "auth another"),
        ('{"type": "auth", "token": "REDACTED-0123456789ab"}', '{"token":"another","type":"auth"}'),
        ('[{"key": "Bearer REDACTED-0123456789ab"}]', '[{"key": "Bearer another"}]'),
    ],
)
def test_any_secret_is_right_where_one_was_redacted(recorded: str, said: str) -> None:
    peer = Peer(client(0, recorded), server(0, "welcome"))
    assert texts(peer.says(TextMessage(said))) == ["welcome"]


@pytest.mark.parametrize("said", ["auth", "login another", '{"token": "another", "more": 1}', '{"token": 1}'])
def test_around_a_secret_everything_counts(said: str) -> None:
    recorded = '{"token": "REDACTED-0123456789ab"}' if said.startswith("{") else "auth REDACTED-0123456789ab"
    peer = Peer(client(0, recorded), server(0, "welcome"))
    assert texts(peer.says(TextMessage(said))) == []
    assert peer.conversation.divergence


def test_no_secret_is_told_to_who_says_something_else() -> None:
    peer = Peer(client(0, '{"token": "sesame", "n": 1}'))
    [closed] = peer.says(TextMessage("{}"))
    assert closed == CloseConnection(1008, 'message 1: expected the text {"token": "REDACTED", "n": 1}')
