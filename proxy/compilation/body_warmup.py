"""Read bodies into memory before the first request for them, in the background, while requests are answered already.

To read a body at the first request for its example costs a hundred times what the answer costs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from understudy.addons.loop.body_reader import CACHE_BYTES, BodyReader
from understudy.store.errors import StoreError
from understudy.store.repositories.history import Bodies

logger = logging.getLogger(__name__)

LARGEST = 64 * 1024  # bytes; a larger body takes longer to send than to read, so it is read on request
ROOM = CACHE_BYTES // 2  # bytes; the rest is for bodies that are read on request
AT_ONCE = 500

HoldBatch = Callable[[dict[str, bytes]], object]


async def warm_up_bodies(reader: BodyReader, bodies: Bodies, collection_ids: Iterable[str]) -> None:
    """Read the response bodies of these collections into the reader's cache, as many as there is room for."""
    loop = asyncio.get_running_loop()

    def hold(batch: dict[str, bytes]) -> None:
        loop.call_soon_threadsafe(partial(reader.add_to_cache, batch))

    await asyncio.to_thread(_read_batches, bodies, list(collection_ids), hold)


def _read_batches(bodies: Bodies, collection_ids: list[str], hold: HoldBatch) -> None:
    room = ROOM
    try:
        for collection_id in collection_ids:
            found = bodies.read_response_bodies(collection_id, LARGEST)
            while (batch := dict(islice(found, AT_ONCE))) and room > 0:
                hold(batch)
                room -= sum(map(len, batch.values()))
    except (StoreError, RuntimeError) as error:  # the store failed; the event loop has ended
        logger.debug("bodies are not read ahead: %s", error)
