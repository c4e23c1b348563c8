"""What a new mock server answers from."""

from __future__ import annotations

import pytest

from tests.factories.stored import EVERYTHING, make_exchange
from understudy.proxy.operations.collections.request_lines import Typed
from understudy.proxy.operations.mock_servers import mock_sources
from understudy.proxy.operations.mock_servers.mock_sources import (
    PromotedHistory,
    RecordedHistory,
    collection_of_requests,
    prepare_source,
    write_long_source,
    write_source,
)
from understudy.store.errors import NotFound, StoreError, UserError
from understudy.store.model.messages import Response
from understudy.store.redaction.settings import make_recording_redactor
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.write_pieces import PieceSize


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
    store.collections.create("users")
    assert collection_of_requests(store, "users", [(Typed("GET", "/a"), b"")]).name == "users 2"


def record(store: Store, *statuses: int) -> RecordedHistory:
    """History with an answer of each status."""
    session = store.sessions.create("s", None)
    store.history.add([make_exchange(session.id, f"/{n}", Response(n)) for n in statuses])
    return RecordedHistory(EVERYTHING)


def prepare(store: Store, source: RecordedHistory) -> PromotedHistory:
    prepared = prepare_source(store, source, lambda: None, actor="ada")
    assert isinstance(prepared, PromotedHistory)
    return prepared


def test_history_becomes_a_collection(store: Store) -> None:
    history = prepare(store, record(store, 200, 101, 404))
    collection = write_source(store, "day", history)
    assert [one.response.status for one in store.collections.list_examples(collection.id)] == [200, 404]


def test_history_is_promoted_before_anything_is_written(store: Store) -> None:
    source = record(store, 200)
    make_recording_redactor(store)  # creates its key
    before = store.changes.get_latest()
    prepare(store, source)
    assert (store.collections.list_summaries(), store.changes.get_latest()) == ([], before)


def test_history_of_several_batches_is_one_collection(store: Store) -> None:
    history = prepare(store, record(store, *range(200, 500), *range(200, 500)))
    collection = write_source(store, "day", history)
    assert len(history.updates) == 3
    assert len(store.collections.list_items(collection.id)) == 300


@pytest.mark.parametrize(("examples", "is_long"), [(2, False), (3, True)])
def test_a_long_history_is_written_in_several_transactions(
    store: Store, monkeypatch: pytest.MonkeyPatch, examples: int, is_long: bool
) -> None:
    monkeypatch.setattr(mock_sources, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(PieceSize, "pause", lambda _self, _seconds: None)
    history = prepare(store, record(store, *range(200, 200 + examples)))
    collection = write_long_source(store, "day", history, actor="ada")
    assert (collection is not None) == is_long
    if collection is not None:
        assert len(store.collections.list_examples(collection.id)) == examples


def test_a_long_history_that_fails_leaves_no_collection(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mock_sources, "MOST_AT_ONCE", 2)
    history = prepare(store, record(store, 200, 201, 202))
    monkeypatch.setattr(PieceSize, "pause", raise_store_error)
    with pytest.raises(StoreError):
        write_long_source(store, "day", history, actor="ada")
    assert store.collections.list_summaries() == []


def raise_store_error(_self: PieceSize, _seconds: float) -> None:
    raise StoreError("the disk is full")


def test_what_was_promoted_is_remembered(store: Store) -> None:
    history = prepare(store, record(store, 200))
    collection = write_source(store, "day", history)
    [example] = store.collections.list_examples(collection.id)
    assert store.collections.find_promoted(collection.id) == {1: example.id}


def test_what_cannot_be_an_example_is_skipped(store: Store) -> None:
    outcome = prepare(store, record(store, 200, 101)).outcome
    assert [reason for _, reason in outcome.skipped] == ["it became a tunnel connection"]


def test_one_session_is_taken(store: Store) -> None:
    record(store, 200)
    other = store.sessions.create("other", None)
    store.history.add([make_exchange(other.id, "/x")])
    assert prepare(store, RecordedHistory(EVERYTHING, "other")).outcome.selected == 1


def test_history_without_a_single_example_is_refused(store: Store) -> None:
    message = "nothing of that can be an example: entry 1, GET /101: it became a tunnel connection$"
    with pytest.raises(UserError, match=message):
        prepare(store, record(store, 101))


def test_of_many_that_cannot_be_examples_some_are_named(store: Store) -> None:
    with pytest.raises(UserError, match=r"entry 3, GET /101: it became a tunnel connection; and 2 more$"):
        prepare(store, record(store, *[101] * 5))


def test_no_history_is_refused(store: Store) -> None:
    with pytest.raises(UserError, match="nothing to promote: there is no exchange"):
        prepare(store, RecordedHistory(EVERYTHING))


def test_an_entry_has_to_exist(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no history entry 4711"):
        prepare(store, RecordedHistory(HistoryFilter(ids=frozenset({4711}))))
