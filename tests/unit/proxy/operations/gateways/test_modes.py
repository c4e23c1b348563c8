"""Telling a gateway its mode."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from tests.factories.messages import ORIGIN
from tests.factories.stored import make_gateway, serve
from understudy.proxy.operations.gateways import modes
from understudy.proxy.operations.gateways.modes import (
    gateway_meant,
    mode_named,
    session_to_record,
    switch,
    wait_until_seen,
    wanted_state,
)
from understudy.store.errors import NotFound, UserError
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.messages import Origin
from understudy.store.repositories.store import Store


@pytest.mark.parametrize("mode", Mode)
def test_a_mode_has_its_name(mode: Mode) -> None:
    assert mode_named(mode.value) is mode


@pytest.mark.parametrize("text", ["", "Mock", "mok", "stub"])
def test_a_mode_that_does_not_exist_lists_those_that_do(text: str) -> None:
    with pytest.raises(UserError, match=f"there is no mode '{text}'; the modes are pass, record, mock, spy, replay$"):
        mode_named(text)


# What each mode needs


def wanted(store: Store, mode: str, mock: str | None = None, session: str | None = None) -> GatewayState:
    return wanted_state(store, Mode(mode), mock=mock, session=session, upstream=ORIGIN)


@pytest.mark.parametrize(
    ("mode", "mock", "session"),
    [
        ("pass", None, None),
        ("record", None, "s"),
        ("mock", "c", None),
        ("spy", "c", "s"),
        ("replay", None, "s"),
    ],
)
def test_a_mode_with_all_it_needs(store: Store, mode: str, mock: str | None, session: str | None) -> None:
    ids = {"c": store.collections.create("c").id, "s": store.sessions.create("s", ORIGIN).id, None: None}
    assert wanted(store, mode, mock, session) == GatewayState(Mode(mode), ids[mock], ids[session])


@pytest.mark.parametrize(
    ("mode", "mock", "session", "line"),
    [
        ("mock", None, None, "mode mock needs a mock server or a collection to answer from: --mock NAME"),
        ("spy", None, "s", "mode spy needs a mock server or a collection to answer from: --mock NAME"),
        ("replay", None, None, "mode replay needs a session to answer from: --session NAME"),
        ("pass", "c", None, "mode pass does not answer from a collection: leave --mock out"),
        ("record", "c", None, "mode record does not answer from a collection: leave --mock out"),
        ("replay", "c", "s", "mode replay does not answer from a collection: leave --mock out"),
        ("pass", None, "s", "mode pass uses no session: leave --session out"),
        ("mock", "c", "s", "mode mock uses no session: leave --session out"),
        ("mock", "nobody", None, "there is no mock server or collection 'nobody'; there are: c"),
        ("replay", None, "nobody", "there is no session 'nobody'; there are: s"),
    ],
)
def test_a_mode_with_something_missing_or_too_much(
    store: Store, mode: str, mock: str | None, session: str | None, line: str
) -> None:
    store.collections.create("c")
    store.sessions.create("s", None)
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        wanted(store, mode, mock, session)
    assert len(store.sessions.list_summaries()) == 1


@pytest.mark.parametrize("mode", ["mock", "spy"])
def test_a_mock_server_is_meant_before_a_collection(store: Store, mode: str) -> None:
    """They may have the same name."""
    shop = store.collections.create("shop")
    mock = serve(store, shop)
    store.collections.create("other")
    state = wanted(store, mode, "shop")
    assert (state.collection_id, state.mock_server_id) == (shop.id, mock.id)


# Sessions to record to


@pytest.mark.parametrize(("mode", "mock"), [("record", None), ("spy", "c")])
def test_a_session_that_is_not_there_is_made(store: Store, mode: str, mock: str | None) -> None:
    store.collections.create("c")
    state = wanted(store, mode, mock, "new")
    made = store.sessions.find("new")
    assert (state.session_id, made.upstream) == (made.id, ORIGIN)


def test_a_session_that_is_there_is_gone_on_with(store: Store) -> None:
    session = store.sessions.create("old", ORIGIN)
    assert [session_to_record(store, "old", upstream) for upstream in (ORIGIN, None)] == [session.id] * 2


@pytest.mark.parametrize("upstream", [None, replace(ORIGIN, port=81)])
def test_a_session_of_another_upstream_is_not_gone_on_with(store: Store, upstream: Origin | None) -> None:
    """Replay could not tell whose requests in origin form they were."""
    store.sessions.create("old", upstream)
    with pytest.raises(UserError, match="record to another session"):
        session_to_record(store, "old", ORIGIN)


def test_a_session_without_a_name_is_named_by_the_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "session-20261122-210000")
    ids = [session_to_record(store, None, None) for _ in range(3)]
    names = ["session-20261122-210000", "session-20261122-210000-2", "session-20261122-210000-3"]
    assert [store.sessions.find(name).id for name in names] == ids


# Which gateway


def running(store: Store, *names: str) -> list[Gateway]:
    gateways = [make_gateway(name, heartbeat=time.time()) for name in names]
    for gateway in gateways:
        store.gateways.register(gateway)
    return gateways


def test_the_only_gateway_is_meant(store: Store) -> None:
    [only] = running(store, "a")
    assert gateway_meant(store, None) == only


def test_one_of_several_is_named(store: Store) -> None:
    _, other = running(store, "a", "b")
    assert gateway_meant(store, "b") == other


@pytest.mark.parametrize(
    ("names", "name", "line"),
    [
        ("", None, "no gateway is running on this store; start one with: understudy gateway"),
        ("", "a", "no gateway is running on this store; start one with: understudy gateway"),
        (
            "ab",
            None,
            "2 gateways are running; say which with --gateway NAME: a (:8080/a), b (:8080/b)",
        ),
        ("a", "b", "there is no running gateway 'b'; there are: a (:8080/a)"),
    ],
)
def test_no_gateway_is_meant(store: Store, names: str, name: str | None, line: str) -> None:
    running(store, *names)
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        gateway_meant(store, name)


def test_a_gateway_that_was_killed_is_not_meant(store: Store) -> None:
    store.gateways.register(make_gateway("killed", heartbeat=time.time() - 60))
    [alive] = running(store, "alive")
    assert gateway_meant(store, None) == alive


# Until it is in force


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look once, and do not wait."""
    ticks = iter(range(100))
    monkeypatch.setattr(modes, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks) / 2)
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.parametrize(("seen", "in_force"), [(6, False), (7, True), (8, True)])
def test_a_change_is_in_force_when_it_was_seen(store: Store, seen: int, in_force: bool) -> None:
    [gateway] = running(store, "a")
    store.gateways.record_heartbeat(gateway.id, time.time(), seen, 0)
    assert wait_until_seen(store, 7) is in_force


def test_every_gateway_has_to_see_it(store: Store) -> None:
    quick, slow = running(store, "quick", "slow")
    store.gateways.record_heartbeat(quick.id, time.time(), 7, 0)
    assert not wait_until_seen(store, 7)
    assert wait_until_seen(store, 7, gateway_id=quick.id)
    assert not wait_until_seen(store, 7, gateway_id=slow.id)


def test_without_gateways_every_change_is_in_force(store: Store) -> None:
    assert wait_until_seen(store, 7)


def test_a_gateway_is_told(store: Store) -> None:
    [gateway] = running(store, "a")
    assert not switch(store, gateway, GatewayState(Mode.RECORD))
    assert gateway_meant(store, None).desired_state == GatewayState(Mode.RECORD)


def test_a_gateway_that_has_gone_cannot_be_told(store: Store) -> None:
    with pytest.raises(NotFound):
        switch(store, replace(make_gateway(), id="gone"), GatewayState(Mode.PASS))
