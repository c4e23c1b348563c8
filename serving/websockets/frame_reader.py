"""Reading the messages of one side of a WebSocket beside the bytes, which pass on as they are (RFC 6455, RFC 7692)."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.serving.websockets.frame_heads import (
    LONGEST_HEAD,
    FrameHead,
    Opcode,
    UnreadableFrames,
    parse_head,
    unmask,
)
from understudy.serving.websockets.inflation import Inflation
from understudy.store.model.websockets import MessageKind

# No more than this is kept of a message.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
# A message is inflated so far for the sake of the next ones, which refer to it; a small message can inflate for hours.
MAX_INFLATED_BYTES = 256 * 1024 * 1024

_KINDS = {
    Opcode.TEXT: MessageKind.TEXT,
    Opcode.BINARY: MessageKind.BINARY,
    Opcode.CLOSE: MessageKind.CLOSE,
    Opcode.PING: MessageKind.PING,
    Opcode.PONG: MessageKind.PONG,
}


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message with its fragments joined and inflated; if it `is_cut`, this is only its beginning."""

    kind: MessageKind
    content: bytes
    is_cut: bool = False


class FrameReader:
    """Reads what one side sends, cut anywhere; the masks of its frames are removed if they have any.

    `inflation` is that of permessage-deflate, if it was agreed on. After a close frame nothing is read, nor after bytes
    that cannot be read: `problem` says why.
    """

    def __init__(self, inflation: Inflation | None = None) -> None:
        self._inflation = inflation
        self._head = bytearray()  # an incomplete one
        self._frame: FrameHead | None = None
        self._left = 0  # of the frame's payload, in bytes
        self._control = b""
        self._message: _OpenMessage | None = None
        self._has_ended = False
        self.problem: str | None = None

    @property
    def held_bytes(self) -> int:
        """The size of what is held of a message that is not complete."""
        return self._message.held_bytes if self._message else 0

    @property
    def is_in_message(self) -> bool:
        """Whether a message has begun that is not complete."""
        return self._message is not None

    def receive(self, data: bytes, room: int = MAX_MESSAGE_BYTES) -> list[ReadMessage]:
        """Return the messages, and control frames, that these bytes complete; a message over `room` bytes is cut."""
        found: list[ReadMessage] = []
        at = 0
        try:
            while at < len(data) and not self._has_ended:
                at = self._take_payload(data, at, room) if self._frame else self._take_head(data, at)
                if self._frame is not None and not self._left:
                    found += self._end_frame(self._frame, room)
        except UnreadableFrames as problem:
            self.problem = str(problem)
            self._has_ended, self._message = True, None
        return found

    def _take_head(self, data: bytes, at: int) -> int:
        known = len(self._head)
        self._head += data[at : at + LONGEST_HEAD - known]
        parsed = parse_head(self._head)
        if parsed is None:
            return len(data)
        self._head.clear()
        self._frame, length = parsed
        self._left = self._frame.size
        if not self._frame.opcode.is_control:
            self._check_order(self._frame)
        elif self._frame.is_compressed:
            raise UnreadableFrames("a control frame is compressed")
        return at + length - known

    def _check_order(self, frame: FrameHead) -> None:
        if (frame.opcode is Opcode.CONTINUATION) != (self._message is not None):
            raise UnreadableFrames("the fragments of a message are out of order")
        if self._message is None:
            self._message = _OpenMessage(_KINDS[frame.opcode], self._inflation if frame.is_compressed else None)
        # Only the first frame of a message says that it is compressed (RFC 7692, section 6.1).
        if frame.is_compressed and (self._inflation is None or frame.opcode is Opcode.CONTINUATION):
            raise UnreadableFrames("a frame is compressed without an agreement")

    def _take_payload(self, data: bytes, at: int, room: int) -> int:
        frame, message = self._frame, self._message
        assert frame
        piece = data[at : at + self._left]
        done = (frame.size - self._left) % 4
        self._left -= len(piece)
        if frame.opcode.is_control:
            self._control += unmask(piece, frame.mask[done:] + frame.mask[:done])
        elif message is not None and message.needs_content:
            message.add(unmask(piece, frame.mask[done:] + frame.mask[:done]), room)
        return at + len(piece)

    def _end_frame(self, frame: FrameHead, room: int) -> list[ReadMessage]:
        self._frame = None
        if frame.opcode.is_control:
            content, self._control = self._control, b""
            if frame.opcode is Opcode.CLOSE:
                self._has_ended, self._message = True, None
            return [ReadMessage(_KINDS[frame.opcode], content)]
        message = self._message
        if not frame.is_final or message is None:
            return []
        self._message = None
        return [message.end(room)]


class _OpenMessage:
    """A message that is not complete; no more than the room for it is held."""

    def __init__(self, kind: MessageKind, inflation: Inflation | None) -> None:
        self._kind = kind
        self._inflation = inflation
        self._content = bytearray()  # a list of many small fragments would take more
        self._inflated = 0
        self._is_cut = False

    @property
    def held_bytes(self) -> int:
        return len(self._content)

    @property
    def needs_content(self) -> bool:
        """Whether more of it is to be read."""
        return not self._is_cut or (self._inflation is not None and self._inflation.keeps_window)

    def add(self, piece: bytes, room: int) -> None:
        if self._inflation is None:
            self._hold(piece, room)
            return
        for inflated in self._inflation.inflate(piece):
            self._hold_inflated(inflated, room)
            if not self.needs_content:
                return

    def end(self, room: int) -> ReadMessage:
        """Return the message; its sender has ended it."""
        if self._inflation is not None and self.needs_content:
            for inflated in self._inflation.end_message():
                self._hold_inflated(inflated, room)
        if self._inflation is not None and not self.needs_content:
            self._inflation.skip_message()
        content = bytes(self._content)
        if self._is_cut and self._kind is MessageKind.TEXT:
            content = _drop_partial_character(content)
        return ReadMessage(self._kind, content, self._is_cut)

    def _hold_inflated(self, piece: bytes, room: int) -> None:
        self._inflated += len(piece)
        if self._inflated > MAX_INFLATED_BYTES:
            raise UnreadableFrames(f"a message inflates to more than {MAX_INFLATED_BYTES} bytes")
        self._hold(piece, room)

    def _hold(self, piece: bytes, room: int) -> None:
        if self._is_cut:
            return
        held = piece[: max(room - len(self._content), 0)]
        self._is_cut = len(held) < len(piece)
        self._content += held


def _drop_partial_character(text: bytes) -> bytes:
    """Return a cut text without the beginning of a character of UTF-8 at its end."""
    for count in range(1, min(len(text), 3) + 1):
        byte = text[-count]
        if byte >= 0xC0:  # the first byte of a character, which has 2, 3 or 4
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return text[:-count] if count < length else text
        if byte < 0x80:
            return text
    return text
