"""What a client says on a WebSocket beside what was recorded: how the two are told apart for people."""

from __future__ import annotations

import pytest

from understudy.serving.websockets.message_comparison import MAX_COMPARED_BYTES, MAX_SHOWN_CHARS, describe_difference
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import Rules

PLAIN = Redactor()


def message(content: str | bytes) -> WebSocketMessage:
    """A text or, of bytes, a binary message of the client."""
    if isinstance(content, bytes):
        return WebSocketMessage(0.0, True, MessageKind.BINARY, content)
    return WebSocketMessage(0.0, True, MessageKind.TEXT, content.encode())


@pytest.mark.parametrize(
    ("expected", "said", "words"),
    [
        ("a", "b", ("the text a", "the text b")),
        ("a", b"a", ("the text a", "a binary message of 1 byte")),
        (
            b"abc",
            b"abd",
            ("a binary message of 3 bytes", "a binary message of 3 bytes, another from byte 3 on"),
        ),
        (b"ab", b"a", ("a binary message of 2 bytes", "a binary message of 1 byte, another from byte 2 on")),
    ],
)
def test_both_are_told(expected: str | bytes, said: str | bytes, words: tuple[str, str]) -> None:
    assert describe_difference(message(expected), message(said), PLAIN) == words


def test_texts_are_cut_to_what_can_be_read_at_a_glance() -> None:
    """Where they differ late, from shortly before that on."""
    mine, theirs = describe_difference(
        message("x" * 100 + "one" + "y" * 100), message("x" * 100 + "two" + "y" * 100), PLAIN
    )
    rest = MAX_SHOWN_CHARS - 20 - len("one")
    assert (mine, theirs) == (
        f"the text …{'x' * 20}one{'y' * rest}…",
        f"the text …{'x' * 20}two{'y' * rest}…",
    )


def test_secrets_of_both_are_left_out() -> None:
    """Those that a store's own rules find, too."""
    redactor = Redactor(Rules.from_json({"json": ["$.pin"]}))
    mine, theirs = describe_difference(
        message('{"pin": "1234", "n": 1}'), message('{"pin": "5678", "password": "sesame"}'), redactor
    )
    assert mine == 'the text {"pin": "REDACTED", "n": 1}'
    assert theirs == 'the text {"pin": "REDACTED", "password": "REDACTED"}'


def test_what_differs_in_a_secret_alone_is_told_so() -> None:
    """Else both would look alike."""
    _, theirs = describe_difference(message('{"token": "sesame"}'), message('{"token": "simsim"}'), PLAIN)
    assert theirs == "the same with another secret"


@pytest.mark.parametrize(
    ("expected", "said"), [("a", "b" * (MAX_COMPARED_BYTES + 1)), ("b" * (MAX_COMPARED_BYTES + 1), "a")]
)
def test_large_texts_are_told_by_their_size(expected: str, said: str) -> None:
    """To look for secrets in them takes time, in which other clients wait."""
    assert f"a text of {MAX_COMPARED_BYTES + 1} bytes" in describe_difference(message(expected), message(said), PLAIN)
