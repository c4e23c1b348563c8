"""What `Store.transaction` promises: all or nothing across repositories, and whose change each is."""

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


def test_an_error_leaves_nothing_of_a_transaction(store: Store) -> None:
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


def test_what_was_written_in_a_transaction_is_read_in_it(store: Store) -> None:
    with store.transaction("ada"):
        shop = store.collections.create("shop", {"a": "1"})
        store.collections.set_variables(shop.id, {"a": "2"})
        assert store.collections.find("shop").variables == {"a": "2"}


def test_a_write_that_is_refused_and_caught_undoes_itself_alone(store: Store) -> None:
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


def test_a_transaction_inside_another_belongs_to_that(store: Store) -> None:

    def fail_after_an_inner_transaction() -> None:
        with store.transaction("ada"):
            with store.transaction("bob"):
                store.collections.create("shop")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail_after_an_inner_transaction()
    assert store.collections.list_summaries() == []


def test_another_thread_is_not_in_the_transaction(store: Store) -> None:
    """It reads what was committed before, or waits for the end where there is one connection only."""
    with ThreadPoolExecutor(1) as pool:
        with store.transaction("ada"):
            store.collections.create("shop")
            inside = pool.submit(store.collections.list_summaries) if store.location != "memory" else None
            assert inside is None or inside.result(10) == []
        assert len(pool.submit(store.collections.list_summaries).result(10)) == 1
