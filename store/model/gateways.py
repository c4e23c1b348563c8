"""What is kept: exchanges in sessions, examples in collections, environments, gateways. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from understudy.store.model.messages import Origin


class Mode(StrEnum):
    """What a gateway does with a request; the table is in docs/gateway.md."""

    PASS = "pass"
    RECORD = "record"
    MOCK = "mock"
    SPY = "spy"
    REPLAY = "replay"

    @property
    def is_offline(self) -> bool:
        """Whether this mode promises that no upstream is ever called."""
        return self in (Mode.MOCK, Mode.REPLAY)


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What a gateway should be doing: its mode, and the collection or session that the mode needs.

    With `mock_server_id` it answers as that mock server does, from its collection, which is named too.
    """

    mode: Mode
    collection_id: str | None = None
    session_id: str | None = None
    mock_server_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: `wanted` is what it was told, `seen_revision` the last change it acts upon.

    `heartbeat` in seconds since the epoch; `lost` counts exchanges that could not be kept.
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
    """What a client gets whose exchange cannot be kept."""

    STOP = "stop"  # an error that says so
    CONTINUE = "continue"  # the response; the loss is counted and logged
