"""What has to be true before a mock server is made or edited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.factories.stored import make_mock_server, serve
from understudy.proxy.operations.mock_servers.mock_servers import (
    FORBID_PUBLIC,
    drafted,
    edited,
    environment_for_url,
    environment_id,
    moved,
    urls,
)
from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Environment
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.store import Store


@pytest.fixture
def mock(store: Store) -> MockServer:
    return serve(store, store.collections.create("shop"))


def draft(store: Store, name: str = "new", slug: str | None = None, **fields: Any) -> MockServer:
    return drafted(store, name, slug, fields)


def test_a_mock_server_answers_by_path_and_by_host() -> None:
    mock = make_mock_server("c", "Shop API", slug="shop-api")
    assert urls(mock) == ("http://127.0.0.1:4000/mocks/shop-api/", "http://shop-api.localhost:4000/")


def test_a_slug_is_made_from_the_name(store: Store, mock: MockServer) -> None:
    assert draft(store, "Shop API").slug == "shop-api"
    assert draft(store, "SHOP!").slug == "shop-2"
    assert draft(store, "new", "given").slug == "given"


@pytest.mark.parametrize("slug", ["", "Shop", "a b", "a/b", "-a"])
def test_a_slug_has_to_stand_in_urls(store: Store, slug: str) -> None:
    with pytest.raises(UserError, match="a slug is made of a-z, 0-9 and - between them, at most 63 characters, not "):
        draft(store, slug=slug)


def test_a_name_is_taken_once(store: Store, mock: MockServer) -> None:
    """Said before a collection is made for it."""
    with pytest.raises(UserError, match="there is a mock server 'shop' already"):
        draft(store, "shop")
    other = serve(store, store.collections.find("shop"), "other")
    with pytest.raises(UserError, match="there is a mock server 'shop' already"):
        edited(store, other, {"name": "shop"})


def test_an_edit_keeps_what_it_does_not_name(store: Store, mock: MockServer) -> None:
    new = edited(store, mock, {"private": True})
    assert replace(new, updated_at=mock.updated_at, private=False) == mock
    assert new.updated_at > mock.updated_at


# The policy


def test_where_public_ones_are_forbidden_none_becomes_public(store: Store, mock: MockServer) -> None:
    store.settings.set(FORBID_PUBLIC, True)
    secret = serve(store, store.collections.find("shop"), "secret", private=True)
    with pytest.raises(UserError, match=r"public mock servers are forbidden on this store .*: make it --private"):
        draft(store)
    with pytest.raises(UserError, match="public mock servers are forbidden on this store"):
        edited(store, secret, {"private": False})
    assert draft(store, private=True).private


def test_what_is_public_already_can_be_edited(store: Store, mock: MockServer) -> None:
    store.settings.set(FORBID_PUBLIC, True)
    assert edited(store, mock, {"name": "renamed"}).name == "renamed"


# Environments


def test_the_url_is_a_variable_of_a_new_environment(store: Store, mock: MockServer) -> None:
    """Without its last slash, as it is written before a path: {{base}}/users."""
    environment = environment_for_url(store, mock, "base")
    assert (environment.name, environment.variables) == ("shop", {"base": "http://127.0.0.1:4000/mocks/shop"})


def test_an_environment_of_that_name_is_used(store: Store, mock: MockServer) -> None:
    """With what it holds; a variable of that name is not written over."""
    store.environments.save(Environment("e", "shop", {"limit": "20"}))
    made = environment_for_url(store, mock, "base")
    assert (made.id, dict(made.variables)) == ("e", {"limit": "20", "base": "http://127.0.0.1:4000/mocks/shop"})
    with pytest.raises(UserError, match="--save-url: environment 'shop' has another 'limit' already: understudy env"):
        environment_for_url(store, mock, "limit")


def test_environments_follow_a_slug(store: Store, mock: MockServer) -> None:
    """Those that hold its URL, whoever saved it."""
    old, other = "http://127.0.0.1:4000/mocks/shop", "http://127.0.0.1:4000/mocks/shop/x"
    store.environments.save(Environment("e", "one", {"a": old, "b": other}))
    store.environments.save(Environment("f", "two", {"a": other}))
    after = replace(mock, slug="new")
    assert moved(store, mock, after) == [Environment("e", "one", {"a": "http://127.0.0.1:4000/mocks/new", "b": other})]
    assert moved(store, mock, replace(mock, name="new")) == []


@pytest.mark.parametrize("variable", ["", " ", "a\nb"])
def test_the_variable_needs_a_name(store: Store, mock: MockServer, variable: str) -> None:
    with pytest.raises(UserError, match="--save-url takes the name of a variable, not "):
        environment_for_url(store, mock, variable)


def test_an_unknown_environment_says_how_to_make_one(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no environment 'stage'; there are none yet; make it with: understudy"):
        environment_id(store, "stage")
