"""Adding examples that a person typed in."""

from __future__ import annotations

from tests.factories.messages import make_example
from tests.factories.stored import collect, make_item
from understudy.proxy.operations.collections.examples import add_example
from understudy.proxy.operations.collections.request_lines import Typed, typed_request, typed_response
from understudy.store.model.mock_servers import Behaviour
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store

GET_A, GET_B = typed_request(Typed("GET", "/a")), typed_request(Typed("GET", "/b"))
ANSWER = typed_response(200, body=b"{}")


def test_examples_of_one_request_share_its_item(store: Store) -> None:
    shop = store.collections.create("shop")
    for request in (GET_A, GET_A, GET_B):
        add_example(store, shop, request, ANSWER)
    items = store.collections.list_items(shop.id)
    assert [(item.name, item.position) for item in items] == [("GET /a", 0), ("GET /b", 1)]
    examples = store.collections.list_examples(shop.id)
    assert [one.item_id for one in examples] == [items[0].id, items[0].id, items[1].id]


def test_a_request_that_waits_for_an_example_gets_it(store: Store) -> None:
    shop = store.collections.create("shop")
    bare = make_item(shop.id, method="GET", path="/a")
    store.collections.update(shop.id, CollectionUpdate(items=[bare]))
    assert add_example(store, shop, GET_A, ANSWER).item_id == bare.id


def test_recorded_requests_are_left_alone(store: Store) -> None:
    """They are told apart by more than method and path."""
    shop = collect(store, make_example("/a"))
    add_example(store, shop, GET_A, ANSWER)
    assert len(store.collections.list_items(shop.id)) == 2


def test_an_example_is_kept_as_it_is_wanted(store: Store) -> None:
    shop = store.collections.create("shop")
    behaviour = Behaviour(bytes_per_second=9)
    example = add_example(store, shop, GET_A, ANSWER, name="one", templates=False, behaviour=behaviour)
    kept = store.collections.get_example(example.id)
    assert (kept.name, kept.templates, kept.behaviour, kept.literal) == ("one", False, behaviour, False)
