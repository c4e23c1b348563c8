"""Recording of a body while it is passed on: a small one in memory, a large one in pieces for the store."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from understudy.store.model.ids import new_id
from understudy.store.model.messages import LARGE_BODY, Body, Chunk, PiecedBody

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

# The size of the pieces in which the store gets a large body.
PIECE_BYTES = 256 * 1024
# Bytes that arrive closer together count as one chunk.
PAUSE_SECONDS = 0.001
# The bound on the chunks of a stream (1.6 MB); later bytes count to the last chunk.
MOST_CHUNKS = 100_000

Piece = tuple[str, int, bytes]


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bounds in bytes: a body over `large` goes to the store in pieces, and no more than `max_size` is recorded."""

    large: int = LARGE_BODY
    max_size: int | None = None


class BodyRecorder:
    """A body that is being recorded. `size` is what is kept of the body so far; `cut`: the body had more bytes."""

    __slots__ = (
        "_at",
        "_buffered",
        "_key",
        "_last_at",
        "_limits",
        "_parts",
        "_position",
        "_sha",
        "_sizes",
        "cut",
        "size",
    )

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._parts: list[bytes] = []
        self._buffered = 0  # bytes in the parts
        self._key: str | None = None
        self._position = 0
        self._sha: Hash | None = None
        self._at = array("d")
        self._sizes = array("Q")
        self._last_at = 0.0
        self.size = 0
        self.cut = False

    @property
    def is_large(self) -> bool:
        """Whether it goes to the store in pieces."""
        return self._key is not None

    @property
    def buffered(self) -> int:
        """The number of bytes in memory that the store has not got."""
        return self._buffered

    @property
    def key(self) -> str | None:
        """The key of its pieces in the store; None for a small body."""
        return self._key

    @property
    def has_pauses(self) -> bool:
        """Whether it arrived in chunks with pauses between them."""
        return len(self._at) > 1

    def add(self, content: bytes, at: float) -> None:
        """Record bytes that arrived `at` seconds after the head of their message."""
        max_size = self._limits.max_size
        if max_size is not None and self.size + len(content) > max_size:
            content = content[: max_size - self.size]
            self.cut = True
        if not content:
            return
        self.size += len(content)
        self._buffered += len(content)
        self._parts.append(content)
        self._record_time(len(content), at)
        if self.size > self._limits.large:
            self.make_large()

    def make_large(self) -> None:
        """Have it go to the store in pieces from now on, whatever its size."""
        if self._key is None:
            self._key, self._sha = new_id(), sha256()

    def take_pieces(self, *, ended: bool = False) -> list[Piece]:
        """Return the pieces of a large body that the store should get now; the rest, too, once it has `ended`."""
        if self._key is None or self._sha is None or not self._buffered or (self._buffered < PIECE_BYTES and not ended):
            return []
        content = b"".join(self._parts)
        self._parts, self._buffered = [], 0
        self._sha.update(content)
        self._position += 1
        return [(self._key, self._position - 1, content)]

    def to_body(self) -> Body:
        """Return the body; all pieces of a large one are in the store."""
        if self._key is None or self._sha is None:
            return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        return PiecedBody(self._sha.hexdigest(), self.size, self._key)

    def to_chunks(self, *, stream: bool) -> tuple[Chunk, ...]:
        """Return the chunks of a body that arrived with pauses: always of a stream, else only of a small body."""
        if not self.has_pauses or (self._key is not None and not stream):
            return ()
        return tuple(Chunk(at, size) for at, size in zip(self._at, self._sizes, strict=True))

    def _record_time(self, size: int, at: float) -> None:
        if self._sizes and (at - self._last_at < PAUSE_SECONDS or len(self._sizes) == MOST_CHUNKS):
            self._sizes[-1] += size
        else:
            self._at.append(at)
            self._sizes.append(size)
        self._last_at = at
