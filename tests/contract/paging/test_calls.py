"""The contract of call logs that are read by pages, by the ids of calls."""

from __future__ import annotations

import pytest

from tests.factories.stored import make_call, serve
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.repositories import calls as sql_calls


@pytest.fixture
def mock(store: Store) -> MockServer:
    return serve(store, store.collections.create("shop"))


def add_calls(store: Store, mock: MockServer, number: int = 9) -> list[int]:
    """Add calls, every third one to /b, between those to another mock server; return their ids."""
    other = serve(store, store.collections.find("shop"), "other")
    calls = [make_call(to, f"/{'a' if n % 3 else 'b'}/{n}") for n in range(number) for to in (mock, other)]
    store.calls.add(calls, {})
    return [call.id for call in store.calls.list_newest(CallFilter(mock.id), 1_000)]


@pytest.mark.parametrize("limit", [1, 2, 4, 100, 2**70])
def test_a_walk_forward_gives_each_call_once_in_order(store: Store, mock: MockServer, limit: int) -> None:
    ids, walked, after = add_calls(store, mock), list[int](), None
    while page := [call.id for call in store.calls.list_oldest(CallFilter(mock.id, after=after), limit)]:
        assert len(page) <= limit
        walked, after = walked + page, page[-1]
    assert walked == ids


@pytest.mark.parametrize("limit", [1, 2, 4, 100, 2**70])
def test_a_walk_back_gives_each_call_once_in_order(store: Store, mock: MockServer, limit: int) -> None:
    ids, walked, before = add_calls(store, mock), list[int](), None
    while page := [call.id for call in store.calls.list_newest(CallFilter(mock.id, before=before), limit)]:
        assert len(page) <= limit
        walked, before = page + walked, page[0]
    assert walked == ids


def test_the_oldest_calls_between_two(store: Store, mock: MockServer) -> None:
    ids = add_calls(store, mock)
    between = CallFilter(mock.id, after=ids[1], before=ids[5])
    assert [call.id for call in store.calls.list_oldest(between, 2)] == ids[2:4]
    assert [call.id for call in store.calls.list_oldest(between, 9)] == ids[2:5]


def test_more_than_a_page_is_searched(store: Store, mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_calls, "PAGE", 2)
    ids = add_calls(store, mock)
    found = store.calls.list_oldest(CallFilter(mock.id, path="/b/*", after=ids[0]), 2)
    assert [call.request.target for call in found] == [b"/b/3", b"/b/6"]


def test_calls_that_come_between_two_pages_are_on_later_ones(store: Store, mock: MockServer) -> None:
    ids = add_calls(store, mock, 3)
    store.calls.add([make_call(mock, "/new")], {mock.id: 2})  # the oldest two are deleted
    later = store.calls.list_oldest(CallFilter(mock.id, after=ids[1]), 9)
    assert [call.request.target for call in later] == [b"/a/2", b"/new"]


def test_no_call_is_asked_for(store: Store, mock: MockServer) -> None:
    add_calls(store, mock)
    assert list(store.calls.list_oldest(CallFilter(mock.id), 0)) == []
