"""The contract of `store.repositories.mock_servers.Calls`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.messages import ORIGIN, make_request, make_response
from tests.factories.stored import make_call, serve
from understudy.store.errors import NotFound
from understudy.store.model.calls import KEPT_BODY, Call
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.repositories import calls as sql_calls


@pytest.fixture
def mock(store: Store) -> MockServer:
    return serve(store, store.collections.create("shop"))


def kept(store: Store, mock: MockServer, limit: int = 100) -> list[Call]:
    """Return the calls of a mock server as the store returns them."""
    return list(store.calls.list_newest(CallFilter(mock.id), limit))


FIELDS = Headers.of([("A", "1"), ("a", "ü")])
CALLS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no answer": {"response": None, "example_id": None, "decision": "reset"},
    "raw": {
        "request": Request("PUT", b"/\xff%00?a", FIELDS, b"\x00\xff", ORIGIN, "HTTP/1.0", FIELDS),
        "response": Response(299, FIELDS, b"\x00\xff", b"Odd", "HTTP/1.0", FIELDS),
        "example_name": "GET /ü - 200",
        "decision": "100 as they are",
        "request_size": 2,
        "response_size": 2,
    },
}


@pytest.mark.parametrize("fields", CALLS.values(), ids=CALLS)
def test_a_call_comes_back_as_it_was(store: Store, mock: MockServer, fields: dict[str, Any]) -> None:
    call = make_call(mock, **fields)
    store.calls.add([call], {})
    [found] = kept(store, mock)
    assert replace(found, id=0) == call
    assert store.calls.get(found.id) == found


def test_only_the_beginning_of_a_long_body_is_kept(store: Store, mock: MockServer) -> None:
    body = b"x" * KEPT_BODY + b"y"
    call = make_call(mock, request=make_request(body=body), response=make_response(body=body))
    store.calls.add([replace(call, request_size=len(body), response_size=len(body))], {})
    [found] = kept(store, mock)
    assert found.response
    assert (found.request.body, found.response.body) == (body[:-1], body[:-1])
    assert (found.request_size, found.response_size) == (len(body), len(body))


def test_calls_are_numbered_in_the_order_of_their_arrival(store: Store, mock: MockServer) -> None:
    for number in range(3):
        store.calls.add([make_call(mock, f"/{number}/{n}", at=-number) for n in range(2)], {})
    found = kept(store, mock)
    assert [call.request.target for call in found] == [b"/0/0", b"/0/1", b"/1/0", b"/1/1", b"/2/0", b"/2/1"]
    assert [call.id for call in found] == sorted({call.id for call in found})


def test_the_newest_calls_come_oldest_first(store: Store, mock: MockServer) -> None:
    store.calls.add([make_call(mock, f"/{n}") for n in range(5)], {})
    assert [call.request.target for call in kept(store, mock, 2)] == [b"/3", b"/4"]


def test_the_newest_calls_of_each_mock_server_are_kept(store: Store, mock: MockServer) -> None:
    other = serve(store, store.collections.find("shop"), "other")
    store.calls.add([make_call(server, f"/{n}") for n in range(10) for server in (mock, other)], {mock.id: 3})
    assert [call.request.target for call in kept(store, mock)] == [b"/7", b"/8", b"/9"]
    assert len(kept(store, other)) == 10
    store.calls.add([make_call(mock, "/10")], {mock.id: 3, other.id: 0})
    assert [call.request.target for call in kept(store, mock)] == [b"/8", b"/9", b"/10"]
    assert kept(store, other) == []


def test_a_log_that_is_not_full_loses_nothing(store: Store, mock: MockServer) -> None:
    store.calls.add([make_call(mock) for _ in range(3)], {mock.id: 3})
    assert len(kept(store, mock)) == 3


def test_ids_are_not_reused(store: Store, mock: MockServer) -> None:
    """A program that follows the log reads the calls after the last id it saw."""
    store.calls.add([make_call(mock)], {})
    [last] = kept(store, mock)
    store.calls.clear(mock.id)
    store.calls.add([make_call(mock)], {})
    assert [call.id > last.id for call in kept(store, mock)] == [True]


def test_calls_of_a_deleted_mock_server_are_ignored(store: Store, mock: MockServer) -> None:
    """The others of their batch are kept."""
    store.calls.add([make_call("gone"), make_call(mock)], {"gone": 10, mock.id: 10})
    assert len(kept(store, mock)) == 1
    assert store.calls.count(CallFilter("gone")) == 0


def test_adding_nothing_is_allowed(store: Store, mock: MockServer) -> None:
    store.calls.add([], {mock.id: 5})
    assert kept(store, mock) == []


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "abcde"),
    ({"since": 20.0}, "cde"),
    ({"until": 20.0}, "ab"),
    ({"since": 10.0, "until": 30.0}, "bc"),
    ({"method": "post"}, "b"),
    ({"path": "/users/*"}, "abc"),
    ({"path": "/users/?"}, "ab"),
    ({"path": "/USERS/*"}, ""),
    ({"path": "/users/[!7]"}, "b"),
    ({"path": "/orders"}, "de"),
    ({"status": "404"}, "d"),
    ({"status": "4xx"}, "cd"),
    ({"status": "5xx"}, ""),
    ({"matched": True}, "abc"),
    ({"matched": False}, "de"),
    ({"path": "/users/*", "status": "200", "method": "GET"}, "a"),
    ({"after": 2}, "cde"),
    ({"before": 3}, "ab"),
    ({"after": 1, "before": 4, "matched": True}, "bc"),
]


@pytest.mark.parametrize(("conditions", "names"), FILTERS)
def test_filters(store: Store, mock: MockServer, conditions: dict[str, Any], names: str) -> None:
    """A call has to meet all conditions, in lists and in counts."""
    calls = [
        make_call(mock, "/users/7?q=*", at=0.0, example_name="a"),
        make_call(mock, "/users/8", at=10.0, example_name="b", method="POST"),
        make_call(mock, "/users/77", at=20.0, example_name="c", response=make_response(429)),
        make_call(mock, "/orders", at=30.0, example_name="d", response=make_response(404), example_id=None),
        make_call(mock, "/orders?a", at=40.0, example_name="e", response=None, example_id=None),
    ]
    store.calls.add(calls, {})
    wanted = CallFilter(mock.id, **conditions)
    assert "".join(call.example_name for call in store.calls.list_newest(wanted, 10)) == names
    assert store.calls.count(wanted) == len(names)


def test_more_than_a_page_is_searched(store: Store, mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_calls, "PAGE", 2)
    store.calls.add([make_call(mock, f"/{'a' if n % 3 else 'b'}/{n}") for n in range(9)], {})
    found = store.calls.list_newest(CallFilter(mock.id, path="/b/*"), 2)
    assert [call.request.target for call in found] == [b"/b/3", b"/b/6"]


def test_clearing_deletes_the_calls_of_one_mock_server(store: Store, mock: MockServer) -> None:
    other = serve(store, store.collections.find("shop"), "other")
    store.calls.add([make_call(mock), make_call(mock), make_call(other)], {})
    assert store.calls.clear(mock.id) == 2
    assert (kept(store, mock), len(kept(store, other))) == ([], 1)


@pytest.mark.parametrize("number", [0, 1, -1, 2**70])
def test_an_unknown_call_is_not_found(store: Store, number: int) -> None:
    with pytest.raises(NotFound, match=f"there is no call {number} in the log"):
        store.calls.get(number)
