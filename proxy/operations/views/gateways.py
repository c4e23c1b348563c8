"""JSON shapes of gateways."""

from __future__ import annotations

from typing import Any

from understudy.proxy.operations.gateways.modes import ModeSwitch, RunningGateway
from understudy.proxy.operations.views.messages import iso_time


def gateway_json(running: RunningGateway) -> dict[str, Any]:
    """Return a running gateway with its mode and the names of what it uses."""
    gateway, state = running.gateway, running.state
    return {
        "name": gateway.name,
        "listen": gateway.listen,
        "upstream": str(gateway.upstream) if gateway.upstream else None,
        "mode": state.mode,
        "collection": state.collection,
        "mock_server": state.mock_server,
        "session": state.session,
        "pid": gateway.pid,
        "started_at": iso_time(gateway.started_at),
        "lost": gateway.lost,
    }


def mode_switch_json(switch: ModeSwitch) -> dict[str, Any]:
    """Return a switch of a gateway to another mode."""
    return {"gateway": switch.gateway.name, "mode": switch.state.mode, "in_force": switch.is_in_force}
