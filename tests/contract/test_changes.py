"""The contract of `store.repositories.gateways.Changes`, and that threads may share a store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.factories.messages import make_example
from tests.factories.stored import (
    additions,
    collect,
    make_call,
    make_exchange,
    make_item,
    make_mock_server,
    make_server_error,
    record,
    serve,
    within,
)
from understudy.store.model.changes import Change, Subject
from understudy.store.model.collections import Environment, Folder
from understudy.store.model.mock_servers import ApiKey, MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.repositories import changes
from understudy.store.sql.repositories.collections import FEW_EXAMPLES


def test_a_fresh_store_has_no_changes(store: Store) -> None:
    assert store.changes.get_latest() == 0
    assert store.changes.list_since(0) == []


SHOP = Subject.COLLECTION
MakeChange = Callable[[Store, str], object]
CHANGES: dict[str, tuple[MakeChange, Subject, str | None, bool]] = {
    "delete": (lambda store, shop: store.collections.delete(shop), SHOP, None, True),
    "folder": (lambda store, shop: store.collections.add_folder(Folder("f", shop, "")), SHOP, None, True),
    "items": (
        lambda store, shop: store.collections.update(shop, CollectionUpdate(items=[make_item(shop)])),
        SHOP,
        None,
        True,
    ),
    "dropped": (
        lambda store, shop: store.collections.update(shop, CollectionUpdate(dropped=["01"])),
        Subject.EXAMPLE,
        "01",
        True,
    ),
    "variables": (lambda store, shop: store.collections.set_variables(shop, {"a": "1"}), SHOP, None, True),
    "save": (
        lambda store, _: store.collections.save_example(within(store.collections.find("shop"), make_example())),
        Subject.EXAMPLE,
        "01",
        True,
    ),
    "delete example": (
        lambda store, _: store.collections.delete_example(store.collections.find("shop").id, "01"),
        Subject.EXAMPLE,
        "01",
        True,
    ),
    "environment": (lambda store, _: store.environments.save(Environment("e", "e")), Subject.ENVIRONMENT, "e", False),
    "mock server": (
        lambda store, shop: store.mock_servers.create(make_mock_server(shop)),
        Subject.MOCK_SERVER,
        "id-of-shop",
        False,
    ),
    "key": (lambda store, _: store.keys.add(ApiKey("k", "ci", "", "", 0.0)), Subject.KEY, "k", False),
    "setting": (lambda store, _: store.settings.set("key", 1), Subject.SETTING, "key", False),
}


@pytest.mark.parametrize(("change", "subject", "subject_id", "inside"), CHANGES.values(), ids=CHANGES)
def test_a_change_has_a_number_and_a_subject(
    store: Store, change: MakeChange, subject: Subject, subject_id: str | None, inside: bool
) -> None:
    shop = collect(store, make_example()).id
    before = store.changes.get_latest()
    change(store, shop)
    expected = Change(before + 1, subject, subject_id or shop, shop if inside else None)
    assert store.changes.get_latest() == before + 1
    assert store.changes.list_since(before) == [expected]


def test_creating_a_collection_is_a_change(store: Store) -> None:
    shop = store.collections.create("shop").id
    assert store.changes.list_since(0) == [Change(1, Subject.COLLECTION, shop, shop)]


EDITS: dict[str, Callable[[Store, MockServer], object]] = {
    "save": lambda store, mock: store.mock_servers.save(mock),
    "restart sequences": lambda store, mock: store.mock_servers.restart_sequences(mock.id),
    "delete": lambda store, mock: store.mock_servers.delete(mock.id),
    "save an error": lambda store, mock: store.mock_servers.save_server_error(make_server_error(mock)),
}


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS)
def test_every_edit_of_a_mock_server_is_a_change(store: Store, change: Callable[[Store, MockServer], object]) -> None:
    mock = serve(store, store.collections.create("shop"))
    before = store.changes.get_latest()
    revision = change(store, mock)
    assert revision in (None, before + 1)
    assert store.changes.list_since(before) == [Change(before + 1, Subject.MOCK_SERVER, mock.id)]


def test_deleting_a_server_error_is_a_change_of_its_mock_server(store: Store) -> None:
    mock = serve(store, store.collections.create("shop"))
    store.mock_servers.save_server_error(make_server_error(mock, id="e"))
    before = store.changes.get_latest()
    store.mock_servers.delete_server_error("e")
    assert store.changes.list_since(before) == [Change(before + 1, Subject.MOCK_SERVER, mock.id)]


def test_revoking_a_key_is_a_change(store: Store) -> None:
    store.keys.add(ApiKey("k", "ci", "", "", 0.0))
    store.keys.revoke("ci")
    assert store.changes.list_since(1) == [Change(2, Subject.KEY, "k")]


def test_calls_are_no_change(store: Store) -> None:
    """Otherwise each call would wake all processes."""
    mock = serve(store, store.collections.create("shop"))
    before = store.changes.get_latest()
    store.calls.add([make_call(mock)], {mock.id: 10})
    assert store.changes.get_latest() == before


@pytest.mark.parametrize(
    ("number", "with_bare_item", "singly"),
    [(1, False, True), (FEW_EXAMPLES, False, True), (FEW_EXAMPLES + 1, False, False), (1, True, False)],
)
def test_an_update_writes_one_change_for_each_of_few_examples(
    store: Store, number: int, with_bare_item: bool, singly: bool
) -> None:
    """Programs apply single examples without reading the collection again; for many they read it."""
    shop = store.collections.create("shop")
    update = additions(shop, *(make_example(id=f"{n:04}") for n in range(number)))
    bare = [make_item(shop.id)] if with_bare_item else []
    before = store.changes.get_latest()
    store.collections.update(shop.id, replace(update, items=[*update.items, *bare]))
    subjects = [(change.subject, change.subject_id) for change in store.changes.list_since(before) or ()]
    assert subjects == ([(Subject.EXAMPLE, f"{n:04}") for n in range(number)] if singly else [(SHOP, shop.id)])


@pytest.mark.parametrize(("had", "subject"), [(False, SHOP), (True, Subject.EXAMPLE)])
def test_the_first_example_of_a_typed_in_request_changes_the_collection(
    store: Store, had: bool, subject: Subject
) -> None:
    """Misses must not report that item as one without an example."""
    shop = store.collections.create("shop")
    item = make_item(shop.id, method="GET", path="/a")
    examples = [within(shop, make_example(id=f"0{n}", item_id=item.id)) for n in range(2)]
    store.collections.update(shop.id, CollectionUpdate([item], examples[:had]))
    before = store.changes.get_latest()
    store.collections.update(shop.id, CollectionUpdate(examples=examples[1:]))
    assert [change.subject for change in store.changes.list_since(before) or ()] == [subject]


def test_deleting_an_environment_is_a_change(store: Store) -> None:
    store.environments.save(Environment("e", "stage"))
    store.environments.delete("e")
    assert store.changes.list_since(1) == [Change(2, Subject.ENVIRONMENT, "e")]


def test_recording_is_no_change(store: Store) -> None:
    """History is never compiled: a gateway that records must not wake the others."""
    record(store, b"1")
    assert store.changes.get_latest() == 0


def test_a_promotion_that_adds_nothing_is_no_change(store: Store) -> None:
    [exchange] = record(store, b"1")
    shop = collect(store, make_example())
    before = store.changes.get_latest()
    store.collections.update(shop.id, CollectionUpdate(marks=[(exchange.id, "01")]))
    assert store.changes.get_latest() == before


def test_changes_come_in_order(store: Store) -> None:
    for key in "cab":
        store.settings.set(key, 1)
    later = store.changes.list_since(1)
    assert later is not None
    assert [(change.revision, change.subject_id) for change in later] == [(2, "a"), (3, "b")]


@pytest.mark.parametrize(("revision", "known"), [(0, False), (9, False), (10, True), (30, True)])
def test_changes_since_a_pruned_revision_are_unknown(
    store: Store, monkeypatch: pytest.MonkeyPatch, revision: int, known: bool
) -> None:
    """Of thirty changes the last twenty are kept."""
    monkeypatch.setattr(changes, "KEPT_CHANGES", 20)
    for _ in range(30):
        store.settings.set("key", 1)
    since = store.changes.list_since(revision)
    assert (since is not None) is known
    assert since is None or [change.revision for change in since] == list(range(revision + 1, 31))


def test_revisions_become_visible_in_order(store: Store) -> None:
    """A reader among several writers never sees a later change before an earlier one."""
    seen: list[int] = []
    done = Event()

    def follow() -> None:
        last = False
        while not last:
            last = done.is_set()  # reads once more after the writers have ended
            changes = store.changes.list_since(seen[-1] if seen else 0)
            seen.extend(change.revision for change in changes or ())

    with ThreadPoolExecutor() as threads:
        follower = threads.submit(follow)
        writers = [threads.submit(change_forty_times, store, f"key {number}") for number in range(4)]
        for writer in writers:
            writer.result()
        done.set()
        follower.result()
    assert seen == list(range(1, 161))


def change_forty_times(store: Store, key: str) -> None:
    for number in range(40):
        store.settings.set(key, number)


def test_threads_may_record_at_once(store: Store) -> None:
    session = store.sessions.create("shop", None)

    def keep(target: str) -> list[int]:
        return [number for _ in range(25) for number in store.history.add([make_exchange(session.id, target)])]

    with ThreadPoolExecutor(4) as threads:
        ids = list(threads.map(keep, ["/a", "/b", "/c", "/d"]))
    assert [store.history.get(own[7]).request.target for own in ids] == [b"/a", b"/b", b"/c", b"/d"]
    assert len(list(store.history.select(HistoryFilter()))) == 100


def test_a_name_is_taken_once_by_concurrent_threads(store: Store) -> None:
    def create(_: int) -> bool:
        try:
            store.collections.create("shop")
        except Exception:  # noqa: BLE001 - whatever the error, only one may have the name
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(create, range(8))) == 1
