"""The protocols of what programs share: settings, the gateways that run, and the revision table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from understudy.store.model.changes import Change
from understudy.store.model.gateways import Gateway, GatewayState


class Settings(Protocol):
    """Settings of the store, whose values are JSON values. Each change is written to the revision table."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a setting, or the default if it is not set."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Set a value."""
        ...

    def set_once(self, key: str, value: Any) -> Any:
        """Return the value of a setting; set this one first if there is no value. All callers get the same value."""
        ...


class Gateways(Protocol):
    """The gateways that run, and the desired state of each."""

    def register(self, gateway: Gateway) -> None:
        """Add a gateway that starts, in the place of one with the same address.

        Raises Conflict if a gateway with its name is running.
        """
        ...

    def list_living(self, now: float) -> Sequence[Gateway]:
        """Return the gateways that run at `now` (seconds since the epoch), by name.

        A gateway runs if its heartbeat is recent, or if its process has the store open.
        """
        ...

    def record_heartbeat(self, gateway_id: str, now: float, seen_revision: int, lost: int) -> GatewayState | None:
        """Record the heartbeat of a gateway, the last change it applied and its number of lost exchanges.

        Returns its desired state, None if it was removed.
        """
        ...

    def set_state(self, gateway_id: str, state: GatewayState) -> int:
        """Set the desired state of a gateway; return the revision of that change. Raises NotFound."""
        ...

    def remove(self, gateway_id: str) -> None:
        """Remove a gateway that ends."""
        ...


class Changes(Protocol):
    """The revision table, by which programs keep their compiled copies up to date."""

    def get_latest(self) -> int:
        """Return the number of the newest change, 0 before the first one."""
        ...

    def list_since(self, revision: int) -> list[Change] | None:
        """Return the changes after `revision` in order; None if they were pruned and the copy has to be built again."""
        ...
