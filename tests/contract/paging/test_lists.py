"""The contract of every list that is read by pages: each item once and in order, while others come and go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.factories.messages import make_example, make_response
from tests.factories.stored import (
    LARGE,
    additions,
    collect,
    make_exchange,
    make_item,
    make_mock_server,
    make_server_error,
    record,
    serve,
)
from understudy.store.errors import UserError
from understudy.store.model.collections import Environment, Example, Folder
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import ApiKey
from understudy.store.repositories.collections import CollectionUpdate, SiblingPosition
from understudy.store.repositories.history import SessionSummary
from understudy.store.repositories.paging import WHOLE_LIST, Page, PageRequest
from understudy.store.repositories.store import Store
from understudy.store.sql.database.tables import ExampleRow
from understudy.store.sql.mapping.collection_rows import example_from_row
from understudy.store.sql.repositories import collections as sql_collections

NAMES = ["A b", "a", "b", "c", "é", "日本"]
"""In the order of their code points."""


@dataclass(frozen=True)
class Paged:
    """A list of a store: how to add an item with a key, how to delete it, and how to read a page and a key."""

    add: Callable[[Any], object]
    delete: Callable[[Any], object]
    read: Callable[[PageRequest[Any]], Page[Any, Any]]
    get_key: Callable[[Any], Any]
    keys: Sequence[Any]


def page_collections(store: Store) -> Paged:
    return Paged(
        store.collections.create,
        lambda name: store.collections.delete(store.collections.find(name).id),
        store.collections.read_summary_page,
        lambda one: one.collection.name,
        NAMES,
    )


def page_sessions(store: Store) -> Paged:
    """By id: what counts here is the order of creation, so that a session cannot be added between two others."""
    made = [store.sessions.create(name, None) for name in reversed(NAMES)]
    return Paged(
        lambda _: None,
        store.sessions.delete,
        store.sessions.read_summary_page,
        lambda one: one.session.id,
        [session.id for session in made],
    )


def page_folders(store: Store) -> Paged:
    shop, other = store.collections.create("shop"), store.collections.create("other")
    store.collections.add_folder(Folder("of-other", other.id, "folder", position=2))
    return Paged(
        lambda key: store.collections.add_folder(Folder(key[1], shop.id, "folder", position=key[0])),
        lambda _: None,
        lambda request: store.collections.read_folder_page(shop.id, request),
        SiblingPosition.of,
        SIBLINGS,
    )


def page_items(store: Store) -> Paged:
    shop = store.collections.create("shop")
    collect(store, make_example(item_id="of-other"), name="other")

    def add(key: SiblingPosition) -> None:
        item = make_item(shop.id, key[1], position=key[0])
        store.collections.update(shop.id, CollectionUpdate([item]))

    return Paged(
        add,
        lambda _: None,
        lambda request: store.collections.read_item_page(shop.id, request),
        SiblingPosition.of,
        SIBLINGS,
    )


def page_examples(store: Store) -> Paged:
    """Another collection has examples of the same ids."""
    keys = [new_id() for _ in range(5)]
    collect(store, *(make_example(id=key, item_id="of-other") for key in keys), name="other")
    shop = store.collections.create("shop")
    return Paged(
        lambda key: store.collections.update(shop.id, additions(shop, make_example(id=key, item_id=f"of-{key[-8:]}"))),
        lambda key: store.collections.delete_example(shop.id, key),
        lambda request: store.collections.read_example_page(shop.id, request),
        lambda one: one.id,
        keys,
    )


def page_environments(store: Store) -> Paged:
    return Paged(
        lambda name: store.environments.save(Environment(new_id(), name)),
        lambda name: store.environments.delete(store.environments.find(name).id),
        store.environments.read_page,
        lambda one: one.name,
        NAMES,
    )


def page_mock_servers(store: Store) -> Paged:
    shop = store.collections.create("shop")
    return Paged(
        lambda name: store.mock_servers.create(make_mock_server(shop, name, id=new_id())),
        lambda name: store.mock_servers.delete(store.mock_servers.find(name).id),
        store.mock_servers.read_page,
        lambda one: one.name,
        NAMES,
    )


def page_server_errors(store: Store) -> Paged:
    """Another mock server has errors of the same names."""
    shop = store.collections.create("shop")
    mock, other = serve(store, shop), serve(store, shop, "other")
    for name in NAMES:
        store.mock_servers.save_server_error(make_server_error(other, name))
    return Paged(
        lambda name: store.mock_servers.save_server_error(make_server_error(mock, name, id=f"id-of-{name}")),
        lambda name: store.mock_servers.delete_server_error(f"id-of-{name}"),
        lambda request: store.mock_servers.read_server_error_page(mock.id, request),
        lambda one: one.name,
        NAMES,
    )


def page_keys(store: Store) -> Paged:
    return Paged(
        lambda name: store.keys.add(ApiKey(new_id(), name, "0" * 64, "1234", 1_000.0)),
        store.keys.revoke,
        store.keys.read_page,
        lambda one: one.name,
        NAMES,
    )


SIBLINGS = [SiblingPosition(*place) for place in ((0, "b"), (1, "a"), (1, "c"), (2, "a1"), (7, "0"))]
"""In order, and some at one position."""
LISTS = {
    make.__name__.removeprefix("page_"): make
    for make in (
        page_collections,
        page_sessions,
        page_folders,
        page_items,
        page_examples,
        page_environments,
        page_mock_servers,
        page_server_errors,
        page_keys,
    )
}
DELETABLE = ["collections", "sessions", "examples", "environments", "mock_servers", "server_errors", "keys"]
GROWING = [name for name in LISTS if name != "sessions"]
LIMITS = [1, 2, 3, 100, 2**70]


def fill(paged: Paged, keys: Sequence[Any]) -> None:
    """Add items in another order than that of the list."""
    for key in [*keys[1::2], *keys[::2]]:
        paged.add(key)


def list_keys(paged: Paged, page: Page[Any, Any]) -> list[Any]:
    return [paged.get_key(item) for item in page.items]


def walk(paged: Paged, limit: int) -> list[list[Any]]:
    """Return the keys of all pages from the first on."""
    pages = [paged.read(PageRequest(limit))]
    while (key := pages[-1].next) is not None:
        pages.append(paged.read(PageRequest(limit, after=key)))
    assert [page.previous is None for page in pages] == [number == 0 for number in range(len(pages))]
    return [list_keys(paged, page) for page in pages]


def walk_back(paged: Paged, limit: int, before: Any) -> list[list[Any]]:
    """Return the keys of all pages before a key, the first page first."""
    pages = [paged.read(PageRequest(limit, before=before))]
    while (key := pages[-1].previous) is not None:
        pages.append(paged.read(PageRequest(limit, before=key)))
    assert all(page.next is not None for page in pages)
    return [list_keys(paged, page) for page in reversed(pages)]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("name", LISTS)
def test_a_walk_forward_gives_each_item_once_in_order(store: Store, name: str, limit: int) -> None:
    paged = LISTS[name](store)
    fill(paged, paged.keys)
    pages = walk(paged, limit)
    assert [key for page in pages for key in page] == list_keys(paged, paged.read(WHOLE_LIST)) == paged.keys
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 1 <= len(pages[-1]) <= limit


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("name", LISTS)
def test_a_walk_back_gives_each_item_once_in_order(store: Store, name: str, limit: int) -> None:
    paged = LISTS[name](store)
    fill(paged, paged.keys)
    pages = walk_back(paged, limit, paged.keys[-1])
    assert [key for page in pages for key in page] == paged.keys[:-1]
    assert [len(page) for page in pages[1:]] == [limit] * (len(pages) - 1)


@pytest.mark.parametrize("name", LISTS)
def test_all_items_on_one_side_of_a_key(store: Store, name: str) -> None:
    paged = LISTS[name](store)
    fill(paged, paged.keys)
    first, middle, last = paged.keys[0], paged.keys[2], paged.keys[-1]
    after, before = paged.read(PageRequest(after=middle)), paged.read(PageRequest(before=middle))
    assert (list_keys(paged, after), after.previous, after.next) == (paged.keys[3:], paged.keys[3], None)
    assert (list_keys(paged, before), before.previous, before.next) == (paged.keys[:2], None, paged.keys[1])
    assert paged.read(PageRequest(after=last)) == paged.read(PageRequest(1, before=first)) == Page([])


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_an_empty_list(store: Store, name: str) -> None:
    paged = LISTS[name](store)
    for key in paged.keys if name == "sessions" else ():
        paged.delete(key)
    for request in (PageRequest(1), PageRequest(1, after=paged.keys[0]), PageRequest(1, before=paged.keys[0])):
        assert paged.read(request) == Page([])


@pytest.mark.parametrize("name", DELETABLE)
def test_a_key_that_was_deleted_is_a_bound(store: Store, name: str) -> None:
    paged = LISTS[name](store)
    fill(paged, paged.keys)
    key = paged.read(PageRequest(2)).next
    paged.delete(key)
    assert list_keys(paged, paged.read(PageRequest(2, after=key))) == paged.keys[2:4]
    assert list_keys(paged, paged.read(PageRequest(2, before=key))) == paged.keys[:1]


@pytest.mark.parametrize("name", DELETABLE)
def test_deleting_earlier_items_hides_no_later_one(store: Store, name: str) -> None:
    """Pages that were counted off from the start would lose one."""
    paged = LISTS[name](store)
    fill(paged, paged.keys)
    page = paged.read(PageRequest(2))
    paged.delete(paged.keys[0])
    assert list_keys(paged, paged.read(PageRequest(2, after=page.next))) == paged.keys[2:4]


@pytest.mark.parametrize("name", GROWING)
def test_adding_earlier_items_repeats_no_later_one(store: Store, name: str) -> None:
    paged = LISTS[name](store)
    fill(paged, paged.keys[1:])
    page = paged.read(PageRequest(2))
    paged.add(paged.keys[0])
    second = paged.read(PageRequest(2, after=page.next))
    assert [*list_keys(paged, page), *list_keys(paged, second)] == paged.keys[1:5]
    assert list_keys(paged, paged.read(PageRequest(2, before=second.previous))) == paged.keys[1:3]


@pytest.mark.parametrize("name", GROWING)
def test_an_item_added_between_pages_is_on_the_next_one(store: Store, name: str) -> None:
    paged = LISTS[name](store)
    fill(paged, [*paged.keys[:2], *paged.keys[3:]])
    page = paged.read(PageRequest(2))
    paged.add(paged.keys[2])
    assert list_keys(paged, paged.read(PageRequest(2, after=page.next))) == paged.keys[2:4]


def test_both_keys_are_refused() -> None:
    with pytest.raises(UserError, match="choose a page after a key or before one, not both"):
        PageRequest(1, after="a", before="b")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_has_at_least_one_item(limit: int) -> None:
    with pytest.raises(UserError, match=f"takes a number from 1 on, got {limit}"):
        PageRequest(limit)


def test_a_page_of_sessions_counts_their_exchanges(store: Store) -> None:
    for name, bodies in (("a", 1), ("b", 3), ("c", 0)):
        record(store, *[b"x"] * bodies, session=name)
    second = store.sessions.find("b")
    store.history.add([make_exchange(second.id, error="reset", started=2_000.0)])
    [first] = store.sessions.read_summary_page(PageRequest(1)).items
    page = store.sessions.read_summary_page(PageRequest(1, after=first.session.id))
    assert (first.exchanges, first.failed) == (1, 0)
    assert page == Page([SessionSummary(second, 4, 1, 2_000.0)], second.id, second.id)
    [third] = store.sessions.read_summary_page(PageRequest(after=second.id)).items
    assert (third.exchanges, third.failed, third.last_at) == (0, 0, None)


def test_a_page_of_collections_counts_their_contents(store: Store) -> None:
    collect(store, make_example(item_id="of-a"), name="a")
    collect(store, make_example(id="01"), make_example(id="02"), name="b")
    [summary] = store.collections.read_summary_page(PageRequest(1, after="a")).items
    assert (summary.collection.name, summary.items, summary.examples) == ("b", 1, 2)


def test_examples_of_a_page_are_whole(store: Store) -> None:
    shop = collect(store, *(make_example(id=id, response=make_response(body=LARGE)) for id in ("01", "02", "03")))
    page = store.collections.read_example_page(shop.id, PageRequest(2, after="01"))
    assert page.items == store.collections.list_examples(shop.id)[1:]


def test_examples_outside_of_a_page_are_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[str]()

    def note(row: ExampleRow) -> Example:
        read.append(row.id)
        return example_from_row(row)

    monkeypatch.setattr(sql_collections, "example_from_row", note)
    shop = collect(store, *(make_example(id=f"{number:02}") for number in range(20)))
    store.collections.read_example_page(shop.id, PageRequest(3, after="05"))
    store.collections.read_example_page(shop.id, PageRequest(3, before="15"))
    assert sorted(read) == ["06", "07", "08", "09", "11", "12", "13", "14"]
