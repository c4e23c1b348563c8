"""Operations on mock servers that exist."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.factories.stored import make_gateway, make_server_error, serve
from understudy.proxy.operations.mock_servers.mock_server_rules import FORBID_PUBLIC
from understudy.proxy.operations.mock_servers.mock_servers import (
    MockServerChanges,
    change_mock_server,
    delete_mock_server,
    find_mock,
    read_mock_server,
    read_mock_server_page,
    read_policy,
    restart_sequences,
    set_policy,
)
from understudy.store.errors import Conflict, NotFound, UserError
from understudy.store.model.collections import Environment
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.mock_servers import Behaviour, Matching, MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.paging import WHOLE_LIST
from understudy.store.repositories.store import Store


@pytest.fixture
def mock(store: Store) -> MockServer:
    """The mock server "shop" of the collection "shop"."""
    return serve(store, store.collections.create("shop"))


def change(store: Store, **changes: Any) -> MockServer:
    """The mock server "shop" after these changes."""
    return change_mock_server(store, "shop", MockServerChanges(**changes), actor="ada").mock


# Reading


def test_a_mock_server_is_read_with_the_names_of_what_it_uses(store: Store) -> None:
    store.environments.save(Environment("e", "stage"))
    mock = serve(store, store.collections.create("wares"), environment_id="e")
    error = make_server_error(mock)
    store.mock_servers.save_server_error(error)
    store.mock_servers.save(replace(mock, server_error_id=error.id))
    details = read_mock_server(store, "shop")
    assert (details.collection, details.environment, details.active_error, details.errors) == (
        "wares",
        "stage",
        "down",
        1,
    )


def test_mock_servers_are_listed_by_name(store: Store, mock: MockServer) -> None:
    serve(store, store.collections.find("shop"), "api")
    assert [details.mock.name for details in list(read_mock_server_page(store, WHOLE_LIST).items)] == ["api", "shop"]


def test_a_mock_server_is_found_before_a_collection(store: Store, mock: MockServer) -> None:
    assert find_mock(store, "shop") == mock


def test_a_collection_is_found_by_its_name(store: Store) -> None:
    shop = store.collections.create("shop")
    assert find_mock(store, "shop") == shop


def test_an_unknown_name_lists_mock_servers_and_collections(store: Store, mock: MockServer) -> None:
    store.collections.create("wares")
    with pytest.raises(NotFound, match="there is no mock server or collection 'x'; there are: shop, wares"):
        find_mock(store, "x")


# Changing


def test_a_change_keeps_what_it_does_not_name(store: Store, mock: MockServer) -> None:
    changed = change(store, private=True)
    assert replace(changed, updated_at=mock.updated_at, private=False) == mock


def test_a_change_has_its_time(store: Store, mock: MockServer) -> None:
    assert change(store, cors=False).updated_at > mock.updated_at


def test_a_change_is_kept(store: Store, mock: MockServer) -> None:
    assert change(store, name="new", log_limit=5) == store.mock_servers.find("new")


def test_behaviour_and_matching_change_field_by_field(store: Store) -> None:
    before: dict[str, Any] = {
        "behaviour": Behaviour(bytes_per_second=9, timing=0.5),
        "matching": Matching(body="require"),
    }
    serve(store, store.collections.create("shop"), **before)
    changed = change(store, behaviour={"timing": None}, matching={"query": "off"})
    assert (changed.behaviour, changed.matching) == (
        Behaviour(bytes_per_second=9),
        Matching(body="require", query="off"),
    )


def test_an_environment_is_attached_and_detached(store: Store, mock: MockServer) -> None:
    store.environments.save(Environment("e", "stage"))
    assert change(store, environment="stage").environment_id == "e"
    assert change(store, detach_environment=True).environment_id is None


def test_environments_follow_a_new_slug(store: Store, mock: MockServer) -> None:
    store.environments.save(Environment("e", "stage", {"base": "http://127.0.0.1:4000/mocks/shop"}))
    change(store, slug="new")
    assert store.environments.find("stage").variables == {"base": "http://127.0.0.1:4000/mocks/new"}


@pytest.mark.parametrize("taken", [{"name": "other"}, {"slug": "other"}])
def test_a_name_or_slug_is_taken_once(store: Store, mock: MockServer, taken: dict[str, str]) -> None:
    serve(store, store.collections.find("shop"), "other")
    with pytest.raises(Conflict, match=r"there is a mock server .*'other' already"):
        change(store, **taken)


@pytest.mark.parametrize("slug", ["", "Shop", "a b", "a/b", "-a"])
def test_a_slug_has_to_stand_in_urls(store: Store, mock: MockServer, slug: str) -> None:
    with pytest.raises(UserError, match="a slug is made of a-z, 0-9 and - between them, at most 63 characters, not "):
        change(store, slug=slug)


def test_the_collection_stays(store: Store, mock: MockServer) -> None:
    with pytest.raises(UserError, match="the collection of a mock server cannot be changed") as raised:
        change(store, collection="other")
    assert raised.value.hint
    assert raised.value.hint.values == {"collection": "other"}


def test_an_unknown_environment_is_refused(store: Store, mock: MockServer) -> None:
    with pytest.raises(NotFound, match="there is no environment 'stage'"):
        change(store, environment="stage")


# The policy


def test_where_public_ones_are_forbidden_none_becomes_public(store: Store) -> None:
    serve(store, store.collections.create("shop"), private=True)
    store.settings.set(FORBID_PUBLIC, True)
    with pytest.raises(UserError, match="public mock servers are forbidden on this store"):
        change(store, private=False)


def test_what_is_public_already_can_be_changed(store: Store, mock: MockServer) -> None:
    store.settings.set(FORBID_PUBLIC, True)
    assert change(store, name="renamed").name == "renamed"


def test_public_ones_are_allowed_at_first(store: Store) -> None:
    assert not read_policy(store).forbidden


def test_the_policy_lists_what_is_public(store: Store, mock: MockServer) -> None:
    serve(store, store.collections.find("shop"), "secret", private=True)
    policy = set_policy(store, forbid_public=True, actor="ada")
    assert (policy.forbidden, policy.public) == (True, ["shop"])
    assert read_policy(store) == policy


# Deleting and starting over


def test_a_deleted_mock_server_leaves_its_collection(store: Store, mock: MockServer) -> None:
    assert delete_mock_server(store, "shop", actor="ada").thing == mock
    assert (list(read_mock_server_page(store, WHOLE_LIST).items), len(store.collections.list_summaries())) == ([], 1)


def test_a_mock_server_that_a_gateway_answers_as_stays(store: Store, mock: MockServer) -> None:
    state = GatewayState(Mode.MOCK, collection_id=mock.collection_id, mock_server_id=mock.id)
    store.gateways.register(replace(make_gateway("edge", heartbeat=time.time()), desired_state=state))
    with pytest.raises(Conflict, match="gateway edge is using mock server shop"):
        delete_mock_server(store, "shop", actor="ada")


def test_sequences_start_over(store: Store, mock: MockServer) -> None:
    restart_sequences(store, "shop", actor="ada")
    assert store.mock_servers.find("shop").sequences_epoch == mock.sequences_epoch + 1
