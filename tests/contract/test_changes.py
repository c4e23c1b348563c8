"""What `store.repository.Changes` promises, and that threads may share a store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from store.entities import Change, Environment, Folder, Subject
from store.repository import CollectionUpdate, HistoryFilter, Store
from store.sql import revisions
from tests.factories import make_example
from tests.kept import collect, make_exchange, make_item, record, within


def test_a_fresh_store_never_changed(store: Store) -> None:
    assert store.changes.latest() == 0
    assert store.changes.since(0) == []


SHOP = Subject.COLLECTION
Done = Callable[[Store, str], object]
CHANGES: dict[str, tuple[Done, Subject, str | None, bool]] = {
    "delete": (lambda store, shop: store.collections.delete(shop), SHOP, None, True),
    "folder": (lambda store, shop: store.collections.add_folder(Folder("f", shop, "")), SHOP, None, True),
    "items": (
        lambda store, shop: store.collections.update(shop, CollectionUpdate(items=[make_item(shop)])),
        SHOP,
        None,
        True,
    ),
    "dropped": (lambda store, shop: store.collections.update(shop, CollectionUpdate(dropped=["01"])), SHOP, None, True),
    "save": (
        lambda store, _: store.collections.save_example(within(store.collections.find("shop"), make_example())),
        Subject.EXAMPLE,
        "01",
        True,
    ),
    "delete example": (lambda store, _: store.collections.delete_example("01"), Subject.EXAMPLE, "01", True),
    "environment": (lambda store, _: store.environments.save(Environment("e", "")), Subject.ENVIRONMENT, "e", False),
    "setting": (lambda store, _: store.settings.set("key", 1), Subject.SETTING, "key", False),
}


@pytest.mark.parametrize(("change", "subject", "subject_id", "inside"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_numbered_and_says_what_it_is_about(
    store: Store, change: Done, subject: Subject, subject_id: str | None, inside: bool
) -> None:
    shop = collect(store, make_example()).id
    before = store.changes.latest()
    change(store, shop)
    told = Change(before + 1, subject, subject_id or shop, shop if inside else None)
    assert store.changes.latest() == before + 1
    assert store.changes.since(before) == [told]


def test_creating_a_collection_is_a_change(store: Store) -> None:
    shop = store.collections.create("shop").id
    assert store.changes.since(0) == [Change(1, Subject.COLLECTION, shop, shop)]


def test_deleting_an_environment_is_a_change(store: Store) -> None:
    store.environments.save(Environment("e", "stage"))
    store.environments.delete("e")
    assert store.changes.since(1) == [Change(2, Subject.ENVIRONMENT, "e")]


def test_recording_is_no_change(store: Store) -> None:
    """Nobody compiles history: a gateway that records would wake all others."""
    record(store, b"1")
    assert store.changes.latest() == 0


def test_a_promotion_that_adds_nothing_is_no_change(store: Store) -> None:
    [exchange] = record(store, b"1")
    shop = collect(store, make_example())
    before = store.changes.latest()
    store.collections.update(shop.id, CollectionUpdate(marks=[(exchange.id, "01")]))
    assert store.changes.latest() == before


def test_changes_come_in_order(store: Store) -> None:
    for key in "cab":
        store.settings.set(key, 1)
    found = store.changes.since(1)
    assert found is not None
    assert [(change.revision, change.subject_id) for change in found] == [(2, "a"), (3, "b")]


@pytest.mark.parametrize(("revision", "known"), [(0, False), (9, False), (10, True), (30, True)])
def test_what_was_pruned_cannot_be_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, revision: int, known: bool
) -> None:
    """Of thirty changes the last twenty are kept."""
    monkeypatch.setattr(revisions, "KEPT_CHANGES", 20)
    for _ in range(30):
        store.settings.set("key", 1)
    changes = store.changes.since(revision)
    assert (changes is not None) is known
    assert changes is None or [change.revision for change in changes] == list(range(revision + 1, 31))


def test_revisions_become_visible_in_order(store: Store) -> None:
    """Who reads while several write never sees a later change before an earlier one."""
    seen: list[int] = []
    done = Event()

    def follow() -> None:
        last = False
        while not last:
            last = done.is_set()  # look once more after the writers have ended
            changes = store.changes.since(seen[-1] if seen else 0)
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


def test_a_name_is_taken_once_even_at_once(store: Store) -> None:
    def create(_: int) -> bool:
        try:
            store.collections.create("shop")
        except Exception:  # noqa: BLE001 - whatever it says, only one may have the name
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(create, range(8))) == 1
