"""A private mock server is not answered by a gateway that other machines reach, unless that is allowed."""

from __future__ import annotations

import time

import pytest

from tests.factories.messages import make_example
from tests.factories.stored import collect, make_gateway, serve
from understudy.proxy.operations.exposure import is_loopback
from understudy.proxy.operations.gateways.modes import choose_state, switch_mode
from understudy.proxy.operations.mock_servers.mock_servers import MockServerChanges, change_mock_server
from understudy.store.errors import Conflict, UserError
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store

REMOTE = "0.0.0.0:8080"


@pytest.fixture
def shop(store: Store) -> MockServer:
    """A private mock server."""
    return serve(store, collect(store, make_example()), private=True)


@pytest.mark.parametrize(
    ("listen", "alone"),
    [
        ("127.0.0.1:8080", True),
        ("127.8.0.1:8080", True),
        ("[::1]:8080", True),
        ("::1:8080", True),
        ("localhost:8080", True),
        ("0.0.0.0:8080", False),
        ("[::]:8080", False),
        ("192.168.1.2:8080", False),
        ("[fe80::1%eth0]:8080", False),
        ("build-7:8080", False),
        (":8080", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(listen: str, alone: bool) -> None:
    assert is_loopback(listen) is alone


@pytest.mark.parametrize("mode", [Mode.MOCK, Mode.SPY])
def test_a_private_mock_server_is_refused(store: Store, shop: MockServer, mode: Mode) -> None:
    with pytest.raises(UserError, match=r"is private, and a gateway asks for no keys: .* 0\.0\.0\.0:8080"):
        choose_state(store, mode, mock=shop.name, session=None, upstream=None, actor="test", listen=REMOTE)
    assert store.sessions.list_summaries() == []


@pytest.mark.parametrize("listen", ["127.0.0.1:8080", None])
def test_it_is_allowed_on_loopback_and_where_it_was_allowed(store: Store, shop: MockServer, listen: str | None) -> None:
    state = choose_state(store, Mode.MOCK, mock=shop.name, session=None, upstream=None, actor="test", listen=listen)
    assert state.mock_server_id == shop.id


def test_a_running_gateway_is_not_switched_to_it(store: Store, shop: MockServer) -> None:
    store.gateways.register(replace(make_gateway(heartbeat=time.time()), listen=REMOTE))
    with pytest.raises(UserError, match="is private"):
        switch_mode(store, Mode.MOCK, mock=shop.name, session=None, gateway=None, actor="test")


def test_a_mock_server_does_not_become_private_under_a_gateway(store: Store, shop: MockServer) -> None:
    change_mock_server(store, shop.name, MockServerChanges(private=False), actor="test")
    gateway = replace(make_gateway(heartbeat=time.time()), listen=REMOTE)
    store.gateways.register(
        replace(gateway, desired_state=GatewayState(Mode.MOCK, shop.collection_id, mock_server_id=shop.id))
    )
    with pytest.raises(Conflict, match="asks for no keys"):
        change_mock_server(store, shop.name, MockServerChanges(private=True), actor="test")
    assert not store.mock_servers.find(shop.name).private
