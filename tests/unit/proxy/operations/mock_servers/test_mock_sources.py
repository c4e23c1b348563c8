"""New collections for new mock servers."""

from __future__ import annotations

import pytest

from tests.factories.stored import EVERYTHING, make_exchange
from understudy.proxy.operations.collections.request_lines import Typed
from understudy.proxy.operations.mock_servers.mock_sources import collection_of_history, collection_of_requests
from understudy.store.errors import UserError
from understudy.store.model.messages import Response
from understudy.store.promotion import PromotionPlan
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store


def test_typed_in_requests_become_items_and_examples(store: Store) -> None:
    """Two answers to one request are examples of one item; a request without an answer is an item alone."""
    typed = [
        (Typed("GET", "/users", 200), b"[]"),
        (Typed("GET", "/users", 500), b""),
        (Typed("GET", "/bare"), b""),
        (Typed("POST", "/users", 201), b"{}"),
    ]
    collection = collection_of_requests(store, "users", typed)
    items = store.collections.list_items(collection.id)
    examples = store.collections.list_examples(collection.id)
    assert [item.name for item in items] == ["GET /users", "GET /bare", "POST /users"]
    assert [(one.response.status, one.item_id) for one in examples] == [
        (200, items[0].id),
        (500, items[0].id),
        (201, items[2].id),
    ]
    assert [store.bodies.read(one.response.body) for one in examples] == [b"[]", b"", b"{}"]


def test_the_collection_gets_a_free_name(store: Store) -> None:
    """What is there already is left alone."""
    store.collections.create("users")
    assert collection_of_requests(store, "users", [(Typed("GET", "/a"), b"")]).name == "users 2"


def recorded(store: Store, *statuses: int) -> HistoryFilter:
    session = store.sessions.create("s", None)
    store.history.add([make_exchange(session.id, f"/{n}", Response(n)) for n in statuses])
    return EVERYTHING


def test_history_becomes_a_collection(store: Store) -> None:
    """What is no example is skipped, and told."""
    wanted = recorded(store, 200, 101, 404)
    collection, outcome = collection_of_history(store, "day", wanted, PromotionPlan(), lambda: None, actor="ada")
    assert [one.response.status for one in store.collections.list_examples(collection.id)] == [200, 404]
    assert [reason for _, reason in outcome.skipped] == ["it became a tunnel connection"]


def test_history_without_a_single_example_is_refused(store: Store) -> None:
    """And leaves no empty collection."""
    told = "nothing of that can be an example: entry 1, GET /101: it became a tunnel connection$"
    with pytest.raises(UserError, match=told):
        collection_of_history(store, "day", recorded(store, 101), PromotionPlan(), lambda: None, actor="ada")
    assert store.collections.list_summaries() == []


def test_of_many_that_are_none_some_are_named(store: Store) -> None:
    with pytest.raises(UserError, match=r"entry 3, GET /101: it became a tunnel connection; and 2 more$"):
        collection_of_history(store, "day", recorded(store, *[101] * 5), PromotionPlan(), lambda: None, actor="ada")
