"""The replay of a recorded gRPC call, for clients that send the recorded messages and for others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.matcher.body_forms.open_places import Marks, parse_ignored_place, select_marks
from understudy.serving.grpc.conversation import CallConversation, EndCall, FailCall, SendHead
from understudy.serving.grpc.script import CallScript, Ending, Turn, TurnKind
from understudy.serving.steps import Wait
from understudy.store.model.exchanges import Part

BEGAN = 1_000.0
HEAD, END = TurnKind.HEAD, TurnKind.END


def client(at: float, content: bytes = b"", kind: TurnKind = TurnKind.MESSAGE) -> Turn:
    return Turn(BEGAN + at, True, kind, content)


def server(at: float, content: bytes = b"", kind: TurnKind = TurnKind.MESSAGE) -> Turn:
    return Turn(BEGAN + at, False, kind, content)


TALK = CallScript(
    BEGAN,
    [
        client(0, b"one"),
        server(1, kind=HEAD),
        server(1, b"first"),
        client(3, b"two"),
        server(4, b"second"),
        client(5, kind=END),
        server(5, kind=END),
    ],
)


class Peer:
    """A client of a conversation; time only passes by waiting."""

    def __init__(self, script: CallScript = TALK, timing: float = 1.0, ignored: Marks | None = None) -> None:
        self.now = 5.0
        self.conversation = CallConversation(script, timing, lambda: self.now, ignored=ignored or {})
        self.waits: list[float] = []

    def send(self, *messages: bytes | None) -> list[object]:
        """Send messages, None for the end, and return what the server sends until it waits for more."""
        for message in messages:
            self.conversation.receive(message)
        steps: list[object] = []
        while (step := self.conversation.next()) is not None:
            if isinstance(step, Wait):
                self.waits.append(step.seconds)
                self.now += step.seconds
                self.conversation.wake()
            else:
                steps.append(step)
        return steps


def test_each_answer_comes_after_the_message_before_it() -> None:
    peer = Peer()
    assert peer.send() == []
    assert peer.send(b"one") == [SendHead(), b"first"]
    assert peer.send(b"two") == [b"second"]
    assert peer.send(None) == [EndCall()]


def test_answers_wait_as_long_after_the_message_as_they_did() -> None:
    peer = Peer()
    peer.send(b"one")
    peer.now += 100
    peer.send(b"two", None)
    assert peer.waits == [1.0, 1.0]


def test_nothing_waits_without_timing() -> None:
    peer = Peer(timing=0.0)
    assert peer.send(b"one", b"two", None) == [SendHead(), b"first", b"second", EndCall()]
    assert peer.waits == []


def test_a_client_may_send_all_at_once() -> None:
    assert Peer().send(b"one", b"two", None) == [SendHead(), b"first", b"second", EndCall()]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ((b"one", b"other"), "message 2 of the client: expected the text two, got the text other"),
        ((b"one", None), "message 2 of the client: expected the text two, got the end of its messages"),
        (
            (b"one", b"two", b"\xff\0"),
            "message 3 of the client: expected the end of its messages, got a binary message",
        ),
    ],
    ids=["another message", "an early end", "one message more"],
)
def test_another_message_fails_the_call(messages: tuple[bytes | None, ...], reason: str) -> None:
    peer = Peer()
    last = peer.send(*messages)[-1]
    assert isinstance(last, FailCall)
    assert last.reason.startswith(reason)
    assert peer.conversation.divergence == last.reason


def test_a_failed_call_is_over() -> None:
    peer = Peer()
    peer.send(b"other")
    assert peer.send(b"one", None) == []


def test_what_a_client_sends_after_an_early_end_is_not_compared() -> None:
    early = CallScript(BEGAN, [client(0, b"one"), server(0, kind=HEAD), server(0, kind=END)])
    peer = Peer(early)
    assert peer.send(b"one", b"more", None) == [SendHead(), EndCall()]
    assert peer.conversation.divergence is None


@pytest.mark.parametrize(("ending", "steps"), [(Ending.RESET, [EndCall(by_reset=True)]), (Ending.OPEN, [])])
def test_a_call_that_broke_off_ends_as_it_did(ending: Ending, steps: list[object]) -> None:
    peer = Peer(replace(TALK, ending=ending))
    peer.send(b"one", b"two")
    assert peer.send(None) == steps


@pytest.mark.parametrize("sent", [b'{"id":1,"at":2}', b'{"at":7,"id":1}'])
def test_json_compares_as_values_without_ignored_places(sent: bytes) -> None:
    script = CallScript(BEGAN, [client(0, b'{"id": 1, "at": 1}'), client(0, b"rest", TurnKind.END)])
    ignored = select_marks(frozenset({parse_ignored_place("$.at")}), Part.JSON)
    peer = Peer(script, ignored=ignored)
    peer.send(sent)
    assert peer.conversation.divergence is None


def test_a_redacted_text_in_a_message_matches_any_text() -> None:
    peer = Peer(CallScript(BEGAN, [client(0, b"\x0a\x08REDACTED\x10\x01")]))
    peer.send(b"\x0a\x03key\x10\x01")
    assert peer.conversation.divergence is None


def test_a_difference_shows_no_secrets() -> None:
    peer = Peer()
    peer.send(b"token=ghp_" + b"a1B2" * 9)
    assert "a1B2" not in str(peer.conversation.divergence)
