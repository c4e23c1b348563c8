"""The contract of `store.repositories.collections.Collections`."""

from __future__ import annotations

import re

import pytest

from tests.factories.messages import make_example, make_request, make_response
from tests.factories.stored import LARGE, additions, collect, make_item, record, within
from understudy.store.errors import Conflict, NotFound, StoreError, UserError
from understudy.store.model.collections import Collection, Example, Folder
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Body, BodyRef
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionSummary, CollectionUpdate
from understudy.store.repositories.store import Store

LONG = "01J8ZZZZZZZZZZZZZZZZZZ"


@pytest.fixture
def shop(store: Store) -> Collection:
    """A collection."""
    return store.collections.create("shop")


def example_of(body: Body, id: str = "01", item_id: str = "item") -> Example:
    return make_example(id=id, item_id=item_id, response=make_response(body=body))


def body_of(store: Store, example_id: str) -> Body:
    return store.collections.find_example(example_id).response.body


# Collections


def test_a_collection_is_found_as_it_was_created(store: Store) -> None:
    created = store.collections.create("shop", {"base": "http://x", "ü": ""})
    assert created.variables == {"base": "http://x", "ü": ""}
    assert store.collections.find("shop") == store.collections.find(created.id) == created


def test_a_name_is_taken_once(store: Store, shop: Collection) -> None:
    with pytest.raises(Conflict, match="there is a collection 'shop' already"):
        store.collections.create("shop")


def test_not_found_lists_names(store: Store, shop: Collection) -> None:
    with pytest.raises(NotFound, match=r"there is no collection 'bank'; there are: shop$"):
        store.collections.find("bank")
    with pytest.raises(NotFound, match=r"there is no collection 'shpo'; did you mean 'shop'\?$"):
        store.collections.find("shpo")


def test_a_collection_is_renamed(store: Store, shop: Collection) -> None:
    before = store.changes.get_latest()
    store.collections.rename(shop.id, "bank")
    assert store.collections.find("bank") == replace(shop, name="bank")
    assert store.changes.get_latest() > before
    store.collections.create("shop")


def test_a_collection_gets_no_name_that_is_taken_or_none(store: Store, shop: Collection) -> None:
    store.collections.create("bank")
    for name, error in (("bank", Conflict), ("", UserError), ("a\nb", UserError)):
        with pytest.raises(error):
            store.collections.rename(shop.id, name)
    with pytest.raises(NotFound):
        store.collections.rename("nothing", "new")
    assert store.collections.find("shop") == shop


def test_summaries_come_by_name_with_their_counts(store: Store) -> None:
    empty = store.collections.create("b")
    full = collect(store, example_of(b"", "01"), example_of(b"", "02"), example_of(b"", "03", "other"), name="a")
    assert store.collections.list_summaries() == [CollectionSummary(full, 2, 3), CollectionSummary(empty, 0, 0)]


def test_deleting_a_collection_takes_all_that_is_in_it(store: Store) -> None:
    shop = collect(store, example_of(b"1"))
    store.collections.add_folder(Folder("f", shop.id, "folder"))
    store.collections.delete(shop.id)
    inside = (store.collections.list_folders, store.collections.list_items, store.collections.list_examples)
    assert [list(list_things(shop.id)) for list_things in inside] == [[], [], []]


def test_deleting_a_collection_sweeps_its_bodies(store: Store) -> None:
    shop = collect(store, example_of(b"alone"))
    body = body_of(store, "01")
    store.collections.delete(shop.id)
    with pytest.raises(NotFound):
        store.bodies.read(body)


def test_deleting_a_collection_leaves_a_body_of_history(store: Store) -> None:
    [exchange] = record(store, b"recorded")
    assert exchange.response
    shop = collect(store, example_of(exchange.response.body))
    store.collections.delete(shop.id)
    assert store.bodies.read(exchange.response.body) == b"recorded"


def test_deleting_an_unknown_collection_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.collections.delete("nobody")


# Folders and items


def test_folders_come_by_position(store: Store, shop: Collection) -> None:
    last, first = Folder("a", shop.id, "last", position=2), Folder("b", shop.id, "first", position=1)
    inner = Folder("c", shop.id, "inner", parent_id="a", position=3)
    for folder in (last, first, inner):
        store.collections.add_folder(folder)
    assert store.collections.list_folders(shop.id) == [first, last, inner]


