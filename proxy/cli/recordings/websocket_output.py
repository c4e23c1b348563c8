"""How the messages of a recorded WebSocket are printed."""

from __future__ import annotations

from understudy.proxy.operations.views.messages import iso_time
from understudy.proxy.operations.views.recordings import split_close
from understudy.store.model.naming import escape_unprintable
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage


def message_line(message: WebSocketMessage) -> str:
    """Return one line: the time, the side that sent the message, its kind and its content."""
    side = "client" if message.from_client else "server"
    return f"{iso_time(message.at)} {side} {message.kind}: {_describe_content(message)}".rstrip(": ")


def _describe_content(message: WebSocketMessage) -> str:
    match message.kind:
        case MessageKind.TEXT:
            return escape_unprintable(message.content.decode("utf-8", "replace"))
        case MessageKind.CLOSE if message.content == BROKEN_OFF:
            return "the connection broke off"
        case MessageKind.CLOSE:
            code, reason = split_close(message.content)
            return f"{code or ''} {escape_unprintable(reason)}".strip()
        case _:
            return f"({len(message.content)} bytes)"
