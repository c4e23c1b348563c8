"""Comparison of a client's gRPC messages with the recorded ones, and descriptions of their differences."""

from __future__ import annotations

import re

from understudy.matcher.body_forms.grpc_forms import is_equal_content
from understudy.matcher.body_forms.open_places import Marks
from understudy.serving.grpc.script import Turn, TurnKind
from understudy.serving.websockets import message_comparison as texts
from understudy.store.grpc.protobuf import find_fields
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.redactor import Redactor

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def is_expected(expected: Turn | None, content: bytes | None, ignored: Marks) -> bool:
    """Return whether what a client sent is what was recorded; None is the end of its messages.

    JSON messages compare as values, redacted places are ignored, also those in texts of Protocol Buffers.
    """
    if expected is None or content is None or expected.kind is TurnKind.END:
        return expected is not None and expected.kind is TurnKind.END and content is None
    if expected.content == content:
        return True
    if _is_text(expected.content):
        return texts.is_expected(_to_message(expected.content), _to_message(content), ignored)
    return is_equal_content(expected.content, content)


def describe_difference(expected: Turn | None, content: bytes | None, redactor: Redactor) -> tuple[str, str]:
    """Describe what was expected and what came in words, without secrets, with texts shortened."""
    wanted = expected.content if expected is not None and expected.kind is TurnKind.MESSAGE else None
    if wanted is not None and content is not None:
        return texts.describe_difference(_to_message(wanted), _to_message(content), redactor)
    return _describe_message(wanted, redactor), _describe_message(content, redactor)


def _describe_message(content: bytes | None, redactor: Redactor) -> str:
    if content is None:
        return "the end of its messages"
    return texts.describe_difference(None, _to_message(content), redactor)[1]


def _to_message(content: bytes) -> WebSocketMessage:
    kind = MessageKind.TEXT if _is_text(content) else MessageKind.BINARY
    return WebSocketMessage(0.0, True, kind, content)


def _is_text(content: bytes) -> bool:
    """Whether a message is a text, such as JSON, and not one of Protocol Buffers."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return _CONTROL.search(content) is None and find_fields(content) is None
