"""Comparison of a client's WebSocket messages with the recorded ones, and descriptions of their differences."""

from __future__ import annotations

from understudy.matcher.body_forms.json_forms import parse_json_exact
from understudy.matcher.body_forms.open_places import NO_MARKS, Marks
from understudy.matcher.lookup.edit_distance import measure_common_prefix
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.placeholders import is_equal_except_secrets
from understudy.store.redaction.redactor import Redactor

MAX_SHOWN_CHARS = 60  # characters of a text
LEAD = 20  # characters of agreement before the first difference
MAX_COMPARED_BYTES = 64 * 1024  # larger texts are only compared as bytes: comparing blocks the event loop


def is_expected(expected: WebSocketMessage | None, received: WebSocketMessage, ignored: Marks = NO_MARKS) -> bool:
    """Return whether a message equals the recorded one; JSON texts compare as values, redacted places are ignored.

    `ignored` are the JSON paths whose values do not count, nor whether they exist.
    """
    if expected is None or expected.kind is not received.kind:
        return False
    if expected.content == received.content:
        return True
    if received.kind is not MessageKind.TEXT:
        return False
    try:
        return _is_equal(parse_json_exact(expected.content, ignored), parse_json_exact(received.content, ignored))
    except (ValueError, RecursionError):
        return is_equal_except_secrets(_decode_text(expected), _decode_text(received))


def describe_difference(
    expected: WebSocketMessage | None, received: WebSocketMessage, redactor: Redactor
) -> tuple[str, str]:
    """Describe the expected and the received message in words, without secrets, with texts shortened."""
    if expected is None or expected.kind is not received.kind or _is_long(expected) or _is_long(received):
        return _describe_message(expected, redactor), _describe_message(received, redactor)
    if received.kind is MessageKind.BINARY:
        at = measure_common_prefix(expected.content.decode("latin-1"), received.content.decode("latin-1"))
        return _describe_message(
            expected, redactor
        ), f"{_describe_message(received, redactor)}, another from byte {at + 1} on"
    expected_text = _decode_text(redactor.redact_message(expected))
    received_text = _decode_text(redactor.redact_message(received))
    if expected_text == received_text:
        return f"the text {_shorten(expected_text, 0)}", "the same with another secret"
    at = measure_common_prefix(expected_text, received_text)
    return f"the text {_shorten(expected_text, at)}", f"the text {_shorten(received_text, at)}"


def _describe_message(message: WebSocketMessage | None, redactor: Redactor) -> str:
    if message is None:
        return "no further message"
    if message.kind is MessageKind.CLOSE:
        return "that the client closes"
    if message.kind is MessageKind.BINARY:
        return f"a binary message of {_format_size(message)}"
    if _is_long(message):
        return f"a text of {_format_size(message)}"
    return f"the text {_shorten(_decode_text(redactor.redact_message(message)), 0)}"


def _is_long(message: WebSocketMessage) -> bool:
    return message.kind is MessageKind.TEXT and len(message.content) > MAX_COMPARED_BYTES


def _format_size(message: WebSocketMessage) -> str:
    size = len(message.content)
    return "1 byte" if size == 1 else f"{size} bytes"


def _decode_text(message: WebSocketMessage) -> str:
    return message.content.decode("utf-8", "replace")


def _shorten(text: str, at: int) -> str:
    """Return the text; of a long one, a part that begins shortly before the place `at`."""
    start = at - LEAD if at > MAX_SHOWN_CHARS - LEAD and len(text) > MAX_SHOWN_CHARS else 0
    part = text[start : start + MAX_SHOWN_CHARS]
    return f"{'…' if start else ''}{part}{'…' if start + MAX_SHOWN_CHARS < len(text) else ''}"


def _is_equal(expected: object, value: object) -> bool:
    """Return whether two JSON values are equal, except for redacted places."""
    match expected, value:
        case str(), str():
            return is_equal_except_secrets(expected, value)
        case dict(), dict():
            return expected.keys() == value.keys() and all(
                _is_equal(each, value[name]) for name, each in expected.items()
            )
        case list(), list():
            return len(expected) == len(value) and all(map(_is_equal, expected, value))
    return expected == value
