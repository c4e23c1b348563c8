"""What was said on a recorded WebSocket, for people and as JSON."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from understudy.proxy.cli.output import iso_time
from understudy.store.model.naming import escape_unprintable
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage
from understudy.store.redaction.settings import make_display_redactor
from understudy.store.repositories.store import Store


def masked_messages(store: Store, messages: Iterable[WebSocketMessage]) -> list[WebSocketMessage]:
    """The messages without their secrets."""
    redactor = make_display_redactor(store)
    return [redactor.redact_message(message) for message in messages]


def message_line(message: WebSocketMessage) -> str:
    """One line: when, who, what kind, and what."""
    side = "client" if message.from_client else "server"
    return f"{iso_time(message.at)} {side} {message.kind}: {_told(message)}".rstrip(": ")


def message_json(message: WebSocketMessage) -> dict[str, Any]:
    """The message; what is no text in Base64."""
    told: dict[str, Any] = {
        "at": iso_time(message.at),
        "from": "client" if message.from_client else "server",
        "kind": str(message.kind),
    }
    if message.kind is MessageKind.CLOSE:
        code, reason = _close(message)
        return {**told, "code": code, "reason": reason}
    if message.kind is MessageKind.TEXT:
        return {**told, "text": message.content.decode("utf-8", "replace")}
    return {**told, "base64": b64encode(message.content).decode()}


def _told(message: WebSocketMessage) -> str:
    match message.kind:
        case MessageKind.TEXT:
            return escape_unprintable(message.content.decode("utf-8", "replace"))
        case MessageKind.CLOSE if message.content == BROKEN_OFF:
            return "the connection broke off"
        case MessageKind.CLOSE:
            code, reason = _close(message)
            return f"{code or ''} {escape_unprintable(reason)}".strip()
        case _:
            return f"({len(message.content)} bytes)"


def _close(message: WebSocketMessage) -> tuple[int | None, str]:
    content = message.content
    return (int.from_bytes(content[:2], "big") if content else None), content[2:].decode("utf-8", "replace")
