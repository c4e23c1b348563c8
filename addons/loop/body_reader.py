"""Reading bodies from the store without stopping the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from cachetools import LRUCache

from understudy.store.model.messages import Body, BodyRef

CACHE_BYTES = 64 * 1024 * 1024
# A body larger than this would push out many that are asked for more often.
MAX_CACHED_BYTES = 1024 * 1024


class BodyReader:
    """Reads bodies in a thread, and holds the last ones up to a bound in bytes. For one event loop.

    `read` is `Bodies.read`; `read_piece` is `Bodies.piece`, None where bodies are read as a whole only.
    """

    def __init__(self, read: Callable[[Body], bytes], read_piece: Callable[[Body, int], bytes] | None = None) -> None:
        self._read = read
        self._read_piece = read_piece
        self._cache: LRUCache[str, bytes] = LRUCache(CACHE_BYTES, getsizeof=len)

    def get_cached(self, body: Body) -> bytes | None:
        """The bytes of a body if no reading is needed for them."""
        return self._cache.get(body.digest) if isinstance(body, BodyRef) else body

    def add_to_cache(self, contents: Mapping[str, bytes]) -> None:
        """Hold bodies, by their digests, before they are asked for."""
        self._cache.update(contents)

    @property
    def can_read_pieces(self) -> bool:
        """Whether large bodies can be read piece by piece."""
        return self._read_piece is not None

    async def read_part(self, body: Body, position: int | None) -> bytes:
        """The bytes of a body, or the piece of it at a position; raises NotFound or StoreError."""
        if position is None or self._read_piece is None:
            return await self.read(body)
        return await asyncio.to_thread(self._read_piece, body, position)

    async def read(self, body: Body) -> bytes:
        """The bytes of a body; raises NotFound or StoreError."""
        known = self.get_cached(body)
        if known is not None:
            return known
        assert isinstance(body, BodyRef)
        content = await asyncio.to_thread(self._read, body)
        if len(content) <= MAX_CACHED_BYTES:
            self._cache[body.digest] = content
        return content
