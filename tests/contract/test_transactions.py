"""The contract of `Store.transaction`: all or nothing across repositories, and the actor of each change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.factories.stored import make_exchange, serve
from understudy.store.errors import UserError
from understudy.store.model.collections import Environment
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store


def test_changes_of_several_repositories_are_kept_together(store: Store) -> None:
    with store.transaction("ada"):
        shop = store.collections.create("shop")
        store.environments.save(Environment("e", "stage"))
        serve(store, shop)
    assert [store.collections.find("shop"), store.environments.find("stage").name] == [shop, "stage"]


def test_an_error_rolls_a_transaction_back(store: Store) -> None:
    session = store.sessions.create("shop", None)

    def change_and_fail() -> None:
        with store.transaction("ada"):
            store.collections.create("shop")
            store.history.add([make_exchange(session.id)])
            store.settings.set("key", 1)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        change_and_fail()
    assert (store.collections.list_summaries(), store.settings.get("key"), store.changes.get_latest()) == ([], None, 0)
    assert list(store.history.select(HistoryFilter())) == []


def test_a_transaction_reads_its_own_writes(store: Store) -> None:
    with store.transaction("ada"):
        shop = store.collections.create("shop", {"a": "1"})
        store.collections.set_variables(shop.id, {"a": "2"})
        assert store.collections.find("shop").variables == {"a": "2"}


def test_a_failed_write_rolls_only_itself_back(store: Store) -> None:
    with store.transaction("ada"):
        store.collections.create("shop")
        with pytest.raises(UserError):
            store.collections.create("shop")
        store.collections.create("second")
    assert [one.collection.name for one in store.collections.list_summaries()] == ["second", "shop"]


def test_each_change_has_the_name_of_its_actor(store: Store) -> None:
    with store.transaction("ada"):
        store.collections.create("shop")
    store.settings.set("key", 1)
    assert [change.actor for change in store.changes.list_since(0) or ()] == ["ada", None]


def test_an_inner_transaction_is_part_of_the_outer_one(store: Store) -> None:
    def fail_after_an_inner_transaction() -> None:
        with store.transaction("ada"):
            with store.transaction("bob"):
                store.collections.create("shop")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail_after_an_inner_transaction()
    assert store.collections.list_summaries() == []


def test_another_thread_is_not_in_the_transaction(store: Store) -> None:
    """It reads the last commit; with a single connection it waits for the end of the transaction."""
    with ThreadPoolExecutor(1) as pool:
        with store.transaction("ada"):
            store.collections.create("shop")
            inside = pool.submit(store.collections.list_summaries) if store.location != "memory" else None
            assert inside is None or inside.result(10) == []
        assert len(pool.submit(store.collections.list_summaries).result(10)) == 1
