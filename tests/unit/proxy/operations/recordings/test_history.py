"""Operations on history: what a list shows, what an entry holds, and what is masked."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request, make_response
from tests.factories.stored import make_exchange, record
from understudy.proxy.operations.recordings.history import (
    list_entries,
    narrow_to_session,
    read_entry,
    read_entry_body,
)
from understudy.store.errors import NotFound
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

SECRET = "sesame-4711"


@pytest.fixture
def entry_id(store: Store) -> int:
    """An entry with a secret in its URL, in its response and in a message of its WebSocket."""
    session = store.sessions.create("shop", None)
    request = make_request("POST", f"/login?password={SECRET}", body=b"asked")
    response = make_response(
        headers=[("content-type", "application/json")], body=f'{{"password": "{SECRET}"}}'.encode()
    )
    [number] = store.history.add([make_exchange(session.id, request, response)])
    content = f'{{"password": "{SECRET}"}}'.encode()
    store.history.add_messages([(number, WebSocketMessage(1.0, True, MessageKind.TEXT, content))])
    return number


def test_the_newest_entries_are_listed(store: Store) -> None:
    recorded = record(store, b"1", b"2", b"3")
    assert [entry.exchange for entry in list_entries(store, HistoryFilter(), limit=2)] == recorded[1:]


def test_entries_of_one_session_are_listed(store: Store) -> None:
    record(store, b"1", session="other")
    recorded = record(store, b"2")
    assert [entry.exchange for entry in list_entries(store, HistoryFilter(), session="shop", limit=9)] == recorded


def test_an_entry_has_the_name_of_its_session(store: Store) -> None:
    record(store, b"1", session="a")
    record(store, b"2", session="b")
    assert [entry.session for entry in list_entries(store, HistoryFilter(), limit=9)] == ["a", "b"]


def test_a_listed_url_has_no_secrets(store: Store, entry_id: int) -> None:
    [entry] = list_entries(store, HistoryFilter(ids=frozenset([entry_id])), limit=9)
    assert "/login?password=" in entry.url
    assert SECRET not in entry.url


def test_a_session_that_does_not_exist_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no session 'nowhere'"):
        narrow_to_session(store, HistoryFilter(), "nowhere")


def test_an_entry_is_read_without_its_secrets(store: Store, entry_id: int) -> None:
    content = read_entry(store, entry_id)
    assert SECRET not in content.exchange.request.url
    assert SECRET.encode() not in content.response_body
    assert SECRET.encode() not in content.messages[0].content


def test_an_entry_is_read_with_its_secrets_on_demand(store: Store, entry_id: int) -> None:
    content = read_entry(store, entry_id, show_secrets=True)
    assert SECRET in content.exchange.request.url
    assert SECRET.encode() in content.response_body
    assert SECRET.encode() in content.messages[0].content


def test_a_body_is_read_byte_for_byte(store: Store, entry_id: int) -> None:
    assert read_entry_body(store, entry_id, "request") == b"asked"
    assert SECRET.encode() in read_entry_body(store, entry_id, "response")


def test_a_missing_response_has_an_empty_body(store: Store) -> None:
    session = store.sessions.create("shop", None)
    [number] = store.history.add([make_exchange(session.id, response=None, error="reset")])
    assert read_entry_body(store, number, "response") == b""
    assert read_entry(store, number).response_body == b""


def test_an_entry_that_does_not_exist_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no history entry 4711"):
        read_entry(store, 4711)


@pytest.mark.parametrize("gone", [0, 1, 2, 3])
def test_pages_go_on_at_an_entry_that_was_deleted(store: Store, gone: int) -> None:
    """Its neighbours are those that would be beside it."""
    recorded = [record(store, b"1", session=name)[0] for name in "abcd"]
    ids = [exchange.id for exchange in recorded]
    left = [id for id in ids if id != ids[gone]]
    earlier, later = [id for id in left if id < ids[gone]], [id for id in left if id > ids[gone]]
    store.sessions.delete(recorded[gone].session_id)
    before = list_entries(store, HistoryFilter(), limit=9, before=ids[gone])
    after = list_entries(store, HistoryFilter(), limit=9, after=ids[gone])
    assert ([one.exchange.id for one in before], [one.exchange.id for one in after]) == (earlier, later)


def test_pages_go_on_beyond_the_first_and_the_last_entry(store: Store) -> None:
    ids = [exchange.id for exchange in record(store, b"1", b"2")]
    pages = [
        list_entries(store, HistoryFilter(), limit=9, before=ids[-1] + 9),
        list_entries(store, HistoryFilter(), limit=9, after=ids[-1] + 9),
        list_entries(store, HistoryFilter(), limit=9, before=0),
        list_entries(store, HistoryFilter(), limit=9, after=0),
    ]
    assert [len(page) for page in pages] == [2, 0, 0, 2]
