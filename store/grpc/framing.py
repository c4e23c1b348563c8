"""The messages of gRPC in a body: each has a prefix of five bytes ("Length-Prefixed-Message" of gRPC over HTTP/2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.store.content_codings import remove_codings
from understudy.store.model.messages import Headers

PREFIX_BYTES = 5  # a flag, and the length of the message in four bytes
COMPRESSED = 1


@dataclass(frozen=True, slots=True)
class GrpcMessage:
    """One message: its flag, its content as it was sent, and the offset of its prefix in the body."""

    flag: int
    content: bytes
    offset: int = 0

    @property
    def framed(self) -> bytes:
        """The message with its prefix."""
        return frame_message(self.content, self.flag)

    @property
    def is_compressed(self) -> bool:
        """Whether the content has the coding of the field `grpc-encoding`."""
        return bool(self.flag & COMPRESSED)


def get_coding(headers: Headers) -> str:
    """Return the coding of compressed messages, "identity" without one."""
    return headers.get("grpc-encoding") or "identity"


def decode_message(message: GrpcMessage, headers: Headers) -> bytes | None:
    """Return the content of a message without its compression; None if that cannot be removed.

    `headers` are those of its side of the call.
    """
    return remove_codings(get_coding(headers), message.content) if message.is_compressed else message.content


def frame_message(content: bytes, flag: int = 0) -> bytes:
    """Return a message with its prefix."""
    return bytes([flag]) + len(content).to_bytes(4, "big") + content


def split_messages(body: bytes) -> Iterator[GrpcMessage]:
    """Yield the messages of a body; one that is incomplete at the end is left out."""
    offset = 0
    while len(body) - offset >= PREFIX_BYTES:
        start = offset + PREFIX_BYTES
        end = start + int.from_bytes(body[offset + 1 : start], "big")
        if end > len(body):
            return
        yield GrpcMessage(body[offset], body[start:end], offset)
        offset = end


class MessageReader:
    """Reads messages from the pieces of a body. `rest` is what belongs to a message that is incomplete."""

    def __init__(self) -> None:
        self.rest = b""

    def receive(self, data: bytes) -> list[GrpcMessage]:
        """Return the messages that these bytes complete."""
        self.rest += data
        found = list(split_messages(self.rest))
        self.rest = self.rest[sum(PREFIX_BYTES + len(one.content) for one in found) :]
        return found


class MessageCounter:
    """Counts the messages that end in the pieces of a body, and keeps none of their content."""

    def __init__(self) -> None:
        self._prefix = b""
        self._left = 0  # bytes of a message that are still to come

    def count(self, data: bytes) -> int:
        """Return the number of messages that end in these bytes."""
        ended = offset = 0
        while offset < len(data):
            if len(self._prefix) < PREFIX_BYTES:
                piece = data[offset : offset + PREFIX_BYTES - len(self._prefix)]
                self._prefix += piece
                self._left = int.from_bytes(self._prefix[1:], "big")
            else:
                piece = data[offset : offset + self._left]
                self._left -= len(piece)
            offset += len(piece)
            if len(self._prefix) == PREFIX_BYTES and not self._left:
                ended, self._prefix = ended + 1, b""
        return ended
