"""Operations on collections."""

from __future__ import annotations

import time

import pytest

from tests.factories.messages import make_example
from tests.factories.stored import collect, make_gateway
from understudy.proxy.operations.collections.collections import (
    create_collection,
    delete_collection,
    read_collection,
    read_collection_page,
    set_collection_variables,
)
from understudy.store.errors import Conflict, NotFound, UserError
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.values import replace
from understudy.store.repositories.paging import WHOLE_LIST
from understudy.store.repositories.store import Store


def test_collections_are_listed_with_their_numbers(store: Store) -> None:
    collect(store, make_example("/a"))
    [summary] = list(read_collection_page(store, WHOLE_LIST).items)
    assert (summary.collection.name, summary.items, summary.examples) == ("shop", 1, 1)


def test_a_collection_is_read_with_all_that_is_in_it(store: Store) -> None:
    shop = collect(store, make_example("/a", name="one"))
    contents = read_collection(store, "shop")
    assert (contents.collection, [one.name for one in contents.examples]) == (shop, ["one"])


def test_a_summary_counts_the_contents(store: Store) -> None:
    collect(store, make_example("/a"))
    assert [read_collection(store, "shop").summary] == list(read_collection_page(store, WHOLE_LIST).items)


def test_a_new_collection_has_its_variables(store: Store) -> None:
    create_collection(store, "shop", {"a": "1"}, actor="ada")
    assert store.collections.find("shop").variables == {"a": "1"}


def test_variables_are_set_and_removed_together(store: Store) -> None:
    create_collection(store, "shop", {"a": "1", "b": "2"}, actor="ada")
    changed = set_collection_variables(store, "shop", {"c": "3"}, ["a"], actor="ada")
    assert store.collections.find("shop").variables == changed.variables == {"b": "2", "c": "3"}


def test_variables_of_no_collection_are_not_set(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no collection 'shop'"):
        set_collection_variables(store, "shop", {"a": "1"}, actor="ada")


def test_a_deleted_collection_is_gone(store: Store) -> None:
    shop = collect(store, make_example("/a"))
    assert delete_collection(store, "shop", actor="ada").thing == shop
    assert list(read_collection_page(store, WHOLE_LIST).items) == []


def test_a_collection_that_a_gateway_uses_stays(store: Store) -> None:
    shop = collect(store, make_example("/a"))
    state = GatewayState(Mode.MOCK, collection_id=shop.id)
    store.gateways.register(replace(make_gateway("edge", heartbeat=time.time()), desired_state=state))
    with pytest.raises(Conflict, match="gateway edge is using collection shop"):
        delete_collection(store, "shop", actor="ada")


def test_a_name_is_taken_once(store: Store) -> None:
    create_collection(store, "shop", {}, actor="ada")
    with pytest.raises(UserError, match="there is a collection 'shop' already"):
        create_collection(store, "shop", {}, actor="ada")
