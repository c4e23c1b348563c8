"""What goes over a WebSocket once its handshake is done (RFC 6455). Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from understudy.store.model.fast_init import fast_init


class MessageKind(StrEnum):
    """What a message is; ping and pong are kept as they came, close ends the conversation."""

    TEXT = "text"
    BINARY = "binary"
    PING = "ping"
    PONG = "pong"
    CLOSE = "close"


@fast_init
@dataclass(frozen=True, slots=True)
class WebSocketMessage:
    """One message of one side, its fragments joined and its extensions undone.

    `at` in seconds since the epoch. The content of a text is UTF-8; that of a close is its code, two bytes, and its
    reason (RFC 6455, section 5.5.1), empty when none was given; `BROKEN_OFF` stands for a connection that just ended.
    """

    at: float
    from_client: bool
    kind: MessageKind
    content: bytes = b""


# 1006: no close frame was received (RFC 6455, section 7.4.1); never sent over the wire.
BROKEN_OFF = (1006).to_bytes(2, "big")
