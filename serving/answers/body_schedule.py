"""The schedule of a body that is sent piece by piece: what is due when, and what has to be read from the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from understudy.store.model.messages import Body, BodyRef, Chunk


class BodySlice(BodyRef, frozen=True):
    """`size` bytes of a large body in the store, from the byte `first` on, counted from 0.

    `whole` is that body. The slice itself is in no store, and has no digest.
    """

    first: int
    whole: BodyRef


def slice_body(body: Body, first: int, last: int) -> Body:
    """Return the bytes of a body from `first` to `last`, both included; of a body in the store, a `BodySlice`."""
    if isinstance(body, bytes):
        return body[first : last + 1]
    return BodySlice("", last - first + 1, first, body)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read this body from the store; with a position, only its piece at that position, counted from 0."""

    body: Body
    position: int | None = None


@dataclass(frozen=True, slots=True)
class DueChunk:
    """A piece of the body, and the seconds after the head at which it is due."""

    at: float
    content: bytes


class BodySchedule:
    """The pieces of one body in the bounds of `chunks`; what is behind the last chunk is due as it is read.

    A body that is bytes needs no Fetch. The pieces before a slice are read, as their sizes are not known, and dropped.
    The sender calls `next` until it returns None, and `add_piece` after a Fetch.
    """

    __slots__ = ("_at", "_body", "_chunk", "_chunks", "_content", "_position", "_skipped", "_start", "_unread")

    def __init__(self, chunks: Iterable[Chunk], body: Body) -> None:
        self._chunks = iter(chunks)
        self._body = body.whole if isinstance(body, BodySlice) else body
        self._skipped = body.first if isinstance(body, BodySlice) else 0  # bytes that are still to be dropped
        self._content = body if isinstance(body, bytes) else b""
        self._start = 0  # in the content: of the bytes that are not sent
        self._unread = 0 if isinstance(body, bytes) else body.size
        self._position = 0
        self._chunk: Chunk | None = None  # the one that is due next
        self._at = 0.0

    def next(self) -> Fetch | DueChunk | None:
        """Return what to do next; None at the end."""
        if self._chunk is None:
            self._chunk = next((chunk for chunk in self._chunks if chunk.size), None)
        chunk, available = self._chunk, len(self._content) - self._start
        if self._unread > 0 and available < (chunk.size if chunk else 1):
            return Fetch(self._body, self._position)
        if not available:
            return None
        size, self._at = (available, self._at) if chunk is None else (chunk.size, chunk.at)
        self._chunk = None
        begin, self._start = self._start, self._start + size
        return DueChunk(self._at, self._content[begin : self._start])

    def add_piece(self, content: bytes) -> None:
        """Take the piece that a Fetch asked for."""
        self._position += 1
        skipped = min(self._skipped, len(content))
        self._skipped -= skipped
        content = content[skipped : skipped + self._unread]
        self._unread -= len(content)
        self._content = self._content[self._start :] + content
        self._start = 0
