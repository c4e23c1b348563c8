"""Descriptions of a client's WebSocket message and of the recorded one."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.open_places import Mark
from understudy.serving.websockets.message_comparison import (
    MAX_COMPARED_BYTES,
    MAX_SHOWN_CHARS,
    describe_difference,
    is_expected,
)
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import Rules

PLAIN = Redactor()


def message(content: str | bytes) -> WebSocketMessage:
    """A text message of the client, or for bytes a binary one."""
    if isinstance(content, bytes):
        return WebSocketMessage(0.0, True, MessageKind.BINARY, content)
    return WebSocketMessage(0.0, True, MessageKind.TEXT, content.encode())


@pytest.mark.parametrize(
    ("expected", "received", "descriptions"),
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
def test_both_messages_are_described(
    expected: str | bytes, received: str | bytes, descriptions: tuple[str, str]
) -> None:
    assert describe_difference(message(expected), message(received), PLAIN) == descriptions


def test_long_texts_are_shortened_around_their_difference() -> None:
    """A late difference is shown from shortly before it."""
    mine, theirs = describe_difference(
        message("x" * 100 + "one" + "y" * 100), message("x" * 100 + "two" + "y" * 100), PLAIN
    )
    rest = MAX_SHOWN_CHARS - 20 - len("one")
    assert (mine, theirs) == (
        f"the text …{'x' * 20}one{'y' * rest}…",
        f"the text …{'x' * 20}two{'y' * rest}…",
    )


def test_secrets_of_both_are_redacted() -> None:
    """Also secrets that the rules of a store find."""
    redactor = Redactor(Rules.from_json({"json": ["$.pin"]}))
    mine, theirs = describe_difference(
        message('{"pin": "1234", "n": 1}'), message('{"pin": "5678", "password": "sesame"}'), redactor
    )
    assert mine == 'the text {"pin": "REDACTED", "n": 1}'
    assert theirs == 'the text {"pin": "REDACTED", "password": "REDACTED"}'


def test_a_difference_in_a_secret_only_is_described() -> None:
    """Otherwise both descriptions would be equal."""
    _, theirs = describe_difference(message('{"password": "sesame"}'), message('{"password": "simsim"}'), PLAIN)
    assert theirs == "the same with another secret"


@pytest.mark.parametrize(
    ("expected", "received"), [("a", "b" * (MAX_COMPARED_BYTES + 1)), ("b" * (MAX_COMPARED_BYTES + 1), "a")]
)
def test_large_texts_are_described_by_their_size(expected: str, received: str) -> None:
    """Searching them for secrets would block other clients."""
    assert f"a text of {MAX_COMPARED_BYTES + 1} bytes" in describe_difference(
        message(expected), message(received), PLAIN
    )


@pytest.mark.parametrize(
    ("expected", "received", "equal"),
    [
        ('{"id": "a", "type": "next"}', '{"type": "next", "id": "b"}', True),
        ('{"id": "a", "type": "next"}', '{"type": "next"}', True),
        ('{"id": "a", "type": "next"}', '{"id": "a", "type": "last"}', False),
        ('{"items": [{"at": 1}, {"at": 2}]}', '{"items": [{"at": 3}, {"at": 4}]}', True),
        ('{"items": [{"at": 1}]}', '{"items": []}', False),
        ('{"big": 9007199254740993}', '{"big": 9007199254740992}', False),
        ('{"n": 1}', '{"n": 1.0}', True),
        ('{"n": 1}', '{"n": true}', False),
        ("id", "di", False),
    ],
)
def test_ignored_places_of_a_message_do_not_count(expected: str, received: str, equal: bool) -> None:
    """An ignored place of a JSON message may have any value, or be missing."""
    ignored = {"$.id": Mark.IGNORED, "$.items[*].at": Mark.IGNORED}
    assert is_expected(message(expected), message(received), ignored) is equal
