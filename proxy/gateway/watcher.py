"""The thread that links a running gateway to the store: it polls for changes, has them applied, sends heartbeats."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

from understudy.proxy.compilation.live_edits import may_affect
from understudy.store.errors import StoreError
from understudy.store.model.changes import Change, Subject
from understudy.store.model.gateways import Gateway, GatewayState
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

# A gateway sees a change within 100 ms.
POLL_SECONDS = 0.03
BEAT_SECONDS = 1.0


ApplyState = Callable[[GatewayState, bool, Sequence[Change] | None], None]


class Watcher:
    """The watcher of the revision table for one gateway.

    `apply` gets the desired state, whether it was just set, and the changes (None if anything may have changed); it
    returns when the state is in force. `lost` returns the number of lost exchanges.
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
        """Register the gateway in the store and start to watch; raises UserError if its name is taken."""
        with self._starting:
            self._store.gateways.register(replace(self._gateway, pid=os.getpid(), heartbeat=time.time()))
            self._thread.start()

    def stop(self) -> None:
        """Stop watching and remove the gateway from the store, also if another thread is just registering it."""
        self._stopped.set()
        with self._starting:
            if self._thread.ident is None:  # it was not started
                return
        self._thread.join()
        try:
            self._store.gateways.remove(self._gateway.id)
        except StoreError as error:
            logger.warning("the gateway stays registered in the store: %s", error)

    def _run(self) -> None:
        failing = False
        while not self._stopped.wait(POLL_SECONDS):
            try:
                self._poll()
                failing = False
            except Exception as error:  # noqa: BLE001 - a broken store must not end the thread
                if not failing:
                    logger.error("cannot read changes from the store: %s", error)
                failing = True

    def _poll(self) -> None:
        latest = self._store.changes.get_latest()
        if latest != self._seen:
            changes = self._store.changes.list_since(self._seen)
            self._follow_changes(latest, changes)
        elif time.monotonic() - self._last_heartbeat > BEAT_SECONDS:
            self._send_heartbeat()

    def _follow_changes(self, latest: int, changes: list[Change] | None) -> None:
        was_switched = any(
            change.subject is Subject.GATEWAY and change.subject_id == self._gateway.id for change in changes or ()
        )
        if changes is None or was_switched or any(may_affect(change, self._state) for change in changes):
            state = self._send_heartbeat()
            self._apply_with_heartbeat(state, was_switched, changes)
            self._state = state
        # A change may have come between the two reads: it was applied, and must not be applied again.
        self._seen = max(latest, changes[-1].revision if changes else latest)
        self._send_heartbeat()  # it reports that the change is in force

    def _apply_with_heartbeat(self, state: GatewayState, was_switched: bool, changes: Sequence[Change] | None) -> None:
        """Apply a state, and send heartbeats meanwhile."""
        with ThreadPoolExecutor(1, "compiling") as compiling:
            applied = compiling.submit(self._apply, state, was_switched, changes)
            while not wait([applied], BEAT_SECONDS).done:
                with suppress(StoreError):  # a store may be locked; the next heartbeat comes soon
                    self._send_heartbeat()
            applied.result()

    def _send_heartbeat(self) -> GatewayState:
        state = self._store.gateways.record_heartbeat(self._gateway.id, time.time(), self._seen, self._lost())
        self._last_heartbeat = time.monotonic()
        if state is None:  # the store was emptied, or this machine slept for a day
            self._store.gateways.register(replace(self._gateway, heartbeat=time.time(), desired_state=self._state))
            return self._state
        return state
