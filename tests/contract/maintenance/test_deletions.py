"""Deletions in pieces: whole at their end, completed when they were interrupted, and part of an open transaction."""

from __future__ import annotations

import pytest

from tests.contract.maintenance.timed_history import list_times, record_at
from tests.factories.messages import make_example, make_response
from tests.factories.stored import LARGE, collect, make_call, make_exchange, serve
from understudy.store.errors import Conflict
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.deletion import exchange_deletion, pieces, unused_bodies
from understudy.store.sql.repositories import sessions


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "FIRST_ROWS", 3)


def test_a_session_of_several_pieces_is_deleted(store: Store) -> None:
    [exchange, *_] = record_at(store, *map(float, range(20)), body=LARGE)
    record_at(store, 1.0, session="kept")
    store.sessions.delete(exchange.session_id)
    assert [one.session.name for one in store.sessions.list_summaries()] == ["kept"]
    numbers = store.maintenance.describe().numbers
    assert (numbers.exchanges, numbers.bodies) == (1, 0)


def test_an_interrupted_deletion_of_a_session_is_completed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    [exchange, *_] = record_at(store, *map(float, range(20)), body=LARGE)
    pages = iter([1, 2])
    choose = exchange_deletion._choose

    def choose_twice(*arguments: object) -> object:
        if next(pages, None) is None:
            raise RuntimeError("killed")
        return choose(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(exchange_deletion, "_choose", choose_twice)
    with pytest.raises(RuntimeError, match="killed"):
        store.sessions.delete(exchange.session_id)
    monkeypatch.setattr(exchange_deletion, "_choose", choose)
    assert 0 < len(list_times(store)) < 20
    assert store.maintenance.check() == []
    store.sessions.delete(exchange.session_id)
    assert store.sessions.list_summaries() == []


def test_what_is_recorded_during_its_deletion_does_not_break_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    [exchange, *_] = record_at(store, *map(float, range(20)))
    sweep, late = unused_bodies.sweep_unused_bodies, iter([0.5, 99.0])

    def record_and_sweep(*arguments: object) -> object:
        for at in [one for one in [next(late, None)] if one is not None]:
            store.history.add([make_exchange(exchange.session_id, started=at)])
        return sweep(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sessions, "sweep_unused_bodies", record_and_sweep)
    store.sessions.delete(exchange.session_id)
    assert (store.sessions.list_summaries(), list_times(store)) == ([], [])


def test_a_deletion_is_part_of_an_open_transaction(store: Store) -> None:
    [exchange, *_] = record_at(store, *map(float, range(20)), body=LARGE)
    shop = collect(store, *(make_example(f"/{n}", id=f"e{n}", item_id=f"i{n}") for n in range(10)))
    store.history.index_for_search()

    def delete_and_fail() -> None:
        with store.transaction("ada"):
            store.sessions.delete(exchange.session_id)
            store.collections.delete(shop.id)
            assert list_times(store) == []
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        delete_and_fail()
    assert len(list(store.history.select(HistoryFilter(search="at")))) == 20
    assert len(store.collections.list_examples(shop.id)) == 10
    assert exchange.response
    assert store.bodies.read(exchange.response.body) == LARGE


def test_a_collection_of_several_pieces_is_deleted(store: Store) -> None:
    kept = collect(store, make_example("/users/7"), name="kept")
    examples = [
        make_example(f"/{n}", id=f"e{n}", item_id=f"i{n}", response=make_response(body=LARGE)) for n in range(20)
    ]
    shop = collect(store, *examples)
    with store.act_as("ada"):
        store.collections.delete(shop.id)
    assert [one.collection for one in store.collections.list_summaries()] == [kept]
    assert store.maintenance.check() == []
    assert [change.actor for change in (store.changes.list_since(0) or ())[-1:]] == ["ada"]


def test_a_collection_that_a_mock_server_uses_stays_whole(store: Store) -> None:
    shop = collect(store, *(make_example(f"/{n}", id=f"e{n}", item_id=f"i{n}") for n in range(20)))
    serve(store, shop)
    with pytest.raises(Conflict):
        store.collections.delete(shop.id)
    assert len(store.collections.list_examples(shop.id)) == 20


def test_many_calls_are_cleared_and_deleted_with_their_mock_server(store: Store) -> None:
    shop = collect(store)
    mock, other = serve(store, shop), serve(store, shop, "other")
    store.calls.add([make_call(one) for one in (mock, other) for _ in range(20)], {})
    assert store.calls.clear(mock.id) == 20
    assert store.calls.count(CallFilter(mock.id)) == 0
    store.mock_servers.delete(other.id)
    assert store.maintenance.describe().numbers.calls == 0


def test_an_actor_is_that_of_all_changes_inside(store: Store) -> None:
    with store.act_as("ada"):
        store.settings.set("a", 1)
        with store.transaction("bob"):
            store.settings.set("b", 1)
            with store.act_as("eve"):
                store.settings.set("c", 1)
        store.settings.set("d", 1)
    store.settings.set("e", 1)
    actors = [change.actor for change in store.changes.list_since(0) or ()]
    assert actors == ["ada", "bob", "bob", "ada", None]
