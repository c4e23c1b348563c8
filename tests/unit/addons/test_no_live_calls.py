"""The no-live-calls guarantee."""

from __future__ import annotations

import pytest
from mitmproxy.connection import Client
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test.tflow import tclient_conn, tflow, tserver_conn, ttcpflow

from tests.factories.flows import make_flow, make_flow_response
from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note
from understudy.addons.flows import request_from_flow
from understudy.addons.no_live_calls import Guard, MessageDiscarder, RequestFinisher
from understudy.serving.gateway.active import ActiveMode
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Origin

LIVE = [Mode.PASS, Mode.RECORD, Mode.SPY]
OFFLINE = [Mode.MOCK, Mode.REPLAY]


def make_guard(mode: Mode) -> tuple[Guard, CurrentMode]:
    current = CurrentMode(ActiveMode(mode))
    return Guard(current), current


def find_refusal(guard: Guard, client: Client | None = None) -> str | None:
    """Return why a connection for this client is refused; None if it is allowed."""
    data = ServerConnectionHookData(tserver_conn(), client or tclient_conn())
    guard.server_connect(data)
    return data.server.error


@pytest.mark.parametrize("mode", LIVE)
def test_a_live_mode_connects(mode: Mode) -> None:
    guard, _ = make_guard(mode)
    assert find_refusal(guard) is None
    assert guard.refusal_count == 0


@pytest.mark.parametrize("mode", OFFLINE)
def test_an_offline_mode_refuses_with_a_reason(mode: Mode) -> None:
    guard, _ = make_guard(mode)
    assert find_refusal(guard) == f"no live calls in {mode} mode"
    assert guard.refusal_count == 1


@pytest.mark.parametrize("mode", OFFLINE)
def test_a_request_that_began_offline_does_not_connect(mode: Mode) -> None:
    guard, _ = make_guard(mode)
    flow = make_flow()
    guard.requestheaders(flow)
    assert find_refusal(guard, flow.client_conn)


@pytest.mark.parametrize("mode", LIVE)
def test_a_request_that_began_live_may_finish(mode: Mode) -> None:
    guard, current = make_guard(mode)
    flow = make_flow()
    guard.requestheaders(flow)
    current.active = ActiveMode(Mode.MOCK)
    assert find_refusal(guard, flow.client_conn) is None


def test_a_live_request_of_another_client_does_not_count() -> None:
    guard, current = make_guard(Mode.RECORD)
    guard.requestheaders(make_flow())
    current.active = ActiveMode(Mode.MOCK)
    assert find_refusal(guard, tclient_conn())


def test_after_the_last_live_request_nothing_connects() -> None:
    guard, current = make_guard(Mode.RECORD)
    flow = make_flow()
    guard.requestheaders(flow)
    current.active = ActiveMode(Mode.MOCK)
    guard.end_flow(flow)
    assert find_refusal(guard, flow.client_conn)


def test_a_request_keeps_the_mode_it_started_in() -> None:
    guard, current = make_guard(Mode.RECORD)
    flow = make_flow()
    guard.requestheaders(flow)
    current.active = ActiveMode(Mode.MOCK)
    assert current.active_for(flow).mode is Mode.RECORD
    assert current.active_for(make_flow()).mode is Mode.MOCK


def test_a_guard_that_fails_refuses() -> None:
    """mitmproxy would log its exception and connect."""
    guard, current = make_guard(Mode.PASS)
    del current.active
    assert find_refusal(guard) == "no live calls: the guard failed"
    assert guard.refusal_count == 1


def test_request_headers_are_remembered_as_received() -> None:
    guard, _ = make_guard(Mode.PASS)
    flow = make_flow(headers=((b"Expect", b"100-continue"),))
    guard.requestheaders(flow)
    flow.request.headers.clear()
    assert request_from_flow(flow).headers.get("Expect") == "100-continue"


# Idle: no live request under way


def test_a_guard_is_idle_until_a_live_request_comes() -> None:
    guard, _ = make_guard(Mode.RECORD)
    assert guard.idle.is_set()
    guard.requestheaders(make_flow())
    assert not guard.idle.is_set()


def test_a_guard_stays_idle_during_an_offline_request() -> None:
    guard, _ = make_guard(Mode.MOCK)
    guard.requestheaders(make_flow())
    assert guard.idle.is_set()


def test_a_guard_is_idle_after_the_last_request() -> None:
    guard, _ = make_guard(Mode.RECORD)
    flows = [make_flow(), make_flow()]
    idle = []
    for flow in flows:
        guard.requestheaders(flow)
    for flow in flows:
        guard.end_flow(flow)
        idle.append(guard.idle.is_set())
    assert idle == [False, True]


def test_a_request_ends_once() -> None:
    """A flow may have an error after its response."""
    guard, _ = make_guard(Mode.RECORD)
    flow, other = make_flow(), make_flow()
    other.client_conn = flow.client_conn
    for one in (flow, other):
        guard.requestheaders(one)
    guard.end_flow(flow)
    guard.end_flow(flow)
    assert not guard.idle.is_set()


