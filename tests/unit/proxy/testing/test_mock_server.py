"""Which mock server a test gets, and its settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.messages import make_example
from tests.factories.stored import collect, make_mock_server, make_server_error, serve
from understudy.proxy.testing.mock_server import SETTINGS, SingleMockServer, mock_from_name, mock_from_requests
from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Environment
from understudy.store.model.mock_servers import Behaviour, Delay, Fault, FaultKind, Matching, MockServer, RateLimit
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store

KEPT: dict[str, Any] = {
    "behaviour": Behaviour(Delay(9), 100),
    "matching": Matching(body="require", query="off"),
    "private": True,
}


@pytest.fixture
def shop(store: Store) -> MockServer:
    return serve(store, collect(store, make_example()), **KEPT)


def test_a_mock_server_is_found_by_name(store: Store, shop: MockServer) -> None:
    assert mock_from_name(store, "shop", {}) == shop


def test_a_collection_is_served_as_it_is(store: Store) -> None:
    collection = collect(store, make_example(), name="My cart")
    mock = mock_from_name(store, "My cart", {})
    assert (mock.collection_id, mock.slug, mock.private) == (collection.id, "my-cart", False)
    assert store.mock_servers.list() == []


def test_an_unknown_name_is_refused(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no mock server or collection 'x'"):
        mock_from_name(store, "x", {})


@pytest.mark.parametrize(
    ("settings", "behaviour", "matching"),
    [
        ({"delay": "2G"}, {"delay": Delay(300, preset="2G")}, {}),
        ({"delay": 50}, {"delay": Delay(50)}, {}),
        ({"bytes_per_second": 7}, {"bytes_per_second": 7}, {}),
        ({"fault": "reset:10"}, {"fault": Fault(FaultKind.RESET, 10)}, {}),
        ({"rate_limit": "5/10"}, {"rate_limit": RateLimit(5, 10)}, {}),
        ({"match_body": False}, {}, {"body": False}),
        ({"match_headers": ["X-Team"]}, {}, {"headers": frozenset({"X-Team"})}),
        ({"query": "require"}, {}, {"query": "require"}),
        ({"ignore_query": ("a", "b")}, {}, {"ignore_query": frozenset({"a", "b"})}),
        ({"wildcards": False, "delay": 5}, {"delay": Delay(5)}, {"wildcards": False}),
    ],
)
def test_a_setting_of_the_test_replaces_only_that_setting(
    store: Store, shop: MockServer, settings: dict[str, Any], behaviour: dict[str, Any], matching: dict[str, Any]
) -> None:
    mock = mock_from_name(store, "shop", settings)
    assert mock.behaviour == replace(shop.behaviour, **behaviour)
    assert mock.matching == replace(shop.matching, **matching)
    assert store.mock_servers.find("shop") == shop


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"private": False}, {"private": False}),
        ({"cors": False}, {"cors": False}),
        ({"environment": "stage"}, {"environment_id": "e"}),
    ],
)
def test_a_setting_of_the_test_replaces_that_of_the_mock_server(
    store: Store, shop: MockServer, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    store.environments.save(Environment("e", "stage", {}))
    assert mock_from_name(store, "shop", settings) == replace(shop, **expected)


def test_calls_are_kept_though_the_log_is_off(store: Store) -> None:
    serve(store, collect(store, make_example()), log_limit=0)
    assert mock_from_name(store, "shop", {}).log_limit == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"speed": 1}, rf"no setting 'speed'; the settings are {', '.join(SETTINGS[:3])}, "),
        ({"query": "maybe"}, "query is prefer, require or off, not 'maybe'"),
        ({"delay": "soon"}, "soon"),
        ({"fault": "flood"}, "flood"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_an_unknown_setting_is_refused(store: Store, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        mock_from_name(store, "shop", settings)


def test_an_unknown_environment_is_refused(store: Store, shop: MockServer) -> None:
    with pytest.raises(NotFound):
        mock_from_name(store, shop.name, {"environment": "none"})


def test_requests_become_examples(store: Store) -> None:
    mock = mock_from_requests(store, ["GET /users/1 200 one", "DELETE /users/1 204"], {"cors": False})
    examples = store.collections.list_examples(mock.collection_id)
    assert [(one.request.method, one.request.target, one.response.status) for one in examples] == [
        ("GET", b"/users/1", 200),
        ("DELETE", b"/users/1", 204),
    ]
    assert store.bodies.read(examples[0].response.body) == b"one"
    assert mock.cors is False


def test_a_text_that_is_not_a_request_is_refused(store: Store) -> None:
    with pytest.raises(UserError):
        mock_from_requests(store, ["/users/1"], {})


def test_a_single_mock_server_is_all_that_serving_sees() -> None:
    mock = make_mock_server("c")
    error = make_server_error(mock)
    alone = SingleMockServer(mock, [error])
    assert (alone.list(), alone.find(mock.id), alone.list_server_errors(mock.id)) == ([mock], mock, [error])
    with pytest.raises(NotFound):
        alone.find("another")


def test_a_segment_with_two_wildcards_is_a_warning(store: Store) -> None:
    """A test that types one in would else wait for requests that never match."""
    with pytest.warns(UserWarning, match=r"the segment \{\{a\}\}-\{\{b\}\} of GET /"):
        mock_from_requests(store, ["GET /{{a}}-{{b}}"], {})
