"""JSON shapes of gateways."""

from __future__ import annotations

from tests.factories.stored import make_gateway
from understudy.proxy.operations.gateways.modes import ModeSwitch, NamedState, RunningGateway
from understudy.proxy.operations.views.gateways import gateway_json, mode_switch_json
from understudy.proxy.operations.views.messages import iso_time
from understudy.store.model.gateways import Mode


def test_a_running_gateway() -> None:
    state = NamedState(Mode.SPY, "shop", "mocked", "today")
    assert gateway_json(RunningGateway(make_gateway("east"), state)) == {
        "name": "east",
        "listen": ":8080/east",
        "upstream": None,
        "mode": "spy",
        "collection": "shop",
        "mock_server": "mocked",
        "session": "today",
        "pid": 4711,
        "started_at": iso_time(1_000.0),
        "lost": 0,
    }


def test_a_switch() -> None:
    switch = ModeSwitch(make_gateway("east"), NamedState(Mode.PASS), is_in_force=True)
    assert mode_switch_json(switch) == {"gateway": "east", "mode": "pass", "in_force": True}
