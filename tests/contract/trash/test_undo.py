"""What is deleted is nowhere to be found, and is as it was when its deletion is undone: a table of every kind."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from tests.factories.messages import make_example, make_response
from tests.factories.stored import (
    EVERYTHING,
    LARGE,
    make_call,
    make_exchange,
    make_server_error,
    record,
    serve,
)
from understudy.proxy.operations.recordings.promotion import promote_history
from understudy.store.errors import Conflict, NotFound
from understudy.store.model.collections import Environment, Folder
from understudy.store.model.mock_servers import PRESETS, Behaviour
from understudy.store.model.values import replace
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.promotion import PromotionPlan
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store
from understudy.store.repositories.trash import KEPT_SECONDS, MOST_BYTES, Amount, Deletion, DeletionKind


@pytest.fixture
def full(store: Store) -> Store:
    """A store with several things of each kind, which refer to each other."""
    record(store, b"one", LARGE, b"three", session="shop")
    record(store, LARGE, b"other", session="other")
    socket = store.history.add([make_exchange(store.sessions.find("shop").id, "/ws", make_response(101), started=5.0)])
    store.history.add_messages([(socket[0], WebSocketMessage(1.0, True, MessageKind.TEXT, b"hello"))])
    for session in ("shop", "other"):
        chosen = HistoryFilter(session_id=store.sessions.find(session).id)
        promote_history(store, chosen, session, PromotionPlan(), actor="ada")
    shop = store.collections.find("shop")
    store.collections.add_folder(Folder("f" * 26, shop.id, "folder"))
    behaviour = Behaviour(delay=PRESETS["2G"])
    example = make_example(id="01EXAMPLE", item_id="i" * 26, collection_id=shop.id, behaviour=behaviour)
    item = replace(store.collections.list_items(shop.id)[0], id="i" * 26, key="", method="GET", path="/typed")
    item = replace(item, folder_id="f" * 26, position=7)
    store.collections.update(shop.id, CollectionUpdate([item], [example]))
    store.environments.save(Environment("e" * 26, "stage", {"base": "http://y"}))
    store.environments.save(Environment("g" * 26, "live", {"base": "http://z"}))
    mock = serve(store, store.collections.find("other"), environment_id="g" * 26, private=True)
    for name in ("down", "gone"):
        store.mock_servers.save_server_error(make_server_error(mock, name, id=f"{name:>26}"))
    store.mock_servers.save(replace(mock, server_error_id=f"{'down':>26}"))
    store.calls.add([make_call(mock), make_call(mock, "/two")], {mock.id: 10})
    return store


def see(store: Store) -> dict[str, Any]:
    """All that the repositories show of a store."""
    exchanges = list(store.history.select(EVERYTHING))
    collections = [one.collection for one in store.collections.list_summaries()]
    mocks = store.mock_servers.list()
    return {
        "sessions": store.sessions.list_summaries(),
        "exchanges": [whole(store, one) for one in exchanges],
        "heads": [store.history.read_heads(one.id) for one in exchanges],
        "messages": [store.history.list_messages(one.id) for one in exchanges],
        "found": [one.id for one in store.history.select(HistoryFilter(search="users"))],
        "collections": store.collections.list_summaries(),
        "folders": [store.collections.list_folders(one.id) for one in collections],
        "items": [store.collections.list_items(one.id) for one in collections],
        "examples": [whole(store, two) for one in collections for two in store.collections.list_examples(one.id)],
        "marks": [store.collections.find_promoted(one.id) for one in collections],
        "environments": store.environments.list(),
        "mocks": [replace(mock, updated_at=0.0) for mock in mocks],
        "errors": [store.mock_servers.list_server_errors(mock.id) for mock in mocks],
        "calls": [store.calls.list_newest(CallFilter(mock.id), 100) for mock in mocks],
        "numbers": replace(store.maintenance.describe().numbers, deletions=0, deleted_bytes=0, bodies=0, body_bytes=0),
    }


def whole(store: Store, thing: Any) -> Any:
    request = replace(thing.request, body=store.bodies.read(thing.request.body))
    response = thing.response and replace(thing.response, body=store.bodies.read(thing.response.body))
    return replace(thing, request=request, response=response)


def session_id(store: Store) -> str:
    return store.sessions.find("shop").id


def first_example(store: Store) -> tuple[str, str]:
    """An example that was promoted, and is not the only one of its request item."""
    shop = store.collections.find("shop").id
    return shop, min(one.id for one in store.collections.list_examples(shop) if one.id != "01EXAMPLE")


def mock_id(store: Store) -> str:
    return store.mock_servers.find("shop").id


@dataclass(frozen=True)
class Kind:
    """How a kind of thing is deleted, and what of `see` it changes at least."""

    delete: Callable[[Store], Deletion]
    changes: frozenset[str]


KINDS = {
    "session": Kind(
        lambda store: store.trash.put_session(session_id(store)),
        frozenset({"sessions", "exchanges", "heads", "messages", "found", "numbers"}),
    ),
    "an entry": Kind(lambda store: store.trash.put_entries([2]), frozenset({"sessions", "exchanges", "found"})),
    "entries": Kind(
        lambda store: store.trash.put_entries([1, 2, 5]), frozenset({"sessions", "exchanges", "found", "numbers"})
    ),
    "collection": Kind(
        lambda store: store.trash.put_collection(store.collections.find("shop").id),
        frozenset({"collections", "folders", "items", "examples", "marks", "numbers"}),
    ),
    "example": Kind(
        lambda store: store.trash.put_example(*first_example(store)), frozenset({"collections", "examples", "marks"})
    ),
    "only example": Kind(
        lambda store: store.trash.put_example(store.collections.find("shop").id, "01EXAMPLE"),
        frozenset({"collections", "examples", "items"}),
    ),
    "environment": Kind(lambda store: store.trash.put_environment("e" * 26), frozenset({"environments"})),
    "mock server": Kind(
        lambda store: store.trash.put_mock_server(mock_id(store)),
        frozenset({"mocks", "errors", "calls", "numbers"}),
    ),
    "active server error": Kind(
        lambda store: store.trash.put_server_error(f"{'down':>26}"), frozenset({"mocks", "errors"})
    ),
    "server error": Kind(lambda store: store.trash.put_server_error(f"{'gone':>26}"), frozenset({"errors"})),
    "calls": Kind(lambda store: store.trash.put_calls(mock_id(store)), frozenset({"calls", "numbers"})),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@every_kind
def test_what_is_deleted_is_gone_and_undone_is_as_before(full: Store, kind: Kind) -> None:
    before = see(full)
    deletion = kind.delete(full)
    after = see(full)
    assert {name for name in before if before[name] != after[name]} >= kind.changes
    assert full.trash.list() == [deletion]
    assert full.maintenance.check() == []
    assert full.trash.restore(deletion.number).name == deletion.name
    assert see(full) == before
    assert full.trash.list() == []
    assert full.maintenance.check() == []


@every_kind
def test_it_can_be_deleted_and_restored_again_and_again(full: Store, kind: Kind) -> None:
    before = see(full)
    numbers = []
    for _ in range(3):
        numbers.append(kind.delete(full).number)
        full.trash.restore(numbers[-1])
    assert see(full) == before
    assert numbers == [1, 2, 3]


@every_kind
def test_what_is_forgotten_cannot_be_restored_and_leaves_no_rows(full: Store, kind: Kind) -> None:
    deletion = kind.delete(full)
    after = see(full)
    full.trash.forget(deletion.number)
    left = {exchange.id for exchange in after["exchanges"]}
    after["marks"] = [{id_: one for id_, one in marks.items() if id_ in left} for marks in after["marks"]]
    assert see(full) == after
    with pytest.raises(NotFound, match=f"there is no deletion {deletion.number} that can be undone"):
        full.trash.restore(deletion.number)
    assert full.maintenance.check() == []
    assert count_trash(full) == 0


def count_trash(store: Store) -> int:
    return store.maintenance.describe().numbers.deletions


@every_kind
def test_bodies_of_the_trash_stay_while_others_are_swept(full: Store, kind: Kind) -> None:
    before = see(full)
    deletion = kind.delete(full)
    full.sessions.delete(full.sessions.create("empty", None).id)  # sweeps what nothing uses
    full.trash.restore(deletion.number)
    assert see(full) == before


@every_kind
def test_deletions_expire_after_a_week(full: Store, kind: Kind) -> None:
    deletion = kind.delete(full)
    full.trash.tidy(deletion.at + KEPT_SECONDS - 1)
    assert full.trash.list() == [deletion]
    full.trash.tidy(deletion.at + KEPT_SECONDS + 1)
    assert full.trash.list() == []


@every_kind
def test_a_deletion_that_was_interrupted_goes_on(full: Store, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first transaction of those that take several."""
    before = see(full)
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):  # not one of a single transaction
        patch.setattr("understudy.store.sql.deletion.pieces.Pieces.choose_size", interrupt)
        kind.delete(full)
    full.trash.tidy(time.time())
    [deletion] = full.trash.list()
    assert deletion.state == "deleted"
    after = see(full)
    assert {name for name in before if before[name] != after[name]} >= kind.changes
    full.trash.restore(deletion.number)
    assert see(full) == before


