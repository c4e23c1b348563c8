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

from understudy.proxy.compilation.live_edits import may_affect
from understudy.store.errors import StoreError
from understudy.store.model.changes import Change, Subject
from understudy.store.model.gateways import Gateway, GatewayState
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

# A change is promised to be seen within 100 ms.
POLL_SECONDS = 0.03
BEAT_SECONDS = 1.0


ApplyState = Callable[[GatewayState, bool, Sequence[Change] | None], None]


class Watcher:
    """Polls the revision table.

    `apply` gets the wanted state, whether the gateway was told so just now, and what changed, None for anything; it
    returns when that is in force.
    """

    def __init__(self, store: Store, gateway: Gateway, apply: ApplyState, lost: Callable[[], int]) -> None:
        self._store = store
        self._gateway = gateway
        self._apply = apply
        self._lost = lost
        self._state = gateway.desired_state
        self._seen = gateway.seen_revision
        self._last_heartbeat = 0.0
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
                self._poll()
                failing = False
            except Exception as error:  # noqa: BLE001 - a broken store must not end the watch over it
                if not failing:
                    logger.error("cannot follow changes in the store: %s", error)
                failing = True

    def _poll(self) -> None:
        latest = self._store.changes.get_latest()
        if latest != self._seen:
            changes = self._store.changes.list_since(self._seen)
            self._follow_changes(latest, changes)
        elif time.monotonic() - self._last_heartbeat > BEAT_SECONDS:
            self._send_heartbeat()

    def _follow_changes(self, latest: int, changes: list[Change] | None) -> None:
        told = any(
            change.subject is Subject.GATEWAY and change.subject_id == self._gateway.id for change in changes or ()
        )
        if changes is None or told or any(may_affect(change, self._state) for change in changes):
            wanted = self._send_heartbeat()
            self._apply_with_heartbeat(wanted, told, changes)
            self._state = wanted
        # One may have come between the two looks: it is dealt with now, and must not be dealt with again.
        self._seen = max(latest, changes[-1].revision if changes else latest)
        self._send_heartbeat()  # says to who waits for it that the change is in force

    def _apply_with_heartbeat(self, wanted: GatewayState, told: bool, changes: Sequence[Change] | None) -> None:
        """Have it applied; the gateway is alive while that takes its time."""
        with ThreadPoolExecutor(1, "compiling") as compiling:
            applied = compiling.submit(self._apply, wanted, told, changes)
            while not wait([applied], BEAT_SECONDS).done:
                with suppress(StoreError):  # of a store that is locked meanwhile; it is asked again
                    self._send_heartbeat()
            applied.result()

    def _send_heartbeat(self) -> GatewayState:
        wanted = self._store.gateways.record_heartbeat(self._gateway.id, time.time(), self._seen, self._lost())
        self._last_heartbeat = time.monotonic()
        if wanted is None:  # somebody emptied the store, or this machine slept for a day
            self._store.gateways.register(replace(self._gateway, heartbeat=time.time(), desired_state=self._state))
            return self._state
        return wanted
