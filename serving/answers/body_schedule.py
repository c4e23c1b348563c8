"""A body on its way out, piece by piece: what is due when, and which part of it has to be read from the store first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from understudy.store.model.messages import Body, Chunk


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read this body, then call `fetched`; with a position only its piece there, from 0."""

    body: Body
    position: int | None = None


@dataclass(frozen=True, slots=True)
class DueChunk:
    """A piece of the body, and the seconds after the head at which it is to go out."""

    at: float
    content: bytes


class BodySchedule:
    """The pieces of one body, in the bounds of `chunks`; what is behind the last of them comes as it is read.

    A body that is bytes needs no fetching. Whoever sends it calls `next` until it is None, and `fetched` after a Fetch.
    """

    __slots__ = ("_at", "_body", "_chunks", "_content", "_position", "_start", "_unread", "_wanted")

    def __init__(self, chunks: Iterable[Chunk], body: Body) -> None:
        self._chunks = iter(chunks)
        self._body = body
        self._content = body if isinstance(body, bytes) else b""
        self._start = 0  # of what has not gone out, in the content
        self._unread = 0 if isinstance(body, bytes) else body.size
        self._position = 0
        self._wanted: Chunk | None = None
        self._at = 0.0

    def next(self) -> Fetch | DueChunk | None:
        """What to do next; None at the end."""
        if self._wanted is None:
            self._wanted = next((chunk for chunk in self._chunks if chunk.size), None)
        wanted, there = self._wanted, len(self._content) - self._start
        if self._unread > 0 and there < (wanted.size if wanted else 1):
            return Fetch(self._body, self._position)
        if not there:
            return None
        size, self._at = (there, self._at) if wanted is None else (wanted.size, wanted.at)
        self._wanted = None
        begin, self._start = self._start, self._start + size
        return DueChunk(self._at, self._content[begin : self._start])

    def add_piece(self, content: bytes) -> None:
        """The piece that a Fetch asked for."""
        self._position += 1
        self._unread -= len(content)
        self._content = self._content[self._start :] + content
        self._start = 0
