"""The messages of a WebSocket after its handshake (RFC 6455), and the order of those of a bidirectional gRPC call."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class MessageKind(StrEnum):
    """The kind of a message; pings and pongs are recorded too, a close ends the conversation.

    A message of gRPC has no content here: it is the next one in the body of its side. There a close of the client ends
    its messages.
    """

    TEXT = "text"
    BINARY = "binary"
    PING = "ping"
    PONG = "pong"
    CLOSE = "close"
    GRPC = "grpc"


class WebSocketMessage(msgspec.Struct, frozen=True):
    """One message of one side, with its fragments joined and its extensions decoded.

    `at` is in seconds since the epoch. The content of a text is UTF-8. The content of a close is its code, two bytes,
    and its reason (RFC 6455, section 5.5.1); it may be empty, and is `BROKEN_OFF` if the connection ended without one.
    """

    at: float
    from_client: bool
    kind: MessageKind
    content: bytes = b""


# 1006: no close frame was received (RFC 6455, section 7.4.1); never sent over the wire.
BROKEN_OFF = (1006).to_bytes(2, "big")
