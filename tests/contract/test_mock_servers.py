"""The contract of `store.repositories.mock_servers.MockServers` and `Keys`."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example
from tests.factories.stored import collect, make_call, make_gateway, make_mock_server, make_server_error, serve
from understudy.store.errors import Conflict, Hint, NotFound, UserError
from understudy.store.model.collections import Collection, Environment
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.messages import Headers, Response
from understudy.store.model.mock_servers import (
    PRESETS,
    ApiKey,
    Behaviour,
    Delay,
    DelayKind,
    Fault,
    FaultKind,
    Matching,
    MockServer,
    RateLimit,
)
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store
from understudy.store.sql.mapping.json_columns import matching_from_text

BEHAVIOURS = [
    Behaviour(),
    Behaviour(delay=PRESETS["2G"]),
    Behaviour(delay=Delay(1, DelayKind.UNIFORM, most=180_000), bytes_per_second=1, timing=0.0),
    Behaviour(delay=Delay(20, DelayKind.LOGNORMAL, sigma=0.5), fault=Fault(FaultKind.CUT, 2.5)),
    Behaviour(fault=Fault(FaultKind.RESET), rate_limit=RateLimit(10, 3)),
]
MATCHINGS = [
    Matching(),
    Matching(body="require", query="require", wildcards=False, ids=False, distance=True, subset=True),
    Matching(headers=frozenset({"B", "a"}), ignore_headers=frozenset({"c"}), distance=False),
    Matching(ids=True),
    Matching(query="off", ignore_query=frozenset({"ü", "q"}), ignore_body=frozenset({"$.at"})),
]
KEY = ApiKey("k", "ci", "d" * 64, "wxyz", 1_000.0)


@pytest.fixture
def shop(store: Store) -> Collection:
    return store.collections.create("shop")


@pytest.mark.parametrize("text", ["Shop API", "shop-api", "01"])
def test_a_mock_server_is_found_by_name_slug_and_id(store: Store, shop: Collection, text: str) -> None:
    mock = serve(store, shop, "Shop API", slug="shop-api", id="01")
    assert store.mock_servers.find(text) == mock


def test_a_name_comes_before_a_slug_and_a_slug_before_an_id(store: Store, shop: Collection) -> None:
    serve(store, shop, "b", slug="c", id="a")
    slug = serve(store, shop, "x", slug="a", id="b")
    assert store.mock_servers.find("a") == slug
    name = serve(store, shop, "a", slug="y", id="c")
    assert store.mock_servers.find("a") == name


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_behaviour_comes_back_as_it_was(store: Store, shop: Collection, behaviour: Behaviour) -> None:
    assert store.mock_servers.find(serve(store, shop, behaviour=behaviour).id).behaviour == behaviour
    collection = collect(store, make_example(behaviour=behaviour), name="other")
    assert [one.behaviour for one in store.collections.list_examples(collection.id)] == [behaviour]


@pytest.mark.parametrize("matching", MATCHINGS)
def test_matching_comes_back_as_it_was(store: Store, shop: Collection, matching: Matching) -> None:
    assert store.mock_servers.find(serve(store, shop, matching=matching).id).matching == matching


def test_matching_of_an_older_version_is_read() -> None:
    """The places to ignore were JSON paths only, and called so."""
    assert matching_from_text('{"ignore_json": ["$.at"]}') == Matching(ignore_body=frozenset({"$.at"}))


def test_everything_but_the_collection_can_be_edited(store: Store, shop: Collection) -> None:
    store.environments.save(Environment("e", "stage"))
    mock = serve(store, shop)
    error = make_server_error(mock)
    store.mock_servers.save_server_error(error)
    edited = replace(
        mock,
        name="other",
        slug="other-slug",
        updated_at=2_000.0,
        environment_id="e",
        private=True,
        behaviour=BEHAVIOURS[1],
        matching=MATCHINGS[1],
        server_error_id=error.id,
        cors=False,
        rewrite_bodies=True,
        log_limit=5,
    )
    store.mock_servers.save(edited)
    assert list(store.mock_servers.list()) == [edited]


def test_the_collection_cannot_be_changed(store: Store, shop: Collection) -> None:
    mock = serve(store, shop)
    other = store.collections.create("other")
    with pytest.raises(UserError, match="the collection of a mock server cannot be changed; create a new mock server"):
        store.mock_servers.save(replace(mock, collection_id=other.id))
    assert store.mock_servers.find(mock.id) == mock


def test_mock_servers_come_by_name(store: Store, shop: Collection) -> None:
    mocks = [serve(store, shop, name) for name in "bca"]
    assert list(store.mock_servers.list()) == [mocks[2], mocks[0], mocks[1]]


@pytest.mark.parametrize(
    ("name", "slug", "line"),
    [
        ("shop", "other", "there is a mock server 'shop' already"),
        ("other", "shop", "there is a mock server with the slug 'shop' already"),
        ("", "x", "a mock server needs a name that is not empty"),
    ],
)
def test_names_and_slugs_are_unique(store: Store, shop: Collection, name: str, slug: str, line: str) -> None:
    serve(store, shop)
    second = serve(store, shop, "second")
    with pytest.raises(UserError, match=line):
        store.mock_servers.create(make_mock_server(shop, name, id="3", slug=slug))
    with pytest.raises(UserError, match=line):
        store.mock_servers.save(replace(second, name=name, slug=slug))
    assert [mock.name for mock in store.mock_servers.list()] == ["second", "shop"]


def test_a_mock_server_may_keep_its_name(store: Store, shop: Collection) -> None:
    mock = serve(store, shop)
    store.mock_servers.save(mock)
    assert list(store.mock_servers.list()) == [mock]


def test_not_found_lists_names(store: Store, shop: Collection) -> None:
    serve(store, shop)
    with pytest.raises(NotFound, match=r"there is no mock server 'other'; there are: shop$"):
        store.mock_servers.find("other")


def test_a_mock_server_that_does_not_exist_cannot_be_edited(store: Store, shop: Collection) -> None:
    mock = make_mock_server(shop)
    line = "there is no mock server with the id 'id-of-shop'"
    for change in (store.mock_servers.save, lambda mock: store.mock_servers.delete(mock.id)):
        with pytest.raises(NotFound, match=line):
            change(mock)
    with pytest.raises(NotFound, match=line):
        store.mock_servers.restart_sequences(mock.id)
    with pytest.raises(NotFound, match=line):
        store.mock_servers.save_server_error(make_server_error(mock))


def test_restarting_sequences_counts_up(store: Store, shop: Collection) -> None:
    mock = serve(store, shop)
    for _ in range(2):
        store.mock_servers.restart_sequences(mock.id)
    assert store.mock_servers.find(mock.id) == replace(mock, sequences_epoch=2)


def test_an_edit_does_not_take_back_a_restart(store: Store, shop: Collection) -> None:
    """The editor may have read the mock server before the restart."""
    mock = serve(store, shop)
    store.mock_servers.restart_sequences(mock.id)
    store.mock_servers.save(mock)
    assert store.mock_servers.find(mock.id).sequences_epoch == 1


def test_a_deleted_mock_server_leaves_its_collection(store: Store, shop: Collection) -> None:
    mock = serve(store, shop)
    store.mock_servers.save_server_error(make_server_error(mock))
    store.calls.add([make_call(mock)], {})
    store.mock_servers.delete(mock.id)
    assert list(store.mock_servers.list()) == []
    assert list(store.mock_servers.list_server_errors(mock.id)) == []
    assert store.calls.clear(mock.id) == 0
    assert store.collections.find("shop") == shop


# What mock servers use


def test_a_collection_in_use_is_not_deleted(store: Store, shop: Collection) -> None:
    for name in "ba":
        serve(store, shop, name)
    with pytest.raises(Conflict, match=r"^the collection shop is used by the mock servers a, b$") as refused:
        store.collections.delete(shop.id)
    assert (refused.value.what, refused.value.which) == ("collection", "shop")
    assert refused.value.hint == Hint("delete_mock_servers", {"mock_servers": "a, b"})
    assert store.collections.find("shop") == shop


def test_an_environment_in_use_is_not_deleted(store: Store, shop: Collection) -> None:
    """Without it the answers of its mock server would change."""
    store.environments.save(Environment("e", "stage"))
    serve(store, shop, environment_id="e")
    with pytest.raises(Conflict, match=r"^the environment stage is used by the mock server shop$") as refused:
        store.environments.delete("e")
    assert refused.value.hint == Hint("detach_environment", {"mock_servers": "shop"})
    assert store.environments.find("stage").id == "e"


def test_a_gateway_outlives_its_mock_server(store: Store, shop: Collection) -> None:
    mock = serve(store, shop)
    store.gateways.register(make_gateway())
    gateway_id = make_gateway().id
    state = GatewayState(Mode.MOCK, shop.id, None, mock.id)
    store.gateways.set_state(gateway_id, state)
    assert store.gateways.record_heartbeat(gateway_id, 1.0, 0, 0) == state
    store.mock_servers.delete(mock.id)
    assert store.gateways.record_heartbeat(gateway_id, 1.0, 0, 0) == replace(state, mock_server_id=None)


# Server errors


RESPONSES = [
    Response(500),
    Response(599, Headers.of([("A", "1"), ("a", "2")]), b"\x00\xff", b"Odd", "HTTP/1.0", Headers.of([("T", "x")])),
]


@pytest.mark.parametrize("response", RESPONSES)
def test_a_server_error_comes_back_as_it_was(store: Store, shop: Collection, response: Response) -> None:
    error = make_server_error(serve(store, shop), response=response)
    store.mock_servers.save_server_error(error)
    assert list(store.mock_servers.list_server_errors(error.mock_server_id)) == [error]


def test_server_errors_are_each_mock_servers_own(store: Store, shop: Collection) -> None:
    first, second = serve(store, shop, "first"), serve(store, shop, "second")
    errors = [make_server_error(first, "b"), make_server_error(first, "a"), make_server_error(second, "a")]
    for error in errors:
        store.mock_servers.save_server_error(error)
    assert list(store.mock_servers.list_server_errors(first.id)) == [errors[1], errors[0]]
    assert list(store.mock_servers.list_server_errors(second.id)) == [errors[2]]


def test_a_server_error_is_replaced_under_its_id_alone(store: Store, shop: Collection) -> None:
    mock = serve(store, shop)
    error = make_server_error(mock)
    for each in (error, replace(error, name="maintenance")):
        store.mock_servers.save_server_error(each)
    with pytest.raises(Conflict, match="there is a server error 'maintenance' already"):
        store.mock_servers.save_server_error(make_server_error(mock, "maintenance"))
    assert [one.name for one in store.mock_servers.list_server_errors(mock.id)] == ["maintenance"]


def test_a_deleted_server_error_is_active_no_more(store: Store, shop: Collection) -> None:
    mock = serve(store, shop)
    error = make_server_error(mock)
    store.mock_servers.save_server_error(error)
    store.mock_servers.save(replace(mock, server_error_id=error.id))
    store.mock_servers.delete_server_error(error.id)
    assert store.mock_servers.find(mock.id).server_error_id is None
    assert list(store.mock_servers.list_server_errors(mock.id)) == []
    with pytest.raises(NotFound):
        store.mock_servers.delete_server_error(error.id)


def test_a_mock_server_keeps_its_active_error_when_another_goes(store: Store, shop: Collection) -> None:
    mock: MockServer = serve(store, shop)
    active, other = make_server_error(mock, "a"), make_server_error(mock, "b")
    for error in (active, other):
        store.mock_servers.save_server_error(error)
    store.mock_servers.save(replace(mock, server_error_id=active.id))
    store.mock_servers.delete_server_error(other.id)
    assert store.mock_servers.find(mock.id).server_error_id == active.id


# Keys


def test_keys_come_by_name(store: Store) -> None:
    other = replace(KEY, id="l", name="alice")
    for key in (KEY, other):
        store.keys.add(key)
    assert list(store.keys.list()) == [other, KEY]


def test_a_key_has_a_name_of_its_own(store: Store) -> None:
    store.keys.add(KEY)
    with pytest.raises(Conflict, match="there is a key 'ci' already"):
        store.keys.add(replace(KEY, id="l"))
    with pytest.raises(UserError, match="a key needs a name that is not empty"):
        store.keys.add(replace(KEY, id="l", name=" "))


@pytest.mark.parametrize("text", ["ci", "k"])
def test_a_revoked_key_is_gone(store: Store, text: str) -> None:
    store.keys.add(KEY)
    assert store.keys.revoke(text) == KEY
    assert list(store.keys.list()) == []
    with pytest.raises(NotFound, match="there is no key"):
        store.keys.revoke(text)