def test_a_client_that_leaves_ends_its_requests() -> None:
    guard, _ = make_guard(Mode.RECORD)
    flow, other = make_flow(), make_flow()
    for one in (flow, flow, other):
        guard.requestheaders(one)
    guard.client_disconnected(flow.client_conn)
    assert dict(guard.live) == {other.client_conn.id: 1}


def test_a_request_that_ends_after_its_client_has_left_is_not_counted_twice() -> None:
    guard, _ = make_guard(Mode.RECORD)
    flow = make_flow()
    guard.requestheaders(flow)
    guard.client_disconnected(flow.client_conn)
    guard.end_flow(flow)
    assert guard.idle.is_set()
    assert not guard.live


@pytest.mark.parametrize("hook", ["response", "error"])
def test_a_request_is_over_after_its_last_hook(hook: str) -> None:
    guard, _ = make_guard(Mode.RECORD)
    flow = make_flow(response=make_flow_response(), error="reset")
    guard.requestheaders(flow)
    getattr(RequestFinisher(guard), hook)(flow)
    assert guard.idle.is_set()


# Tunnels


def test_open_tunnels_are_remembered_until_their_client_leaves() -> None:
    guard, _ = make_guard(Mode.PASS)
    websocket, tunnel = tflow(ws=True), ttcpflow()
    guard.websocket_start(websocket)
    guard.tcp_start(tunnel)
    assert set(guard.tunnels) == {websocket.client_conn.id, tunnel.client_conn.id}
    for flow in (websocket, tunnel):
        guard.client_disconnected(flow.client_conn)
    assert guard.tunnels == {}


def test_memory_stays_flat_while_messages_pass() -> None:
    guard = MessageDiscarder()
    websocket, tunnel = tflow(ws=True), ttcpflow()
    guard.websocket_message(websocket)
    guard.tcp_message(tunnel)
    assert websocket.websocket
    assert (websocket.websocket.messages, tunnel.messages) == ([], [])


def test_a_flow_without_a_mode_gets_the_current_one() -> None:
    _, current = make_guard(Mode.MOCK)
    flow = make_flow()
    assert current.active_for(flow) is current.active
    assert get_note(flow).active is current.active


def test_a_tunnel_that_opens_after_the_switch_is_closed() -> None:
    """Its handshake was under way when the mode changed."""
    closed: list[str] = []
    guard = Guard(CurrentMode(ActiveMode(Mode.MOCK)), None, closed.append)
    websocket, tunnel = tflow(ws=True), ttcpflow()
    guard.websocket_start(websocket)
    guard.tcp_start(tunnel)
    assert closed == [websocket.client_conn.id, tunnel.client_conn.id]


@pytest.mark.parametrize(("address", "refused"), [(("api.example.com", 80), False), (("api.example.com", 81), True)])
def test_a_reverse_proxy_calls_its_upstream_only(address: tuple[str, int], refused: bool) -> None:
    guard = Guard(CurrentMode(ActiveMode(Mode.RECORD)), Origin("http", "api.example.com", 80))
    data = ServerConnectionHookData(tserver_conn(), tclient_conn())
    data.server.address = address
    guard.server_connect(data)
    assert bool(data.server.error) is refused


def test_a_reverse_proxy_calls_its_upstream_through_a_parent_too() -> None:
    upstream, parents = Origin("http", "api.example.com", 80), frozenset({("proxy.example", 3128)})
    guard = Guard(CurrentMode(ActiveMode(Mode.RECORD)), upstream, parents=parents)
    data = ServerConnectionHookData(tserver_conn(), tclient_conn())
    data.server.address = ("proxy.example", 3128)
    guard.server_connect(data)
    assert data.server.error is None


def test_a_parent_is_not_called_offline() -> None:
    guard = Guard(CurrentMode(ActiveMode(Mode.MOCK)), parents=frozenset({("proxy.example", 3128)}))
    data = ServerConnectionHookData(tserver_conn(), tclient_conn())
    data.server.address = ("proxy.example", 3128)
    guard.server_connect(data)
    assert data.server.error == "no live calls in mock mode"


def test_a_flow_that_is_sent_again_gets_a_new_note() -> None:
    """mitmproxy's client replay sends a flow again; its first response and mode do not count."""
    guard, current = make_guard(Mode.RECORD)
    flow = make_flow()
    guard.requestheaders(flow)
    get_note(flow).is_answered = True
    current.active = ActiveMode(Mode.MOCK)
    guard.requestheaders(flow)
    assert (get_note(flow).is_answered, current.active_for(flow).mode) == (False, Mode.MOCK)


def test_a_flow_can_be_copied_and_saved() -> None:
    """Nothing of ours is in its metadata, which stock mitmproxy writes to files."""
    guard, _ = make_guard(Mode.RECORD)
    flow = make_flow()
    guard.requestheaders(flow)
    assert flow.copy().metadata == {}
