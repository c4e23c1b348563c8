"""The heads of WebSocket frames (RFC 6455, section 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

LONGEST_HEAD = 14
# A control frame has no more, and is one frame (RFC 6455, section 5.5).
MAX_CONTROL_BYTES = 125
_LENGTH_BYTES = {126: 2, 127: 8}


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10

    @property
    def is_control(self) -> bool:
        """Whether the frame may come between those of a message."""
        return self >= Opcode.CLOSE


class UnreadableFrames(ValueError):
    """The bytes of one side of a WebSocket are no frames that can be read; nothing after them can be."""


@dataclass(frozen=True, slots=True)
class FrameHead:
    """The head of a frame. `size` is that of its payload in bytes; `mask` is b"" if the payload is not masked."""

    opcode: Opcode
    size: int
    is_final: bool
    is_compressed: bool
    mask: bytes


def parse_head(data: bytes | bytearray) -> tuple[FrameHead, int] | None:
    """Return the head at the beginning of some bytes, and its length; None while it is incomplete.

    Raises UnreadableFrames for a frame that no endpoint accepts.
    """
    if len(data) < 2:
        return None
    first, second = data[0], data[1]
    size, wide = second & 0x7F, _LENGTH_BYTES.get(second & 0x7F, 0)
    end = 2 + wide
    length = end + (4 if second & 0x80 else 0)
    opcode = _parse_opcode(first, size)
    if len(data) < length:
        return None
    if wide:
        size = int.from_bytes(data[2:end], "big")
    if size >> 63:
        raise UnreadableFrames("a frame has an impossible length")
    return FrameHead(opcode, size, bool(first & 0x80), bool(first & 0x40), bytes(data[end:length])), length


def _parse_opcode(first: int, size: int) -> Opcode:
    if first & 0x30:
        raise UnreadableFrames("a frame uses an extension that was not agreed on")
    try:
        opcode = Opcode(first & 0x0F)
    except ValueError:
        raise UnreadableFrames(f"a frame has the unknown opcode {first & 0x0F}") from None
    if opcode.is_control and not first & 0x80:
        raise UnreadableFrames("a control frame is fragmented")
    if opcode.is_control and size > MAX_CONTROL_BYTES:
        raise UnreadableFrames("a control frame is too long")
    return opcode


def unmask(data: bytes, mask: bytes) -> bytes:
    """Return a payload without its mask, which begins with the first byte (RFC 6455, section 5.3)."""
    if not mask or not data:
        return data
    repeated = (mask * (len(data) // 4 + 1))[: len(data)]
    plain = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
    return plain.to_bytes(len(data), "little")
