"""The contract of `store.repositories.history.History` of the messages of WebSockets."""

from __future__ import annotations

import pytest

from tests.factories.stored import record
from understudy.store.errors import StoreError
from understudy.store.model.exchanges import Degradation
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage
from understudy.store.repositories.store import Store

MESSAGES = [
    WebSocketMessage(1.0, True, MessageKind.TEXT, "h\u00e9llo".encode()),
    WebSocketMessage(1.000001, False, MessageKind.BINARY, bytes(range(256))),
    WebSocketMessage(1.000001, False, MessageKind.PING),
    WebSocketMessage(2.0, True, MessageKind.PONG),
    WebSocketMessage(3.0, False, MessageKind.CLOSE, BROKEN_OFF),
]


def test_messages_come_back_in_order(store: Store) -> None:
    [first, second] = record(store, b"one", b"two")
    store.history.add_messages([(first.id, MESSAGES[0]), (second.id, MESSAGES[1]), (first.id, MESSAGES[2])])
    store.history.add_messages([(first.id, message) for message in MESSAGES[3:]])
    assert store.history.list_messages(first.id) == [MESSAGES[0], *MESSAGES[2:]]
    assert store.history.list_messages(second.id) == [MESSAGES[1]]


def test_messages_of_all_sizes_come_back_in_order(store: Store) -> None:
    """Few large ones are inserted with a statement, or one, and small ones together."""
    [exchange] = record(store, b"one")
    sizes = [1, 200_000, 1, 2, 100_000, 100_000, 1_000_000, *range(100)]
    messages = [WebSocketMessage(1.0, True, MessageKind.BINARY, bytes([i]) * size) for i, size in enumerate(sizes)]
    store.history.add_messages([(exchange.id, message) for message in messages])
    assert store.history.list_messages(exchange.id) == messages


def test_an_exchange_that_is_no_websocket_has_no_messages(store: Store) -> None:
    [exchange] = record(store, b"one")
    assert store.history.list_messages(exchange.id) == []


def test_messages_of_an_unknown_exchange_are_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        store.history.add_messages([(4711, MESSAGES[0])])


def test_deleting_a_session_deletes_its_messages(store: Store) -> None:
    [exchange] = record(store, b"one")
    store.history.add_messages([(exchange.id, MESSAGES[0])])
    store.sessions.delete(store.sessions.find("shop").id)
    assert store.history.list_messages(exchange.id) == []


def test_reasons_why_a_recording_is_incomplete_are_added(store: Store) -> None:
    """One that becomes known later stands beside the ones before."""
    [exchange, other] = record(store, b"one", b"two")
    for reason in ("one reason", "another"):
        store.history.mark_degraded([Degradation(exchange.id, reason)])
    assert store.history.get(exchange.id).degraded == "one reason; another"
    assert store.history.get(other.id).degraded == ""


def test_what_is_not_stored_is_not_marked(store: Store) -> None:
    store.history.mark_degraded([Degradation(4711, "a reason")])