@every_kind
def test_an_undo_that_was_interrupted_goes_on(full: Store, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    before = see(full)
    deletion = kind.delete(full)
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr("understudy.store.sql.deletion.pieces.Pieces.choose_size", interrupt)
        full.trash.restore(deletion.number)
    full.trash.tidy(time.time())
    assert see(full) == before
    assert full.trash.list() == []


def interrupt(_pieces: object) -> int:
    raise KeyboardInterrupt


# Names.


def rename_session(store: Store) -> None:
    store.sessions.create("shop", None)


AGAIN: dict[str, Callable[[Store], object]] = {
    "session": rename_session,
    "collection": lambda store: store.collections.create("shop"),
    "environment": lambda store: store.environments.save(Environment("n" * 26, "stage")),
    "mock server": lambda store: serve(store, store.collections.find("other"), id="n" * 26),
    "server error": lambda store: store.mock_servers.save_server_error(
        make_server_error(store.mock_servers.find("shop"), "gone", id="n" * 26)
    ),
}


@pytest.mark.parametrize("name", AGAIN)
def test_a_name_is_free_and_restored_things_get_another_one(full: Store, name: str) -> None:
    kind = KINDS[name]
    first = kind.delete(full)
    AGAIN[name](full)
    restored = full.trash.restore(first.number)
    assert restored.name == f"{first.name} (restored)"
    assert count_trash(full) == 0
    assert full.maintenance.check() == []


def test_a_second_name_is_numbered(store: Store) -> None:
    numbers = [store.trash.put_session(store.sessions.create("shop", None).id).number for _ in range(3)]
    names = [store.trash.restore(number).name for number in numbers]
    assert names == ["shop", "shop (restored)", "shop (restored 2)"]


def test_a_long_name_is_cut_for_its_ending(store: Store) -> None:
    long = "x" * 200
    deletion = store.trash.put_session(store.sessions.create(long, None).id)
    store.sessions.create(long, None)
    assert store.trash.restore(deletion.number).name == "x" * 189 + " (restored)"


def test_a_restored_mock_server_gets_a_slug_of_its_own(full: Store) -> None:
    deletion = full.trash.put_mock_server(mock_id(full))
    serve(full, full.collections.find("other"), id="n" * 26)
    full.trash.restore(deletion.number)
    assert sorted(mock.slug for mock in full.mock_servers.list()) == ["shop", "shop-restored"]


# What belongs to what.


def test_what_belongs_to_something_deleted_is_restored_after_it(full: Store) -> None:
    shop = full.collections.find("shop").id
    example = full.trash.put_example(shop, "01EXAMPLE")
    collection = full.trash.put_collection(shop)
    with pytest.raises(Conflict, match="the collection shop that it belongs to is deleted itself") as refused:
        full.trash.restore(example.number)
    assert refused.value.hint
    assert refused.value.hint.values == {"deletion": str(collection.number)}
    full.trash.restore(collection.number)
    full.trash.restore(example.number)
    assert full.collections.get_example(shop, "01EXAMPLE").behaviour.delay


def test_what_belongs_to_something_that_is_gone_cannot_be_restored(full: Store) -> None:
    shop = full.collections.find("shop").id
    example = full.trash.put_example(shop, "01EXAMPLE")
    full.collections.delete(shop)
    with pytest.raises(NotFound, match="was deleted for ever"):
        full.trash.restore(example.number)


def test_a_mock_server_is_restored_after_its_collection_and_its_environment(full: Store) -> None:
    before = see(full)
    mock = full.trash.put_mock_server(mock_id(full))
    collection = full.trash.put_collection(full.collections.find("other").id)
    environment = full.trash.put_environment("g" * 26)
    for what, other in (("collection", collection), ("environment", environment)):
        with pytest.raises(Conflict, match=f"the {what} {other.name} that it belongs to"):
            full.trash.restore(mock.number)
        full.trash.restore(other.number)
    full.trash.restore(mock.number)
    assert see(full) == before


def test_entries_are_restored_after_their_session(full: Store) -> None:
    before = see(full)
    entries = full.trash.put_entries([1, 2])
    session = full.trash.put_session(session_id(full))
    with pytest.raises(Conflict, match="the session shop"):
        full.trash.restore(entries.number)
    full.trash.restore(session.number)
    assert [one.id for one in full.history.select(HistoryFilter(ids=frozenset({1, 2})))] == []
    full.trash.restore(entries.number)
    assert see(full) == before


def test_entries_of_a_session_that_is_forgotten_go_with_it(full: Store) -> None:
    entries = full.trash.put_entries([1, 5])
    full.trash.forget(full.trash.put_session(session_id(full)).number)
    full.trash.restore(entries.number)
    assert [one.id for one in full.history.select(HistoryFilter(ids=frozenset({1, 5})))] == [5]
    assert full.maintenance.check() == []


def test_both_examples_of_an_item_can_be_restored_in_any_order(full: Store) -> None:
    before = see(full)
    shop = full.collections.find("shop").id
    ids = [one.id for one in full.collections.list_examples(shop)]
    numbers = [full.trash.put_example(shop, id_).number for id_ in ids]
    assert full.collections.list_items(shop) == []
    for number in numbers:
        full.trash.restore(number)
    assert see(full) == before


def test_an_exchange_that_is_deleted_keeps_the_mark_of_its_example(full: Store) -> None:
    before = see(full)
    entries = full.trash.put_entries([1])
    collection = full.trash.put_collection(full.collections.find("shop").id)
    full.trash.restore(collection.number)
    full.trash.restore(entries.number)
    assert see(full) == before


def test_what_was_recorded_again_is_there_twice(store: Store) -> None:
    """An import that is repeated finds what was deleted no more, and undo keeps both."""
    session = store.sessions.create("shop", None)
    exchange = replace(make_exchange(session.id), key=7)
    store.history.add([exchange])
    deletion = store.trash.put_entries([1])
    assert store.history.add([exchange]) == [2]
    assert store.history.add([exchange]) == [2]
    store.trash.restore(deletion.number)
    assert [one.id for one in store.history.select(EVERYTHING)] == [1, 2]


# The limit.


def test_the_oldest_deletions_go_when_the_trash_is_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.store.sql.trash.trash.MOST_BYTES", 70_000)
    numbers = []
    for number in range(5):
        record(store, LARGE + b"%d" % number, session=f"session {number}")
        numbers.append(store.trash.put_session(store.sessions.find(f"session {number}").id).number)
    store.trash.tidy(time.time())
    assert [one.number for one in store.trash.list()] == numbers[:1:-1]


def test_amounts_count_each_body_once(store: Store) -> None:
    exchanges = record(store, LARGE, LARGE, b"small")
    amount = store.trash.measure_session(exchanges[0].session_id)
    assert amount == Amount({"exchanges": 3, "promoted": 0}, 3 * 1_000 + 20_000 + 5)
    assert store.trash.measure_entries([3]) == Amount({"exchanges": 1, "promoted": 0}, 1_000 + 5)
    assert MOST_BYTES == 2**30


def test_values_are_noted_for_their_caller(store: Store) -> None:
    with store.act_as("ada"):
        noted = store.trash.note_values(DeletionKind.VARIABLES, "stage", "e", {"variables": {"a": "1"}})
    assert (noted.actor, noted.details) == ("ada", {"variables": {"a": "1"}})
    assert store.trash.restore(noted.number).deletion == noted
    assert store.trash.list() == []


# Searches.


@pytest.mark.parametrize("is_indexed", [True, False])
def test_restored_exchanges_are_found_again(store: Store, is_indexed: bool) -> None:
    """Those that an index has, and those that came before one that has only later ones."""
    record(store, b"first", session="first")
    record(store, b"second", session="second")
    search = HistoryFilter(search="first")
    if is_indexed:
        store.history.index_for_search()
    deletion = store.trash.put_session(store.sessions.find("first").id)
    assert list(store.history.select(search)) == []
    store.trash.restore(deletion.number)
    assert [one.id for one in store.history.select(search)] == [1]


def test_gateways_and_mock_servers_learn_of_deletions_and_of_undo(full: Store) -> None:
    for name, kind in KINDS.items():
        if name in ("session", "an entry", "entries", "calls"):  # nobody has them compiled
            continue
        revision = full.changes.get_latest()
        deletion = kind.delete(full)
        deleted = full.changes.list_since(revision)
        full.trash.restore(deletion.number)
        restored = full.changes.list_since(revision + len(deleted or []))
        subjects = [{change.subject for change in changes or []} for changes in (deleted, restored)]
        assert subjects[0] == subjects[1] != set(), name
