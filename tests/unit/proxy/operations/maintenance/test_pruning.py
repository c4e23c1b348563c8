"""Pruning once, and the setting by which gateways prune."""

from __future__ import annotations

import pytest

from tests.factories.stored import EVERYTHING, make_exchange
from understudy.proxy.operations.maintenance import pruning
from understudy.store.errors import NotFound, UserError
from understudy.store.repositories.maintenance import OldHistory, Pruned
from understudy.store.repositories.store import Store
from understudy.store.retention import Retention


def test_old_history_is_that_of_a_session(store: Store) -> None:
    shop = store.sessions.create("shop", None)
    assert pruning.choose_old_history(store, 5.0) == OldHistory(5.0)
    chosen = pruning.choose_old_history(store, 5.0, keep_promoted=True, session="shop")
    assert chosen == OldHistory(5.0, True, shop.id)
    with pytest.raises(NotFound, match="there is no session 'bank'"):
        pruning.choose_old_history(store, 5.0, session="bank")


@pytest.mark.parametrize("retention", [Retention(86_400.0), Retention(60.0, keep_promoted=True), None])
def test_a_retention_is_kept_with_its_actor(store: Store, retention: Retention | None) -> None:
    assert pruning.read_retention(store) is None
    pruning.keep_retention(store, retention, actor="ada")
    assert pruning.read_retention(store) == retention
    assert [change.actor for change in store.changes.list_since(0) or ()] == ["ada"]


def test_history_is_kept_for_some_time(store: Store) -> None:
    with pytest.raises(UserError, match="history has to be kept for some time"):
        pruning.keep_retention(store, Retention(0.0), actor="ada")


def test_a_retention_is_applied_to_what_is_older(store: Store) -> None:
    session = store.sessions.create("shop", None)
    store.history.add([make_exchange(session.id, started=at) for at in (1.0, 50.0)])
    assert pruning.apply_retention(store, 100.0) is None
    pruning.keep_retention(store, Retention(60.0), actor="ada")
    assert pruning.apply_retention(store, 100.0) == Pruned(1, 0, 0)
    assert pruning.apply_retention(store, 100.0) is None
    assert [one.timings.started for one in store.history.select(EVERYTHING)] == [50.0]
