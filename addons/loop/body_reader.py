"""Reading bodies from the store without stopping the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from cachetools import LRUCache

from understudy.store.model.messages import Body, BodyRef

CACHE_BYTES = 64 * 1024 * 1024
# A larger body would evict many others that are read more often.
MAX_CACHED_BYTES = 1024 * 1024
# Larger bodies, and pieces of them, are kept apart, for those who ask for the same at about the same time.
# Few, as an answer that is read piece by piece is to be in memory at no time.
PARTS_BYTES = 3 * 1024 * 1024

_Part = tuple[str, int | None]


class BodyReader:
    """Reads bodies in a thread, and caches the last ones up to a limit in bytes. For one event loop.

    `read` is `Bodies.read`; `read_piece` is `Bodies.read_piece`, None where bodies are read only as a whole.
    """

    def __init__(self, read: Callable[[Body], bytes], read_piece: Callable[[Body, int], bytes] | None = None) -> None:
        self._read = read
        self._read_piece = read_piece
        self._cache: LRUCache[str, bytes] = LRUCache(CACHE_BYTES, getsizeof=len)
        self._parts: LRUCache[_Part, bytes] = LRUCache(PARTS_BYTES, getsizeof=len)
        self._reading: dict[_Part, asyncio.Future[bytes]] = {}

    def get_cached(self, body: Body) -> bytes | None:
        """Return the bytes of a body if they are in memory, else None."""
        return self._cache.get(body.digest) if isinstance(body, BodyRef) else body

    def add_to_cache(self, contents: Mapping[str, bytes]) -> None:
        """Add bodies, by their digests, before they are read."""
        self._cache.update(contents)

    @property
    def can_read_pieces(self) -> bool:
        """Whether large bodies can be read piece by piece."""
        return self._read_piece is not None

    async def read_part(self, body: Body, position: int | None) -> bytes:
        """Return the bytes of a body, or its piece at a position; raises NotFound or StoreError."""
        if position is None or self._read_piece is None:
            return await self.read(body)
        return await self._read_once(body, position)

    async def read(self, body: Body) -> bytes:
        """Return the bytes of a body; raises NotFound or StoreError."""
        cached = self.get_cached(body)
        if cached is not None:
            return cached
        assert isinstance(body, BodyRef)
        content = await self._read_once(body, None)
        if len(content) <= MAX_CACHED_BYTES:
            self._cache[body.digest] = content
        return content

    async def _read_once(self, body: Body, position: int | None) -> bytes:
        """Read a large body, or a piece of it: once for all who ask for it at about the same time."""
        if not isinstance(body, BodyRef) or not body.digest:
            return await asyncio.to_thread(self._read_part, body, position)
        part = (body.digest, position)
        content = self._parts.get(part)
        if content is not None:
            return content
        reading = self._reading.get(part)
        if reading is None:
            reading = self._reading[part] = asyncio.ensure_future(asyncio.to_thread(self._read_part, body, position))
            reading.add_done_callback(partial(self._note_read, part))
        return await asyncio.shield(reading)

    def _read_part(self, body: Body, position: int | None) -> bytes:
        if position is None or self._read_piece is None:
            return self._read(body)
        return self._read_piece(body, position)

    def _note_read(self, part: _Part, reading: asyncio.Future[bytes]) -> None:
        del self._reading[part]
        if not reading.cancelled() and reading.exception() is None and len(reading.result()) <= PARTS_BYTES:
            self._parts[part] = reading.result()
