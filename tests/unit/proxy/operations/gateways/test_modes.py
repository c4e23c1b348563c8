"""Gateway modes: what each needs, which gateway is meant, and the wait until a switch is in force."""

from __future__ import annotations

import re
import time

import pytest

from tests.factories.messages import ORIGIN
from tests.factories.stored import make_gateway, serve
from understudy.proxy.operations.gateways import modes
from understudy.proxy.operations.gateways.modes import (
    ModeSwitch,
    NamedState,
    choose_state,
    find_gateway,
    list_gateways,
    open_session,
    parse_mode,
    switch_mode,
    wait_until_seen,
)
from understudy.store.errors import NotFound, UserError
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.messages import Origin
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store


@pytest.mark.parametrize("mode", Mode)
def test_a_mode_has_its_name(mode: Mode) -> None:
    assert parse_mode(mode.value) is mode


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("", "the modes are pass, record, mock, spy, replay"),
        ("stub", "the modes are pass, record, mock, spy, replay"),
        ("Mock", "did you mean 'mock'?"),
        ("reply", "did you mean 'replay'?"),
        ("rec", "did you mean 'record'?"),
    ],
)
def test_a_mode_that_does_not_exist_suggests_those_that_do(text: str, choices: str) -> None:
    with pytest.raises(UserError, match=f"^there is no mode '{text}'; {re.escape(choices)}$"):
        parse_mode(text)


# What each mode needs


def wanted(store: Store, mode: str, mock: str | None = None, session: str | None = None) -> GatewayState:
    return choose_state(store, Mode(mode), mock=mock, session=session, upstream=ORIGIN, actor="ada")


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
        ("mock", None, None, "mode mock needs a mock server or a collection to answer from"),
        ("spy", None, "s", "mode spy needs a mock server or a collection to answer from"),
        ("replay", None, None, "mode replay needs a session to answer from"),
        ("pass", "c", None, "mode pass does not answer from a collection; leave it out"),
        ("record", "c", None, "mode record does not answer from a collection; leave it out"),
        ("replay", "c", "s", "mode replay does not answer from a collection; leave it out"),
        ("pass", None, "s", "mode pass uses no session; leave it out"),
        ("mock", "c", "s", "mode mock uses no session; leave it out"),
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
def test_a_session_that_does_not_exist_is_created(store: Store, mode: str, mock: str | None) -> None:
    store.collections.create("c")
    state = wanted(store, mode, mock, "new")
    made = store.sessions.find("new")
    assert (state.session_id, made.upstream) == (made.id, ORIGIN)


def test_a_session_that_exists_is_continued(store: Store) -> None:
    session = store.sessions.create("old", ORIGIN)
    assert [open_session(store, "old", upstream, actor="ada") for upstream in (ORIGIN, None)] == [session.id] * 2


@pytest.mark.parametrize("upstream", [None, replace(ORIGIN, port=81)])
def test_a_session_of_another_upstream_is_refused(store: Store, upstream: Origin | None) -> None:
    """Replay could not tell which upstream a request in origin form was for."""
    store.sessions.create("old", upstream)
    with pytest.raises(UserError, match="record to another session"):
        open_session(store, "old", ORIGIN, actor="ada")


def test_a_session_without_a_name_is_named_by_the_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "session-20261122-210000")
    ids = [open_session(store, None, None, actor="ada") for _ in range(3)]
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
    assert find_gateway(store, None) == only


def test_one_of_several_is_named(store: Store) -> None:
    _, other = running(store, "a", "b")
    assert find_gateway(store, "b") == other


@pytest.mark.parametrize(
    ("names", "name", "line"),
    [
        ("", None, "no gateway is running on this store"),
        ("", "a", "no gateway is running on this store"),
        ("ab", None, "2 gateways are running; choose one of a (:8080/a), b (:8080/b)"),
        ("a", "b", "there is no running gateway 'b'; there are: a (:8080/a)"),
    ],
)
def test_an_error_lists_the_gateways_that_run(store: Store, names: str, name: str | None, line: str) -> None:
    running(store, *names)
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        find_gateway(store, name)


def test_a_gateway_that_was_killed_is_not_meant(store: Store) -> None:
    store.gateways.register(make_gateway("killed", heartbeat=time.time() - 60))
    [alive] = running(store, "alive")
    assert find_gateway(store, None) == alive


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


# Switching


def switch(store: Store, mode: Mode, **names: str) -> ModeSwitch:
    given = {"mock": None, "session": None, "gateway": None, **names}
    mock, session, gateway = given["mock"], given["session"], given["gateway"]
    return switch_mode(store, mode, mock=mock, session=session, gateway=gateway, actor="ada")


def test_a_switch_changes_the_desired_state(store: Store) -> None:
    running(store, "a")
    switch(store, Mode.RECORD, session="s")
    assert find_gateway(store, None).desired_state == GatewayState(Mode.RECORD, None, store.sessions.find("s").id)


def test_a_switch_returns_names(store: Store) -> None:
    running(store, "a")
    serve(store, store.collections.create("shop"), "mocked")
    assert switch(store, Mode.SPY, mock="mocked", session="s").state == NamedState(Mode.SPY, "shop", "mocked", "s")


@pytest.mark.parametrize(("seen", "is_in_force"), [(0, False), (1_000, True)])
def test_a_switch_is_in_force_once_the_gateway_has_seen_it(store: Store, seen: int, is_in_force: bool) -> None:
    [gateway] = running(store, "a")
    store.gateways.record_heartbeat(gateway.id, time.time(), seen, 0)
    assert switch(store, Mode.RECORD).is_in_force is is_in_force


def test_a_switch_keeps_its_actor(store: Store) -> None:
    running(store, "a")
    before = store.changes.get_latest()
    switch(store, Mode.PASS)
    assert {change.actor for change in store.changes.list_since(before) or ()} == {"ada"}


def test_a_switch_that_fails_creates_no_session(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    [gateway] = running(store, "a")
    monkeypatch.setattr(modes, "find_gateway", lambda *_: replace(gateway, id="gone"))
    with pytest.raises(NotFound):
        switch(store, Mode.RECORD, session="s")
    assert store.sessions.list_summaries() == []


# Listing


def test_running_gateways_are_listed_with_names(store: Store) -> None:
    [gateway] = running(store, "a")
    store.gateways.set_state(gateway.id, GatewayState(Mode.REPLAY, session_id=store.sessions.create("s", None).id))
    assert [one.state for one in list_gateways(store)] == [NamedState(Mode.REPLAY, session="s")]


def test_a_gateway_that_was_killed_is_not_listed(store: Store) -> None:
    store.gateways.register(make_gateway("killed", heartbeat=time.time() - 60))
    assert list_gateways(store) == []