def test_items_come_by_position_as_they_were(store: Store, shop: Collection) -> None:
    last, first = make_item(shop.id, "a", position=2), make_item(shop.id, "b", key="k" * 64, position=1)
    store.collections.update(shop.id, CollectionUpdate(items=[last, first]))
    assert store.collections.list_items(shop.id) == [first, last]


def test_typed_items_without_a_key_are_not_the_same(store: Store, shop: Collection) -> None:
    store.collections.update(shop.id, CollectionUpdate(items=[make_item(shop.id), make_item(shop.id)]))
    assert len(store.collections.list_items(shop.id)) == 2


# Examples

EXAMPLES = [
    make_example(),
    make_example(make_request("POST", b"/\xff\x00?a=%zz", body=b"asked")),
    make_example(redacted=[RedactedPlace(Part.JSON, "$.user['a b']"), RedactedPlace(Part.HEADER, "x-api-key")]),
    make_example(literal=False, sequence="01J8"),
    make_example(literal=False, unedited=["path", "header accept"]),
    replace(make_example(), edited=True, templates=True, fingerprint="f"),
    make_example(response=make_response(204, b"", headers=[("B", "1"), ("b", "2")], reason=b"\xff")),
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_comes_back_as_it_was(store: Store, shop: Collection, example: Example) -> None:
    stored = replace(example, collection_id=shop.id)
    store.collections.update(shop.id, CollectionUpdate([make_item(shop.id, stored.item_id)], [stored]))
    found = store.collections.get_example(shop.id, stored.id)
    bodies = store.bodies.read(found.request.body), store.bodies.read(found.response.body)
    request, response = replace(found.request, body=bodies[0]), replace(found.response, body=bodies[1])
    assert replace(found, request=request, response=response) == stored


def test_examples_come_by_id_with_references(store: Store) -> None:
    shop = collect(store, example_of(b"b", "02"), example_of(b"a", "01"))
    found = store.collections.list_examples(shop.id)
    assert [one.id for one in found] == ["01", "02"]
    assert all(isinstance(one.response.body, BodyRef) for one in found)


def test_examples_are_those_of_one_collection(store: Store) -> None:
    shop = collect(store, example_of(b"", "01"))
    collect(store, example_of(b"", "02", "other"), name="bank")
    assert [one.id for one in store.collections.list_examples(shop.id)] == ["01"]


def test_an_example_refers_to_the_recorded_body(store: Store) -> None:
    """One that is stored by its digest, such as a large one."""
    [exchange] = record(store, LARGE)
    assert exchange.response
    assert isinstance(exchange.response.body, BodyRef)
    collect(store, example_of(exchange.response.body))
    assert body_of(store, "01") == exchange.response.body


def test_an_example_outlives_the_session_of_its_inline_body(store: Store) -> None:
    [exchange] = record(store, b"recorded")
    assert exchange.response
    collect(store, example_of(exchange.response.body))
    store.sessions.delete(exchange.session_id)
    assert store.bodies.read(body_of(store, "01")) == b"recorded"


def test_an_unknown_example_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.collections.get_example("nobody", "nobody")


@pytest.mark.parametrize("text", [f"{LONG}ABCD", "BCDA", "abcd", "GET /users/7 - 200"])
def test_an_example_is_found_by_id_end_of_id_or_name(store: Store, text: str) -> None:
    wanted = make_example(id=f"{LONG}{'BCDA' if text == 'BCDA' else 'ABCD'}", name="GET /users/7 - 200")
    collect(store, wanted, make_example(id=f"{LONG}WXYZ"))
    assert store.collections.find_example(text).id == wanted.id


@pytest.mark.parametrize("text", ["BCD", "%BCD", "_BCD", "ABC", "GET", "", LONG])
def test_other_texts_find_no_example(store: Store, text: str) -> None:
    collect(store, make_example(id=f"{LONG}ABCD", name="GET /users/7 - 200"))
    suggested = "did you mean 'GET /users/7 - 200'?"
    choices = suggested if text == "GET" else "give its id, the end of its id or its name"
    with pytest.raises(NotFound, match=f"{re.escape(choices)}$"):
        store.collections.find_example(text)


def test_examples_are_listed_by_their_whole_name(store: Store) -> None:
    """Those of other collections are left out."""
    names = {"02": "a", "01": "a", "03": "A"}
    shop = collect(store, *(make_example(id=id, name=name) for id, name in names.items()))
    collect(store, make_example(id="04", name="a", item_id="other"), name="other")
    assert [one.id for one in store.collections.list_named_examples(shop.id, "a")] == ["01", "02"]
    assert store.collections.list_named_examples(shop.id, "b") == []


def test_a_name_of_several_examples_is_ambiguous(store: Store) -> None:
    collect(store, make_example(id="0001", name="same"), make_example(id="0002", name="same"))
    with pytest.raises(UserError, match=r"2 examples are called 'same'; give an id: 0001, 0002$"):
        store.collections.find_example("same")


def test_a_whole_id_goes_before_a_name(store: Store) -> None:
    collect(store, make_example(id="0001", name="first"), make_example(id="0002", name="0001"))
    assert store.collections.find_example("0001").name == "first"


def test_a_search_can_be_restricted_to_a_collection(store: Store) -> None:
    shop = collect(store, make_example(id="0001", name="same"))
    collect(store, make_example(id="0002", name="same", item_id="other"), name="bank")
    assert store.collections.find_example("same", shop.id).id == "0001"


def test_an_example_of_another_collection_is_not_found(store: Store, shop: Collection) -> None:
    collect(store, make_example(id="0002"), name="bank")
    with pytest.raises(NotFound):
        store.collections.find_example("0002", shop.id)


# Editing and deleting


def test_saving_replaces_an_example(store: Store) -> None:
    shop = collect(store, example_of(b"old"))
    new = replace(within(shop, example_of(b"new")), name="renamed", edited=True)
    store.collections.save_example(new)
    found = store.collections.get_example(shop.id, "01")
    assert (found.name, found.edited, store.bodies.read(found.response.body)) == ("renamed", True, b"new")


def test_saving_leaves_other_examples(store: Store) -> None:
    shop = collect(store, example_of(b"old"), example_of(b"other", "02"))
    other = store.collections.get_example(shop.id, "02")
    store.collections.save_example(within(shop, example_of(b"new")))
    assert store.collections.get_example(shop.id, "02") == other


def test_saving_sweeps_the_body_that_was_replaced(store: Store) -> None:
    shop = collect(store, example_of(b"old"))
    old = body_of(store, "01")
    store.collections.save_example(within(shop, example_of(b"new")))
    with pytest.raises(NotFound):
        store.bodies.read(old)


def test_saving_a_deleted_example_is_not_found(store: Store, shop: Collection) -> None:
    with pytest.raises(NotFound):
        store.collections.save_example(within(shop, example_of(b"")))


def test_deleting_an_example_takes_its_item_when_that_has_no_other(store: Store) -> None:
    shop = collect(store, example_of(b"", "01", "alone"), example_of(b"", "02", "other"))
    store.collections.delete_example(shop.id, "01")
    assert [one.id for one in store.collections.list_examples(shop.id)] == ["02"]
    assert [item.id for item in store.collections.list_items(shop.id)] == ["other"]


def test_deleting_an_example_leaves_an_item_that_has_another(store: Store) -> None:
    shop = collect(store, example_of(b"", "01"), example_of(b"", "02"))
    store.collections.delete_example(shop.id, "01")
    assert [item.id for item in store.collections.list_items(shop.id)] == ["item"]


def test_deleting_an_example_sweeps_its_body_only(store: Store) -> None:
    shop = collect(store, example_of(b"1", "01"), example_of(b"2", "02"))
    first, second = body_of(store, "01"), body_of(store, "02")
    store.collections.delete_example(shop.id, "01")
    assert store.bodies.read(second) == b"2"
    with pytest.raises(NotFound):
        store.bodies.read(first)


def test_deleting_an_unknown_example_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.collections.delete_example("nobody", "nobody")


# Promotion


def promote(store: Store, shop: Collection, *marks: tuple[int, str | None]) -> None:
    store.collections.update(shop.id, CollectionUpdate(marks=marks))


def test_promoted_exchanges_are_remembered_for_each_collection(store: Store) -> None:
    first, second = (one.id for one in record(store, b"1", b"2"))
    shop, bank = collect(store, example_of(b"1")), store.collections.create("bank")
    promote(store, shop, (first, "01"), (second, None))
    assert store.collections.find_promoted(shop.id) == {first: "01", second: None}
    assert store.collections.find_promoted(bank.id) == {}


def test_the_mark_of_a_deleted_example_has_none(store: Store) -> None:
    [exchange] = record(store, b"1")
    shop = collect(store, example_of(b"1"))
    promote(store, shop, (exchange.id, "01"))
    store.collections.delete_example(shop.id, "01")
    assert store.collections.find_promoted(shop.id) == {exchange.id: None}


def test_an_exchange_promoted_again_gets_a_new_mark(store: Store) -> None:
    [exchange] = record(store, b"1")
    shop = collect(store, example_of(b"1"))
    promote(store, shop, (exchange.id, None))
    promote(store, shop, (exchange.id, "01"))
    assert store.collections.find_promoted(shop.id) == {exchange.id: "01"}


def test_a_mark_of_another_collection_stays(store: Store) -> None:
    [exchange] = record(store, b"1")
    shop, bank = collect(store, example_of(b"1")), store.collections.create("bank")
    promote(store, bank, (exchange.id, None))
    promote(store, shop, (exchange.id, "01"))
    assert store.collections.find_promoted(bank.id) == {exchange.id: None}


def test_deleting_an_exchange_deletes_its_marks(store: Store) -> None:
    [exchange] = record(store, b"1")
    shop = collect(store, example_of(b"1"))
    promote(store, shop, (exchange.id, "01"))
    store.sessions.delete(exchange.session_id)
    assert store.collections.find_promoted(shop.id) == {}


def test_more_marks_than_one_statement_takes(store: Store) -> None:
    ids = [one.id for one in record(store, *[b""] * 1_201)]
    shop = collect(store, example_of(b"1"))
    promote(store, shop, *[(number, None) for number in ids])
    promote(store, shop, *[(number, "01") for number in ids])
    assert store.collections.find_promoted(shop.id) == dict.fromkeys(ids, "01")


def test_an_update_deletes_dropped_examples(store: Store) -> None:
    shop = collect(store, *(example_of(b"%d" % number, f"{number:04}") for number in range(1_201)))
    body = body_of(store, "0000")
    dropped = [f"{number:04}" for number in range(1_200)]
    store.collections.update(shop.id, CollectionUpdate(dropped=dropped))
    assert [one.id for one in store.collections.list_examples(shop.id)] == ["1200"]
    with pytest.raises(NotFound):
        store.bodies.read(body)


@pytest.mark.parametrize("bad", [example_of(b"", "01"), example_of(b"", "03", "no such item")])
def test_an_update_is_all_or_nothing(store: Store, bad: Example) -> None:
    """The id of the first example is taken, the item of the second is missing."""
    shop = collect(store, example_of(b"first", "01"))
    good = additions(shop, example_of(b"new", "02", "new item"))
    refused = replace(good, examples=[*good.examples, within(shop, bad)], dropped=["01"])
    with pytest.raises(StoreError):
        store.collections.update(shop.id, refused)
    assert [one.id for one in store.collections.list_examples(shop.id)] == ["01"]
    assert [item.id for item in store.collections.list_items(shop.id)] == ["item"]


def test_an_update_of_an_unknown_collection_is_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        store.collections.update("nobody", CollectionUpdate(items=[make_item("nobody")]))


def test_an_exchange_that_was_pruned_during_its_promotion_gets_no_mark(store: Store, shop: Collection) -> None:
    [exchange] = record(store, b"kept")
    promote(store, shop, (99, None), (exchange.id, None))
    assert store.collections.find_promoted(shop.id) == {exchange.id: None}


# Variables, typed-in requests, examples by id


def test_set_variables_replaces_all_variables(store: Store) -> None:
    shop = store.collections.create("shop", {"a": "1", "b": "2"})
    store.collections.set_variables(shop.id, {"b": "3"})
    assert store.collections.find("shop").variables == {"b": "3"}


def test_variables_of_an_unknown_collection_are_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no collection with the id 'gone'"):
        store.collections.set_variables("gone", {})


# One id in several collections


@pytest.fixture
def twice(store: Store) -> tuple[Collection, Collection]:
    """Two collections with an example of the same id, as a file that is imported twice makes them."""
    return collect(store, example_of(b"1", item_id="a"), name="a"), collect(
        store, example_of(b"2", item_id="b"), name="b"
    )


def test_an_id_is_that_of_one_example_in_each_collection(store: Store, twice: tuple[Collection, Collection]) -> None:
    found = [store.collections.get_example(one.id, "01") for one in twice]
    assert [store.bodies.read(example.response.body) for example in found] == [b"1", b"2"]
    assert [store.collections.get_examples(one.id, ["01"]) for one in twice] == [[found[0]], [found[1]]]


def test_an_edit_leaves_the_namesake_in_another_collection(store: Store, twice: tuple[Collection, Collection]) -> None:
    before = store.collections.get_example(twice[1].id, "01")
    edited = replace(store.collections.get_example(twice[0].id, "01"), name="edited")
    store.collections.save_example(edited)
    assert store.collections.get_example(twice[0].id, "01") == edited
    assert store.collections.get_example(twice[1].id, "01") == before


@pytest.mark.parametrize("way", ["delete", "drop"])
def test_a_deletion_leaves_the_namesake_and_its_marks(
    store: Store, twice: tuple[Collection, Collection], way: str
) -> None:
    [exchange] = record(store, b"1")
    for one in twice:
        promote(store, one, (exchange.id, "01"))
    if way == "delete":
        store.collections.delete_example(twice[0].id, "01")
    else:
        store.collections.update(twice[0].id, CollectionUpdate(dropped=["01"]))
    assert store.collections.find_promoted(twice[0].id) == {exchange.id: None}
    assert store.collections.find_promoted(twice[1].id) == {exchange.id: "01"}
    assert [one.id for one in store.collections.list_examples(twice[1].id)] == ["01"]


def test_an_id_in_several_collections_needs_the_collection(store: Store, twice: tuple[Collection, Collection]) -> None:
    with pytest.raises(UserError, match=r"^2 collections have an example '01'; choose one of a, b$") as error:
        store.collections.find_example("01")
    assert error.value.field == "collection"
    assert store.collections.find_example("01", twice[1].id).collection_id == twice[1].id


def test_a_typed_in_request_keeps_its_method_and_path(store: Store) -> None:
    shop = store.collections.create("shop")
    items = [make_item(shop.id, method="GET", path="/users/:id"), make_item(shop.id, key="k", position=1)]
    store.collections.update(shop.id, CollectionUpdate(items=items))
    assert store.collections.list_items(shop.id) == items


@pytest.mark.parametrize(
    ("asked", "found"), [([], []), (["03", "01", "03"], ["01", "03"]), (["02", "gone"], ["02"]), (["gone"], [])]
)
def test_examples_by_id(store: Store, asked: list[str], found: list[str]) -> None:
    """Those there are, in the order of their ids: what is missing was deleted."""
    shop = collect(store, *(make_example(id=id, item_id=id) for id in ("01", "02", "03")))
    examples = store.collections.get_examples(shop.id, asked)
    assert [one.id for one in examples] == found
    assert all(one in store.collections.list_examples(shop.id) for one in examples)


def test_bare_items_were_typed_in_and_have_no_example(store: Store) -> None:
    collection = store.collections.create("shop")
    typed = [make_item(collection.id, method="GET", path=f"/{number}", position=number) for number in (1, 2)]
    recorded = make_item(collection.id, key="k" * 64)
    example = make_example(collection_id=collection.id, item_id=typed[0].id)
    store.collections.update(collection.id, CollectionUpdate([*typed, recorded], [example]))
    assert store.collections.list_bare_items(collection.id) == [typed[1]]


def test_item_names(store: Store) -> None:
    """The names of all request items of the collection, and of no other."""
    shop, other = (store.collections.create(name) for name in ("shop", "other"))
    items = [replace(make_item(shop.id), name=name) for name in ("Get user", "Get order")]
    store.collections.update(shop.id, CollectionUpdate(items=items))
    store.collections.update(other.id, CollectionUpdate(items=[make_item(other.id)]))
    assert store.collections.list_item_names(shop.id) == {items[0].id: "Get user", items[1].id: "Get order"}
    assert store.collections.list_item_names(shop.id, [items[1].id, "unknown"]) == {items[1].id: "Get order"}
    assert store.collections.list_item_names(other.id, [items[1].id]) == {}
