"""The contract of `store.repositories.gateways.Gateways`."""

from __future__ import annotations

import pytest

from tests.factories.stored import make_gateway
from understudy.store.errors import Conflict, NotFound
from understudy.store.model.changes import Change, Subject
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.messages import Origin
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store

BEAT = 1_000.0
LONG_GONE = BEAT - 10.0
YESTERDAY = BEAT - 100_000.0


def living(store: Store) -> list[Gateway]:
    return list(store.gateways.list_living(BEAT))


def test_a_gateway_comes_back_as_it_was(store: Store) -> None:
    gateway = replace(make_gateway(heartbeat=BEAT), upstream=Origin("https", "::1", 8443), seen_revision=3, lost=2)
    store.gateways.register(gateway)
    assert living(store) == [gateway]


def test_the_living_come_by_name(store: Store) -> None:
    for name in ("b", "a"):
        store.gateways.register(make_gateway(name, heartbeat=BEAT))
    assert [gateway.name for gateway in living(store)] == ["a", "b"]


@pytest.mark.parametrize(("heartbeat", "lives"), [(BEAT, True), (BEAT - 4.9, True), (BEAT - 5.0, False)])
def test_a_gateway_without_a_heartbeat_for_five_seconds_has_ended(store: Store, heartbeat: float, lives: bool) -> None:
    store.gateways.register(make_gateway(heartbeat=heartbeat))
    assert bool(living(store)) is lives


def test_the_name_of_a_living_gateway_is_taken(store: Store) -> None:
    store.gateways.register(make_gateway("shop", heartbeat=BEAT))
    with pytest.raises(Conflict, match=r"a gateway called 'shop' is running already \(process 4711\)"):
        store.gateways.register(replace(make_gateway("shop", heartbeat=BEAT), id="other", listen="127.0.0.1:8081"))


def test_the_name_of_a_dead_gateway_is_free(store: Store) -> None:
    store.gateways.register(make_gateway("shop", heartbeat=LONG_GONE))
    successor = replace(make_gateway("shop", heartbeat=BEAT), id="other")
    store.gateways.register(successor)
    assert living(store) == [successor]


def test_a_gateway_may_register_again_after_a_long_sleep(store: Store) -> None:
    gateway = make_gateway(heartbeat=LONG_GONE)
    store.gateways.register(gateway)
    store.gateways.register(replace(gateway, heartbeat=BEAT))
    assert len(living(store)) == 1


@pytest.mark.parametrize(("heartbeat", "remembered"), [(LONG_GONE, True), (YESTERDAY, False)])
def test_the_row_of_a_killed_gateway_is_deleted_after_a_day(store: Store, heartbeat: float, remembered: bool) -> None:
    killed = make_gateway("killed", heartbeat=heartbeat)
    store.gateways.register(killed)
    store.gateways.register(make_gateway("new", heartbeat=BEAT))
    assert (store.gateways.record_heartbeat(killed.id, BEAT, 0, 0) is not None) is remembered


def test_a_heartbeat_is_recorded(store: Store) -> None:
    gateway = make_gateway(heartbeat=LONG_GONE)
    store.gateways.register(gateway)
    store.gateways.record_heartbeat(gateway.id, BEAT, 7, 3)
    assert living(store) == [replace(gateway, heartbeat=BEAT, seen_revision=7, lost=3)]


def test_a_heartbeat_is_no_change(store: Store) -> None:
    gateway = make_gateway()
    store.gateways.register(gateway)
    before = store.changes.get_latest()
    store.gateways.record_heartbeat(gateway.id, BEAT, 7, 3)
    assert store.changes.get_latest() == before


def test_a_heartbeat_returns_the_desired_state(store: Store) -> None:
    gateway = make_gateway(mode=Mode.RECORD)
    store.gateways.register(gateway)
    assert store.gateways.record_heartbeat(gateway.id, BEAT, 0, 0) == GatewayState(Mode.RECORD)


def test_the_heartbeat_of_a_removed_gateway_returns_none(store: Store) -> None:
    assert store.gateways.record_heartbeat("nobody", BEAT, 0, 0) is None


def test_the_next_heartbeat_returns_a_new_state(store: Store) -> None:
    gateway = make_gateway()
    store.gateways.register(gateway)
    session, collection = store.sessions.create("s", None), store.collections.create("c")
    state = GatewayState(Mode.SPY, collection.id, session.id)
    store.gateways.set_state(gateway.id, state)
    assert store.gateways.record_heartbeat(gateway.id, BEAT, 0, 0) == state


def test_a_state_is_set_for_one_gateway_only(store: Store) -> None:
    first, other = make_gateway("first"), make_gateway("other")
    for gateway in (first, other):
        store.gateways.register(gateway)
    store.gateways.set_state(first.id, GatewayState(Mode.RECORD))
    assert store.gateways.record_heartbeat(other.id, BEAT, 0, 0) == GatewayState(Mode.PASS)


def test_setting_a_state_returns_its_revision(store: Store) -> None:
    gateway = make_gateway()
    store.gateways.register(gateway)
    revision = store.gateways.set_state(gateway.id, GatewayState(Mode.RECORD))
    assert store.changes.list_since(revision - 1) == [Change(revision, Subject.GATEWAY, gateway.id)]


def test_setting_the_state_of_an_unknown_gateway_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="no gateway with the id 'nobody'"):
        store.gateways.set_state("nobody", GatewayState(Mode.PASS))


def test_a_deleted_collection_leaves_the_desired_state(store: Store) -> None:
    gateway, collection = make_gateway(), store.collections.create("c")
    store.gateways.register(gateway)
    store.gateways.set_state(gateway.id, GatewayState(Mode.MOCK, collection.id))
    store.collections.delete(collection.id)
    assert store.gateways.record_heartbeat(gateway.id, BEAT, 0, 0) == GatewayState(Mode.MOCK)


def test_a_removed_gateway_is_gone(store: Store) -> None:
    stays, goes = make_gateway("stays", heartbeat=BEAT), make_gateway("goes", heartbeat=BEAT)
    for gateway in (stays, goes):
        store.gateways.register(gateway)
    store.gateways.remove(goes.id)
    assert living(store) == [stays]


def test_removing_an_unknown_gateway_does_nothing(store: Store) -> None:
    store.gateways.remove("nobody")
    assert living(store) == []


def test_a_gateway_replaces_the_one_with_its_address(store: Store) -> None:
    """A gateway that was killed must not prevent its successor from starting."""
    store.gateways.register(make_gateway("killed", heartbeat=BEAT))
    again = replace(make_gateway("killed", heartbeat=BEAT + 1), id="id-of-the-next")
    store.gateways.register(again)
    assert [gateway.id for gateway in store.gateways.list_living(BEAT + 1)] == ["id-of-the-next"]
