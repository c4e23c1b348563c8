"""The one thread that writes history: takes what is queued, commits it together, then tells each who waits.

It knows nothing of hooks, layers or event loops: whoever records hands an exchange over and is called when it is kept.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from store.entities import Exchange
from store.errors import StoreError, ValueRefused
from store.naming import printable
from store.redaction import BUILT_IN

logger = logging.getLogger(__name__)

# A commit costs the same for one exchange and for many; beyond this a batch only makes the first ones wait.
LARGEST_BATCH = 500

Outcome = int | StoreError
Done = Callable[[Outcome], None]
Told = list[tuple[Done, Outcome]]


def tell(told: Told) -> None:
    """Call each who waits with the id of the exchange, or with the reason why it was not kept."""
    for done, outcome in told:
        try:
            done(outcome)
        except Exception:  # one who fails to listen must not keep the others from hearing
            logger.exception("could not tell who waits for a commit")


class HistoryWriter:
    """Group commit for recorders in any thread.

    `keep` is `History.add`. `announce` gets the outcomes of a batch in the writer's thread; the default tells them
    there.
    The queue needs no bound: each exchange in it is a response that a client waits for, so clients bound it.
    """

    def __init__(
        self, keep: Callable[[Sequence[Exchange]], list[int]], *, announce: Callable[[Told], object] = tell
    ) -> None:
        self._keep = keep
        self._announce = announce
        self._queue: queue.SimpleQueue[tuple[Exchange, Done] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="history writer", daemon=True)
        self._counting = threading.Lock()
        self.kept = 0
        self.lost = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, exchange: Exchange, done: Done) -> None:
        """Hand an exchange over; `done` is called once, with its id when it is durable, or with a StoreError."""
        self._queue.put((exchange, done))

    def count_loss(self) -> None:
        """Count an exchange that is lost; for what could not be handed over, too."""
        with self._counting:
            self.lost += 1

    def stop(self, patience: float | None = None) -> None:
        """Commit what is queued, then end the thread; wait for that so many seconds, or as long as it takes."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(patience)
            if self._thread.is_alive():
                logger.error("the store does not answer; what nobody was told to be kept may be lost")

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._take()
            if batch:
                self._announce(self._commit(batch))

    def _take(self) -> tuple[list[tuple[Exchange, Done]], bool]:
        batch: list[tuple[Exchange, Done]] = []
        entry = self._queue.get()
        while entry is not None:
            batch.append(entry)
            if len(batch) == LARGEST_BATCH or self._queue.empty():
                return batch, False
            entry = self._queue.get()
        return batch, True

    def _commit(self, batch: list[tuple[Exchange, Done]]) -> Told:
        try:
            ids = self._keep([exchange for exchange, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever went wrong, those who wait must hear of it
            store_is_broken = isinstance(error, StoreError) and not isinstance(error, ValueRefused)
            if len(batch) > 1 and not store_is_broken:  # one that cannot be kept must not take the others along
                return [told for entry in batch for told in self._commit([entry])]
            return [(done, self._lose(exchange, error)) for exchange, done in batch]
        self.kept += len(batch)
        return [(done, number) for (_, done), number in zip(batch, ids, strict=True)]

    def _lose(self, exchange: Exchange, error: Exception) -> StoreError:
        self.count_loss()
        # The path alone: a query may hold secrets.
        path = printable(BUILT_IN.text(exchange.request.path.decode("utf-8", "backslashreplace")))
        logger.error("not kept: %s %s: %s", exchange.request.method, path, error)
        return error if isinstance(error, StoreError) else StoreError(f"cannot keep the exchange: {error!r}")
