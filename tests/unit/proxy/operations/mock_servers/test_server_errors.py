"""Operations on the server errors of a mock server."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_response
from tests.factories.stored import serve
from understudy.proxy.operations.mock_servers.server_errors import (
    activate_server_error,
    add_server_error,
    deactivate_server_error,
    delete_server_error,
    list_server_errors,
)
from understudy.store.errors import NotFound, UserError
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.store import Store

DOWN = make_response(503, b"down")


@pytest.fixture(autouse=True)
def mock(store: Store) -> MockServer:
    return serve(store, store.collections.create("shop"))


def find_active(store: Store) -> str | None:
    return store.mock_servers.find("shop").server_error_id


def test_a_server_error_is_saved_with_the_reason_of_its_status(store: Store) -> None:
    add_server_error(store, "shop", "down", DOWN, actor="ada")
    [error] = list_server_errors(store, "shop").errors
    assert (error.name, error.response.status, error.response.reason) == ("down", 503, b"Service Unavailable")


def test_a_status_without_a_reason_has_none(store: Store) -> None:
    error = add_server_error(store, "shop", "odd", make_response(599), actor="ada").error
    assert error.response.reason == b""


def test_a_saved_server_error_is_not_active(store: Store) -> None:
    add_server_error(store, "shop", "down", DOWN, actor="ada")
    assert find_active(store) is None


def test_a_server_error_can_be_active_from_the_start(store: Store) -> None:
    added = add_server_error(store, "shop", "down", DOWN, activate=True, actor="ada")
    assert find_active(store) == added.mock.server_error_id == added.error.id


def test_one_server_error_is_active(store: Store) -> None:
    add_server_error(store, "shop", "down", DOWN, activate=True, actor="ada")
    other = add_server_error(store, "shop", "other", DOWN, actor="ada")
    activate_server_error(store, "shop", "other", actor="ada")
    assert find_active(store) == other.error.id


def test_the_active_one_is_switched_off(store: Store) -> None:
    add_server_error(store, "shop", "down", DOWN, activate=True, actor="ada")
    deactivate_server_error(store, "shop", actor="ada")
    assert find_active(store) is None


def test_nothing_is_switched_off_twice(store: Store) -> None:
    with pytest.raises(UserError, match="no server error of shop is active"):
        deactivate_server_error(store, "shop", actor="ada")


def test_a_deleted_server_error_is_not_active(store: Store) -> None:
    add_server_error(store, "shop", "down", DOWN, activate=True, actor="ada")
    delete_server_error(store, "shop", "down", actor="ada")
    assert (find_active(store), list_server_errors(store, "shop").errors) == (None, [])


def test_an_unknown_server_error_lists_those_there_are(store: Store) -> None:
    add_server_error(store, "shop", "down", DOWN, actor="ada")
    with pytest.raises(NotFound, match="shop has no server error 'x'; there are: down"):
        activate_server_error(store, "shop", "x", actor="ada")


@pytest.mark.parametrize("status", [200, 404, 499, 600])
def test_a_server_error_is_a_5xx(store: Store, status: int) -> None:
    with pytest.raises(UserError, match=f"takes a status from 500 to 599, not {status}"):
        add_server_error(store, "shop", "down", make_response(status), actor="ada")
