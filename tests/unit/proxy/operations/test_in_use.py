"""What a running gateway uses cannot be deleted."""

from __future__ import annotations

import time

import pytest

from tests.factories.stored import make_gateway, serve
from understudy.proxy.operations.in_use import check_not_in_use
from understudy.store.errors import Conflict
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store

KINDS = ("collection_id", "mock_server_id", "session_id")


def make_ids(store: Store, name: str = "shop") -> dict[str, str]:
    """A collection, a mock server and a session of this name, by the field that names each."""
    collection = store.collections.create(name)
    ids = collection.id, serve(store, collection, name).id, store.sessions.create(name, None).id
    return dict(zip(KINDS, ids, strict=True))


def run_gateway(store: Store, ids: dict[str, str], *, heartbeat: float | None = None) -> None:
    """A gateway that uses these, with a recent heartbeat unless another is given."""
    gateway = make_gateway("edge", heartbeat=time.time() if heartbeat is None else heartbeat)
    store.gateways.register(replace(gateway, desired_state=GatewayState(Mode.SPY, **ids)))


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_gateway_uses_is_a_conflict(store: Store, kind: str) -> None:
    ids = make_ids(store)
    run_gateway(store, ids)
    with pytest.raises(Conflict, match=r"^gateway edge is using thing shop$"):
        check_not_in_use(store, **{kind: ids[kind]}, what="thing", which="shop")


def test_the_conflict_names_what_to_switch_as_data(store: Store) -> None:
    ids = make_ids(store)
    run_gateway(store, ids)
    with pytest.raises(Conflict) as raised:
        check_not_in_use(store, session_id=ids["session_id"], what="session", which="shop")
    error = raised.value
    assert (error.what, error.which) == ("session", "shop")
    assert error.hint
    assert (error.hint.action, error.hint.values) == ("switch_gateway", {"gateway": "edge"})


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_gateway_uses_is_free(store: Store, kind: str) -> None:
    run_gateway(store, make_ids(store))
    check_not_in_use(store, **{kind: make_ids(store, "other")[kind]}, what="thing", which="other")


def test_nothing_is_in_use_where_a_state_names_nothing(store: Store) -> None:
    run_gateway(store, {})
    check_not_in_use(store, what="thing", which="shop")


def test_a_gateway_that_ended_uses_nothing(store: Store) -> None:
    ids = make_ids(store)
    run_gateway(store, ids, heartbeat=1_000.0)
    check_not_in_use(store, collection_id=ids["collection_id"], what="collection", which="shop")
