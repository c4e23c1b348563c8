"""Where mock servers answer, and the environments that hold their URLs."""

from __future__ import annotations

import pytest

from tests.factories.stored import make_mock_server, serve
from understudy.proxy.operations.mock_servers.mock_server_urls import environment_for_url, find_moved_environments, urls
from understudy.store.errors import Conflict, UserError
from understudy.store.model.collections import Environment
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store


@pytest.fixture
def mock(store: Store) -> MockServer:
    return serve(store, store.collections.create("shop"))


def test_a_mock_server_answers_by_path_and_by_host() -> None:
    mock = make_mock_server("c", "Shop API", slug="shop-api")
    assert urls(mock) == ("http://127.0.0.1:4000/mocks/shop-api/", "http://shop-api.localhost:4000/")


def test_the_url_is_a_variable_of_a_new_environment(store: Store, mock: MockServer) -> None:
    """Without its last slash, as it is written before a path: {{base}}/users."""
    environment = environment_for_url(store, mock, "base")
    assert (environment.name, environment.variables) == ("shop", {"base": "http://127.0.0.1:4000/mocks/shop"})


def test_an_environment_of_that_name_keeps_what_it_holds(store: Store, mock: MockServer) -> None:
    store.environments.save(Environment("e", "shop", {"limit": "20"}))
    environment = environment_for_url(store, mock, "base")
    assert (environment.id, dict(environment.variables)) == (
        "e",
        {"limit": "20", "base": "http://127.0.0.1:4000/mocks/shop"},
    )


def test_a_variable_with_another_value_is_a_conflict(store: Store, mock: MockServer) -> None:
    store.environments.save(Environment("e", "shop", {"limit": "20"}))
    with pytest.raises(Conflict, match="environment 'shop' has another 'limit' already") as raised:
        environment_for_url(store, mock, "limit")
    assert raised.value.hint
    assert raised.value.hint.values == {"environment": "shop", "variable": "limit"}


def test_environments_follow_a_slug(store: Store, mock: MockServer) -> None:
    old, other = "http://127.0.0.1:4000/mocks/shop", "http://127.0.0.1:4000/mocks/shop/x"
    store.environments.save(Environment("e", "one", {"a": old, "b": other}))
    store.environments.save(Environment("f", "two", {"a": other}))
    moved = Environment("e", "one", {"a": "http://127.0.0.1:4000/mocks/new", "b": other})
    assert find_moved_environments(store, mock, replace(mock, slug="new")) == [moved]


def test_environments_do_not_follow_a_name(store: Store, mock: MockServer) -> None:
    store.environments.save(Environment("e", "one", {"a": "http://127.0.0.1:4000/mocks/shop"}))
    assert find_moved_environments(store, mock, replace(mock, name="new")) == []


@pytest.mark.parametrize("variable", ["", " ", "a\nb"])
def test_the_variable_needs_a_name(store: Store, mock: MockServer, variable: str) -> None:
    with pytest.raises(UserError, match=r"^takes the name of a variable, not ") as raised:
        environment_for_url(store, mock, variable)
    assert raised.value.field == "save_url"
