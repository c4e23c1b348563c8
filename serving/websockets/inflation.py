"""Inflation of the messages of one side of a WebSocket (permessage-deflate, RFC 7692, section 7.2.2)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from understudy.serving.websockets.frame_heads import UnreadableFrames

# What a sender leaves out at the end of each message.
MESSAGE_TAIL = b"\x00\x00\xff\xff"
# The largest window (RFC 7692, section 7.1.2), without a header of zlib; it reads smaller ones, too.
WINDOW_BITS = -15
PIECE_BYTES = 64 * 1024
# A sender need not end its stream within a message at all; each new one costs time.
MAX_STREAMS = 100


class Inflation:
    """Inflates messages one after the other.

    `keeps_window`: a message may refer to the ones before it.
    """

    def __init__(self, *, keeps_window: bool) -> None:
        self.keeps_window = keeps_window
        self._stream = zlib.decompressobj(WINDOW_BITS)
        self._streams = 0  # that have ended within this message

    def inflate(self, data: bytes) -> Iterator[bytes]:
        """Yield what a part of a message contains, in pieces of no more than PIECE_BYTES.

        Raises UnreadableFrames for what is no deflate data.
        """
        while data:
            if self._stream.eof:  # by a final block (RFC 7692, section 7.2.3.4)
                self._begin_stream()
            try:
                piece = self._stream.decompress(data, PIECE_BYTES)
            except zlib.error:
                raise UnreadableFrames("a message is compressed in another way than was agreed on") from None
            data = self._stream.unconsumed_tail or self._stream.unused_data
            if piece:
                yield piece

    def end_message(self) -> Iterator[bytes]:
        """Yield the rest of a message that has ended."""
        if not self._stream.eof:
            yield from self.inflate(MESSAGE_TAIL)
        if not self.keeps_window or self._stream.eof:
            self._stream = zlib.decompressobj(WINDOW_BITS)
        self._streams = 0

    def skip_message(self) -> None:
        """Drop the message that has begun; only possible without `keeps_window`."""
        assert not self.keeps_window
        self._stream = zlib.decompressobj(WINDOW_BITS)
        self._streams = 0

    def _begin_stream(self) -> None:
        self._streams += 1
        if self._streams > MAX_STREAMS:
            raise UnreadableFrames(f"a message is compressed in more than {MAX_STREAMS} streams")
        self._stream = zlib.decompressobj(WINDOW_BITS)
