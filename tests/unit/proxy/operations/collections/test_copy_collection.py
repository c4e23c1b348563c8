"""Copies of collections."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_response
from tests.factories.stored import collect, record
from understudy.proxy.operations.collections.collections import rename_collection
from understudy.proxy.operations.collections.copy_collection import copy_collection
from understudy.proxy.operations.collections.examples import ExampleChanges, change_example
from understudy.store.errors import Conflict, NotFound
from understudy.store.model.collections import Collection, Folder
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import Behaviour
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store

BODY = b"x" * 5_000


@pytest.fixture
def shop(store: Store) -> Collection:
    """A collection with variables, folders in folders, a sequence, a behaviour, and marks of what was promoted."""
    behaviour = Behaviour(bytes_per_second=9)
    examples = [
        make_example("/a", id=new_id(), name="a", response=make_response(body=BODY), behaviour=behaviour),
        make_example("/b", id="imported-2", name="b", item_id="b", sequence="turns"),
        make_example("/b", id="imported-1", name="c", item_id="b", sequence="turns"),
    ]
    shop = collect(store, *examples)
    store.collections.set_variables(shop.id, {"base": "http://x"})
    store.collections.add_folder(Folder("outer", shop.id, "outer"))
    store.collections.add_folder(Folder("inner", shop.id, "inner", parent_id="outer", position=1))
    first, second = record(store, b"1", b"2")
    store.collections.update(shop.id, CollectionUpdate(marks=[(first.id, examples[0].id), (second.id, None)]))
    return store.collections.find("shop")


def test_a_copy_has_all_that_the_original_has(store: Store, shop: Collection) -> None:
    copy = copy_collection(store, "shop", "copy", actor="ada")
    assert copy == store.collections.find("copy")
    assert copy.variables == shop.variables
    old, new = ([*store.collections.list_examples(one.id)] for one in (shop, copy))
    described = [
        {(one.name, one.request, one.response, one.behaviour, one.literal, one.templates) for one in each}
        for each in (old, new)
    ]
    assert described[0] == described[1]
    items = [
        [(item.name, item.position, item.key) for item in store.collections.list_items(one.id)] for one in (shop, copy)
    ]
    assert items[0] == items[1]
    folders = {folder.name: folder for folder in store.collections.list_folders(copy.id)}
    assert folders["inner"].parent_id == folders["outer"].id


def test_a_copy_has_ids_of_its_own(store: Store, shop: Collection) -> None:
    copy = copy_collection(store, "shop", "copy", actor="ada")
    old, new = ({one.id for one in store.collections.list_examples(each.id)} for each in (shop, copy))
    assert not old & new
    assert len(old) == len(new) == 3


def test_examples_of_a_copy_answer_in_the_same_turn(store: Store, shop: Collection) -> None:
    copy = copy_collection(store, "shop", "copy", actor="ada")
    turns = [one for one in store.collections.list_examples(copy.id) if one.sequence]
    assert [one.name for one in turns] == ["c", "b"]
    assert len({one.sequence for one in turns} | {"turns"}) == 2


def test_a_copy_knows_what_was_promoted(store: Store, shop: Collection) -> None:
    """What was deleted on purpose too."""
    copy = copy_collection(store, "shop", "copy", actor="ada")
    names = {one.id: one.name for one in store.collections.list_examples(copy.id)}
    marks = store.collections.find_promoted(copy.id)
    assert [example and names[example] for _, example in sorted(marks.items())] == ["a", None]


def test_a_copy_is_independent(store: Store, shop: Collection) -> None:
    copy = copy_collection(store, "shop", "copy", actor="ada")
    change_example(store, "a", ExampleChanges(status=503), collection="copy", actor="ada")
    store.collections.delete(copy.id)
    [original] = [one for one in store.collections.list_examples(shop.id) if one.name == "a"]
    assert (original.response.status, store.bodies.read(original.response.body)) == (200, BODY)


def test_a_copy_needs_a_name_that_is_free(store: Store, shop: Collection) -> None:
    with pytest.raises(Conflict, match="there is a collection 'shop' already"):
        copy_collection(store, "shop", "shop", actor="ada")
    with pytest.raises(NotFound):
        copy_collection(store, "nowhere", "copy", actor="ada")
    assert len(store.collections.list_summaries()) == 1


def test_a_copy_that_fails_leaves_nothing(store: Store, shop: Collection) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_collection(store, "shop", "copy", actor="ada", step=fail)
    assert [one.collection.name for one in store.collections.list_summaries()] == ["shop"]


def test_a_collection_is_renamed(store: Store, shop: Collection) -> None:
    assert rename_collection(store, "shop", "bank", actor="ada") == replace(shop, name="bank")
    with pytest.raises(NotFound):
        store.collections.find("shop")
