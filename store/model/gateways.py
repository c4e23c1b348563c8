"""Gateways and their modes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from understudy.store.model.messages import Origin

HEARTBEAT_TIMEOUT_SECONDS = 5.0
"""A gateway sends a heartbeat each second; after so long without one it counts as ended."""


class Mode(StrEnum):
    """What a gateway does with a request; the table is in docs/gateway.md."""

    PASS = "pass"
    RECORD = "record"
    MOCK = "mock"
    SPY = "spy"
    REPLAY = "replay"

    @property
    def is_offline(self) -> bool:
        """Whether a gateway in this mode never calls an upstream."""
        return self in (Mode.MOCK, Mode.REPLAY)

    @property
    def is_recording(self) -> bool:
        """Whether a gateway in this mode records what it forwards."""
        return self in (Mode.RECORD, Mode.SPY)


@dataclass(frozen=True, slots=True)
class GatewayState:
    """The desired state of a gateway: its mode, and the collection or session that the mode needs.

    With `mock_server_id` it answers like that mock server; `collection_id` is then the collection of the mock server.
    """

    mode: Mode
    collection_id: str | None = None
    session_id: str | None = None
    mock_server_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway.

    `desired_state` is the state it has to take on, `seen_revision` the last change that it applied. `started_at` and
    `heartbeat` are in seconds since the epoch; `lost` counts exchanges that could not be stored.
    """

    id: str
    name: str
    pid: int
    listen: str
    upstream: Origin | None
    desired_state: GatewayState
    started_at: float
    heartbeat: float
    seen_revision: int = 0
    lost: int = 0


class OnLoss(StrEnum):
    """The response to a client whose exchange cannot be stored."""

    STOP = "stop"  # an error that gives the reason
    CONTINUE = "continue"  # the response of the upstream; the loss is counted and logged
