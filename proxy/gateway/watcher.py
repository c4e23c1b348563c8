"""The thread that links a running gateway to the store: sees changes, has them compiled, sends the heartbeat."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace

from understudy.proxy.compilation.live_edits import concerns
from understudy.store.errors import StoreError
from understudy.store.model.changes import Change, Subject
from understudy.store.model.gateways import Gateway, GatewayState
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

# A change is promised to be seen within 100 ms.
POLL_SECONDS = 0.03
BEAT_SECONDS = 1.0


Apply = Callable[[GatewayState, bool, Sequence[Change] | None], None]


class Watcher:
    """Polls the revision table.

    `apply` gets the wanted state, whether the gateway was told so just now, and what changed, None for anything; it
    returns when that is in force.
    """

    def __init__(self, store: Store, gateway: Gateway, apply: Apply, lost: Callable[[], int]) -> None:
        self._store = store
        self._gateway = gateway
        self._apply = apply
        self._lost = lost
        self._state = gateway.wanted
        self._seen = gateway.seen_revision
        self._beaten = 0.0
        self._stopped = threading.Event()
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="store watcher", daemon=True)

    def start(self) -> None:
        """Put the gateway's row into the store and begin to watch; raises UserError when its name is taken."""
        with self._starting:
            self._store.gateways.register(replace(self._gateway, pid=os.getpid(), heartbeat=time.time()))
            self._thread.start()

    def stop(self) -> None:
        """Stop watching and take the row out; one that another thread is just putting in, too."""
        self._stopped.set()
        with self._starting:
            if self._thread.ident is None:  # it has not begun
                return
        self._thread.join()
        try:
            self._store.gateways.remove(self._gateway.id)
        except StoreError as error:
            logger.warning("the gateway's row stays in the store: %s", error)

    def _run(self) -> None:
        failing = False
        while not self._stopped.wait(POLL_SECONDS):
            try:
                self._look()
                failing = False
            except Exception as error:  # noqa: BLE001 - a broken store must not end the watch over it
                if not failing:
                    logger.error("cannot follow changes in the store: %s", error)
                failing = True

    def _look(self) -> None:
        latest = self._store.changes.latest()
        if latest != self._seen:
            changes = self._store.changes.since(self._seen)
            self._follow(latest, changes)
        elif time.monotonic() - self._beaten > BEAT_SECONDS:
            self._beat()

    def _follow(self, latest: int, changes: list[Change] | None) -> None:
        told = any(
            change.subject is Subject.GATEWAY and change.subject_id == self._gateway.id for change in changes or ()
        )
        if changes is None or told or any(concerns(change, self._state) for change in changes):
            wanted = self._beat()
            self._apply_beating(wanted, told, changes)
            self._state = wanted
        # One may have come between the two looks: it is dealt with now, and must not be dealt with again.
        self._seen = max(latest, changes[-1].revision if changes else latest)
        self._beat()  # says to who waits for it that the change is in force

    def _apply_beating(self, wanted: GatewayState, told: bool, changes: Sequence[Change] | None) -> None:
        """Have it applied; the gateway is alive while that takes its time."""
        with ThreadPoolExecutor(1, "compiling") as compiling:
            applied = compiling.submit(self._apply, wanted, told, changes)
            while not wait([applied], BEAT_SECONDS).done:
                with suppress(StoreError):  # of a store that is locked meanwhile; it is asked again
                    self._beat()
            applied.result()

    def _beat(self) -> GatewayState:
        wanted = self._store.gateways.beat(self._gateway.id, time.time(), self._seen, self._lost())
        self._beaten = time.monotonic()
        if wanted is None:  # somebody emptied the store, or this machine slept for a day
            self._store.gateways.register(replace(self._gateway, heartbeat=time.time(), wanted=self._state))
            return self._state
        return wanted
