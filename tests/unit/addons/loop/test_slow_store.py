"""Senders wait while much waits for the store."""

from __future__ import annotations

from mitmproxy.connection import Connection
from mitmproxy.test import tflow

from understudy.addons.loop.reading_gate import PauseReason
from understudy.addons.loop.slow_store import MAX_PENDING_BYTES, SlowStore

SIDES = (tflow.tclient_conn(), tflow.tserver_conn())


class Control:
    """Notes what is paused."""

    def __init__(self) -> None:
        self.paused: list[Connection] = []

    def pause_reading(self, client_id: str, connection: Connection, reason: PauseReason) -> None:
        assert (client_id, reason) == ("c", PauseReason.BODIES)
        self.paused.append(connection)

    def resume_reading(self, client_id: str, connection: Connection, reason: PauseReason) -> None:
        assert (client_id, reason) == ("c", PauseReason.BODIES)
        self.paused.remove(connection)


def test_a_sender_is_paused_once_above_the_bound() -> None:
    control = Control()
    store = SlowStore(control)
    store.note_pending("c", SIDES[0], MAX_PENDING_BYTES)
    assert control.paused == []
    store.note_pending("c", SIDES[0], 1)
    store.note_pending("c", SIDES[0], 1)
    assert control.paused == [SIDES[0]]


def test_only_those_that_send_are_paused() -> None:
    control = Control()
    store = SlowStore(control)
    store.note_pending("c", SIDES[0], MAX_PENDING_BYTES + 1)
    store.note_pending("c", SIDES[1], 1)
    assert control.paused == list(SIDES)


def test_all_are_resumed_when_half_is_written() -> None:
    control = Control()
    store = SlowStore(control)
    for side in SIDES:
        store.note_pending("c", side, MAX_PENDING_BYTES + 1)
    store.note_pending("c", SIDES[0], -MAX_PENDING_BYTES)
    assert control.paused == list(SIDES)
    store.note_pending("c", SIDES[0], -MAX_PENDING_BYTES)
    assert control.paused == []


def test_nothing_is_paused_without_control() -> None:
    SlowStore().note_pending("c", SIDES[0], 2 * MAX_PENDING_BYTES)
