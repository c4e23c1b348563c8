"""Operations on the call log of a mock server, in a store that nothing serves."""

from __future__ import annotations

import pytest

from tests.factories.stored import make_call, serve
from understudy.proxy.operations.mock_servers.call_logs import (
    CallConditions,
    check_logging,
    clear_calls,
    list_calls,
    read_call,
    read_new_calls,
)
from understudy.store.errors import NotFound, UserError
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.store import Store


@pytest.fixture
def mock(store: Store) -> MockServer:
    """The mock server "shop", with the calls 1 to 3 in its log."""
    mock = serve(store, store.collections.create("shop"))
    store.calls.add([make_call(mock, f"/{n}") for n in (1, 2, 3)], {mock.id: 100})
    return mock


def test_the_newest_calls_are_listed_oldest_first(store: Store, mock: MockServer) -> None:
    assert [call.id for call in list_calls(store, "shop", limit=2).calls] == [2, 3]


def test_calls_are_listed_by_conditions(store: Store, mock: MockServer) -> None:
    page = list_calls(store, "shop", CallConditions(path="/2"))
    assert [call.id for call in page.calls] == [2]


def test_the_oldest_calls_after_one_are_listed(store: Store, mock: MockServer) -> None:
    page = list_calls(store, "shop", CallConditions(after=0), limit=2)
    assert ([call.id for call in page.calls], page.more) == ([1, 2], CallConditions(after=2))
    page = list_calls(store, "shop", CallConditions(after=2), limit=2)
    assert ([call.id for call in page.calls], page.more) == ([3], None)


def test_a_list_of_calls_goes_on_before_them(store: Store, mock: MockServer) -> None:
    assert list_calls(store, "shop", limit=2).more == CallConditions(before=2)
    page = list_calls(store, "shop", CallConditions(before=2), limit=2)
    assert ([call.id for call in page.calls], page.more) == ([1], None)


def test_calls_before_and_after_are_not_listed_at_once(store: Store, mock: MockServer) -> None:
    with pytest.raises(UserError, match="choose calls before one or after one, not both"):
        list_calls(store, "shop", CallConditions(after=1, before=3))


def test_a_path_is_a_glob(store: Store, mock: MockServer) -> None:
    with pytest.raises(UserError, match="takes a glob of a path, such as '/users/\\*', got 'users'") as raised:
        list_calls(store, "shop", CallConditions(path="users"))
    assert raised.value.field == "path"


def test_new_calls_are_those_after_the_last(store: Store, mock: MockServer) -> None:
    assert [call.id for call in read_new_calls(store, mock, CallConditions(), after=1)] == [2, 3]


def test_a_deleted_mock_server_has_no_new_calls(store: Store, mock: MockServer) -> None:
    store.mock_servers.delete(mock.id)
    with pytest.raises(NotFound, match="mock server shop was deleted, and its log with it"):
        read_new_calls(store, mock, CallConditions(), after=1)


def test_one_call_is_read(store: Store, mock: MockServer) -> None:
    assert read_call(store, "shop", 2).request.path == b"/2"


def test_a_call_to_another_mock_server_is_not_read(store: Store, mock: MockServer) -> None:
    serve(store, store.collections.find("shop"), "other")
    with pytest.raises(NotFound, match="there is no call 2 to other in the log"):
        read_call(store, "other", 2)


def test_a_cleared_log_is_empty(store: Store, mock: MockServer) -> None:
    assert clear_calls(store, "shop", actor="ada").thing.calls == 3
    assert list_calls(store, "shop").calls == []


def test_a_log_that_is_off_comes_with_a_hint(store: Store) -> None:
    mock = serve(store, store.collections.create("shop"), log_limit=0)
    with pytest.raises(UserError, match="the call log of shop is off") as raised:
        check_logging(mock)
    assert raised.value.hint
    assert (raised.value.hint.action, raised.value.hint.values) == ("switch_on_call_log", {"mock_server": "shop"})
