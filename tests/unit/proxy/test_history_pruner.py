"""The thread that deletes old exchanges while a gateway records."""

from __future__ import annotations

import logging
import time

import pytest

from tests.factories.stored import EVERYTHING, make_exchange
from understudy.proxy.history_pruner import HistoryPruner
from understudy.proxy.operations.maintenance.pruning import keep_retention
from understudy.store.errors import StoreError
from understudy.store.repositories.store import Store
from understudy.store.retention import Retention

DAY = 86_400.0


@pytest.fixture(autouse=True)
def filled(store: Store) -> None:
    """Two exchanges: one of now, one that is two days old."""
    session = store.sessions.create("shop", None)
    now = time.time()
    store.history.add([make_exchange(session.id, started=at) for at in (now, now - 2 * DAY)])


def run_once(store: Store, *, is_recording: bool = True) -> int:
    """Let a gateway do what it does at its start; return how many exchanges are left."""
    pruner = HistoryPruner(store, lambda: is_recording)
    pruner.prune_if_recording()
    return len(list(store.history.select(EVERYTHING)))


def test_old_exchanges_are_deleted_at_the_start(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    keep_retention(store, Retention(DAY), actor="ada")
    with caplog.at_level(logging.INFO):
        assert run_once(store) == 1
    assert [record.message for record in caplog.records] == ["deleted 1 old exchanges, as the store's setting says"]


def test_nothing_is_deleted_without_the_setting(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    assert run_once(store) == 2
    keep_retention(store, Retention(DAY), actor="ada")
    keep_retention(store, None, actor="ada")
    assert run_once(store) == 2
    assert caplog.records == []


def test_nothing_is_deleted_while_the_gateway_does_not_record(store: Store) -> None:
    keep_retention(store, Retention(DAY), actor="ada")
    assert run_once(store, is_recording=False) == 2


def test_an_error_is_logged_and_ends_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    keep_retention(store, Retention(DAY), actor="ada")
    monkeypatch.setattr(store.maintenance, "prune", fail)
    assert run_once(store) == 2
    assert [record.message for record in caplog.records] == ["cannot delete old exchanges: the disk is full"]


def test_a_gateway_that_ends_does_not_wait_for_the_deletion(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    keep_retention(store, Retention(DAY), actor="ada")
    pruner = HistoryPruner(store, lambda: True)
    pruner.stop()
    with caplog.at_level(logging.INFO):
        pruner.prune_if_recording()
    assert [record.message for record in caplog.records] == [
        "the deletion of old exchanges goes on when a gateway starts again"
    ]
