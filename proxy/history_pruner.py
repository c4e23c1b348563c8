"""The thread by which a gateway that records deletes what is older than its store keeps history."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from understudy.proxy.operations.maintenance.pruning import apply_retention
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 3_600.0
STOP_SECONDS = 1.0


class HistoryPruner:
    """Applies the retention of a store at its start and once an hour, while `is_recording` returns true.

    Several gateways on one store may do so: the second finds nothing to delete.
    """

    def __init__(self, store: Store, is_recording: Callable[[], bool]) -> None:
        self._store = store
        self._is_recording = is_recording
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history pruner", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the piece that it is deleting."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    def prune_if_recording(self) -> None:
        """Delete what is too old, if the gateway records; an error is logged."""
        if not self._is_recording():
            return
        try:
            pruned = apply_retention(self._store, time.time(), self._check_stopped)
        except _Stopping:
            logger.info("the deletion of old exchanges goes on when a gateway starts again")
        except Exception as error:  # noqa: BLE001 - the gateway goes on without it
            logger.error("cannot delete old exchanges: %s", error)
        else:
            if pruned is not None:
                logger.warning("deleted %d old exchanges, as the store's setting says", pruned.exchanges)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.prune_if_recording()
            self._stopped.wait(INTERVAL_SECONDS)

    def _check_stopped(self, _done: int, _all: int) -> None:
        if self._stopped.is_set():
            raise _Stopping


class _Stopping(Exception):
    """The gateway ends during a deletion."""
