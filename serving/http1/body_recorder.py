"""What is kept of a body while it passes: in memory if it is small, in pieces for the store if it is not."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from understudy.store.model.ids import new_id
from understudy.store.model.messages import LARGE_BODY, Body, Chunk, PiecedBody

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

# What the store gets at a time of a large body.
PIECE_BYTES = 256 * 1024
# Pieces that come closer together were sent as one.
PAUSE_SECONDS = 0.001
# Times of a stream are kept up to here, 1.6 MB of them; what comes later counts to the last.
MOST_CHUNKS = 100_000

Piece = tuple[str, int, bytes]


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What is kept of bodies, in bytes: larger ones than `large` go to the store in pieces, no more than `most`."""

    large: int = LARGE_BODY
    max_size: int | None = None


class BodyRecorder:
    """A body that comes in. `size` counts what is kept, `cut` says that there was more."""

    __slots__ = ("_at", "_keeping", "_key", "_parts", "_position", "_sha", "_since", "_sizes", "_stamp", "cut", "size")

    def __init__(self, keeping: BodyLimits) -> None:
        self._keeping = keeping
        self._parts: list[bytes] = []
        self._since = 0  # bytes in the parts
        self._key: str | None = None
        self._position = 0
        self._sha: Hash | None = None
        self._at = array("d")
        self._sizes = array("Q")
        self._stamp = 0.0
        self.size = 0
        self.cut = False

    @property
    def is_large(self) -> bool:
        """Whether it goes to the store in pieces."""
        return self._key is not None

    @property
    def key(self) -> str | None:
        """What its pieces are kept under; None while there are none."""
        return self._key

    @property
    def has_pauses(self) -> bool:
        """Whether it came in pieces with pauses."""
        return len(self._at) > 1

    def add(self, content: bytes, at: float) -> None:
        """A piece that came so many seconds after the head of its message."""
        most = self._keeping.max_size
        if most is not None and self.size + len(content) > most:
            content = content[: most - self.size]
            self.cut = True
        if not content:
            return
        self.size += len(content)
        self._since += len(content)
        self._parts.append(content)
        self._record_time(len(content), at)
        if self._key is None and self.size > self._keeping.large:
            self._key, self._sha = new_id(), sha256()

    def take_pieces(self, *, ended: bool = False) -> list[Piece]:
        """The pieces of a large body that the store should get now; all that is left once it has ended."""
        if self._key is None or self._sha is None or not self._since or (self._since < PIECE_BYTES and not ended):
            return []
        content = b"".join(self._parts)
        self._parts, self._since = [], 0
        self._sha.update(content)
        self._position += 1
        return [(self._key, self._position - 1, content)]

    def to_body(self) -> Body:
        """The body, all of whose pieces are in the store."""
        if self._key is None or self._sha is None:
            return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        return PiecedBody(self._sha.hexdigest(), self.size, self._key)

    def to_chunks(self, *, stream: bool) -> tuple[Chunk, ...]:
        """How it came, if it came in pieces with pauses: always of a stream, else only of a small body."""
        if not self.has_pauses or (self._key is not None and not stream):
            return ()
        return tuple(Chunk(at, size) for at, size in zip(self._at, self._sizes, strict=True))

    def _record_time(self, size: int, at: float) -> None:
        if self._sizes and (at - self._stamp < PAUSE_SECONDS or len(self._sizes) == MOST_CHUNKS):
            self._sizes[-1] += size
        else:
            self._at.append(at)
            self._sizes.append(size)
        self._stamp = at
