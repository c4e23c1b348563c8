"""Messages of a client on a WebSocket: whether one is what was recorded, and how it is told what was and what came."""

from __future__ import annotations

import json

from understudy.matcher.lookup.edit_distance import common_start
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.placeholders import is_but_for_secrets
from understudy.store.redaction.redactor import Redactor

SHOWN = 60  # characters of a text
LEAD = 20  # characters of agreement before the first difference
LONGEST = 64 * 1024  # bytes of a text that is looked into: the event loop waits meanwhile


def is_expected(expected: WebSocketMessage | None, said: WebSocketMessage) -> bool:
    """Whether a message is the recorded one; texts that are JSON compare as values, redacted places do not count."""
    if expected is None or expected.kind is not said.kind:
        return False
    if expected.content == said.content:
        return True
    if said.kind is not MessageKind.TEXT:
        return False
    try:
        return _alike(json.loads(expected.content), json.loads(said.content))
    except (ValueError, RecursionError):
        return is_but_for_secrets(_text(expected), _text(said))


def told(expected: WebSocketMessage | None, said: WebSocketMessage, redactor: Redactor) -> tuple[str, str]:
    """What was expected instead of what was said, and that: in words, without secrets, texts shortened."""
    if expected is None or expected.kind is not said.kind or _is_long(expected) or _is_long(said):
        return _alone(expected, redactor), _alone(said, redactor)
    if said.kind is MessageKind.BINARY:
        at = common_start(expected.content.decode("latin-1"), said.content.decode("latin-1"))
        return _alone(expected, redactor), f"{_alone(said, redactor)}, another from byte {at + 1} on"
    mine, theirs = _text(redactor.message(expected)), _text(redactor.message(said))
    if mine == theirs:
        return f"the text {_shortened(mine, 0)}", "the same with another secret"
    at = common_start(mine, theirs)
    return f"the text {_shortened(mine, at)}", f"the text {_shortened(theirs, at)}"


def _alone(message: WebSocketMessage | None, redactor: Redactor) -> str:
    if message is None:
        return "no further message"
    if message.kind is MessageKind.CLOSE:
        return "that the client closes"
    if message.kind is MessageKind.BINARY:
        return f"a binary message of {_size(message)}"
    if _is_long(message):
        return f"a text of {_size(message)}"
    return f"the text {_shortened(_text(redactor.message(message)), 0)}"


def _is_long(message: WebSocketMessage) -> bool:
    return message.kind is MessageKind.TEXT and len(message.content) > LONGEST


def _size(message: WebSocketMessage) -> str:
    size = len(message.content)
    return "1 byte" if size == 1 else f"{size} bytes"


def _text(message: WebSocketMessage) -> str:
    return message.content.decode("utf-8", "replace")


def _shortened(text: str, at: int) -> str:
    """The text, if it is long from shortly before the place `at` on, and no further than can be read at a glance."""
    start = at - LEAD if at > SHOWN - LEAD and len(text) > SHOWN else 0
    part = text[start : start + SHOWN]
    return f"{'…' if start else ''}{part}{'…' if start + SHOWN < len(text) else ''}"


def _alike(expected: object, value: object) -> bool:
    """Whether two values of JSON are equal, but for what was redacted."""
    match expected, value:
        case str(), str():
            return is_but_for_secrets(expected, value)
        case dict(), dict():
            return expected.keys() == value.keys() and all(_alike(each, value[name]) for name, each in expected.items())
        case list(), list():
            return len(expected) == len(value) and all(map(_alike, expected, value))
    # To Python True is 1, and to JSON it is not; while 1 is 1.0 to both.
    return isinstance(expected, bool) is isinstance(value, bool) and bool(expected == value)
