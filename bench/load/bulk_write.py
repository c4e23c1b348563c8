"""Write many exchanges to a store, as an import does: python -m bench.load.bulk_write STORE MEGABYTES"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

from bench.load.exchanges import FIRST
from understudy.proxy.store_opening import open_or_upgrade_store
from understudy.store.bulk_writes import BulkWriter
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Headers, Origin, Request, Response

SMALL, LARGE = 4 * 1024, 3 * 1024 * 1024
LARGE_EVERY = 1_000
MB = 1024 * 1024


def make_exchanges(session_id: str, size: int) -> Iterator[Exchange]:
    """Yield exchanges with `size` bytes of response bodies in all: mostly small ones, some large."""
    chance, position, left = random.Random(1), 0, size
    while left > 0:
        body = chance.randbytes(LARGE if position % LARGE_EVERY == 0 else SMALL)
        request = Request("GET", b"/files/%d" % position, origin=Origin("https", "files.example.com", 443))
        response = Response(200, Headers.of([("Content-Type", "application/octet-stream")]), body, b"OK")
        yield Exchange(session_id, request, response, Timings(FIRST + position))
        position, left = position + 1, left - len(body)


def main() -> None:
    """Write, and print the number of exchanges."""
    store = open_or_upgrade_store(sys.argv[1])
    session = store.sessions.create(f"bulk {new_id()}", None)
    print(BulkWriter(store.history, store.bodies).add_all(make_exchanges(session.id, int(sys.argv[2]) * MB)))
    store.close()


if __name__ == "__main__":
    main()
