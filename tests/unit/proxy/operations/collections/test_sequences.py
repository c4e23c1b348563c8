"""Sequences that a person makes."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from tests.factories.stored import collect, record
from understudy.proxy.operations.collections.sequences import dissolve_sequence, make_sequence
from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Collection
from understudy.store.model.ids import new_id
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store

NAMES = ("a", "b", "c")


@pytest.fixture
def shop(store: Store) -> Collection:
    """Three examples of one request, by name, and one of another."""
    alike = [replace(make_example("/a", id=new_id(), name=name), item_id="item") for name in NAMES]
    return collect(store, *alike, make_example("/b", id=new_id(), name="other", item_id="others"))


def read_turns(store: Store, collection: Collection) -> list[str]:
    """The names of the examples in a sequence, in the order in which they answer."""
    return [one.name for one in store.collections.list_examples(collection.id) if one.sequence]


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "a", "b"), ("b", "a"), ("a", "c")])
def test_examples_answer_in_the_order_that_is_given(store: Store, shop: Collection, order: tuple[str, ...]) -> None:
    made = make_sequence(store, order, "shop", actor="ada")
    assert [one.name for one in made] == read_turns(store, shop) == list(order)
    assert len({one.sequence for one in made}) == 1
    assert len(store.collections.list_examples(shop.id)) == 4


def test_ids_stay_where_they_are_in_order(store: Store, shop: Collection) -> None:
    ids = [store.collections.find_example(name).id for name in NAMES]
    assert [one.id for one in make_sequence(store, NAMES, actor="ada")] == ids
    assert not {one.id for one in make_sequence(store, NAMES[::-1], actor="ada")} & set(ids)


def test_what_was_promoted_is_promoted_to_the_new_ids(store: Store, shop: Collection) -> None:
    """Promoting again adds nothing."""
    [exchange] = record(store, b"1")
    old = store.collections.find_example("b").id
    store.collections.update(shop.id, CollectionUpdate(marks=[(exchange.id, old)]))
    make_sequence(store, ("b", "a"), actor="ada")
    assert store.collections.find_promoted(shop.id) == {exchange.id: store.collections.find_example("b").id}


def test_examples_that_are_not_named_leave_the_sequence(store: Store, shop: Collection) -> None:
    make_sequence(store, NAMES, actor="ada")
    make_sequence(store, ("a", "b"), actor="ada")
    assert read_turns(store, shop) == ["a", "b"]


def test_a_sequence_is_dissolved_as_a_whole(store: Store, shop: Collection) -> None:
    make_sequence(store, NAMES, actor="ada")
    assert [one.name for one in dissolve_sequence(store, ["b"], actor="ada")] == ["a", "b", "c"]
    assert read_turns(store, shop) == []


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("a", "other"), "a and other answer different requests, so they cannot answer in turn"),
        (("a",), "a sequence takes two examples or more, in their order"),
        (("a", "a"), "a sequence takes two examples or more, in their order"),
        ((), "a sequence takes two examples or more, in their order"),
        (("a", "far"), "a and far are of two collections"),
    ],
)
def test_examples_that_make_no_sequence(store: Store, shop: Collection, names: tuple[str, ...], problem: str) -> None:
    collect(store, make_example("/a", name="far", item_id="far"), name="bank")
    with pytest.raises(UserError, match=problem):
        make_sequence(store, names, actor="ada")
    assert read_turns(store, shop) == []


def test_a_sequence_needs_examples_that_exist(store: Store, shop: Collection) -> None:
    with pytest.raises(NotFound, match="there is no example 'd'"):
        make_sequence(store, ("a", "d"), actor="ada")


def test_requests_with_unlike_bodies_make_no_sequence(store: Store) -> None:
    bodies = {"a": b"1", "b": b"2"}
    examples = [
        replace(make_example(id=new_id(), name=name, item_id=name), request=make_request("POST", "/a", body=body))
        for name, body in bodies.items()
    ]
    collect(store, *examples)
    with pytest.raises(UserError, match="answer different requests"):
        make_sequence(store, ("a", "b"), actor="ada")
