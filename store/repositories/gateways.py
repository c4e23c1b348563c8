"""What the store promises of what programs share: gateways that run, settings, changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from understudy.store.model.changes import Change
from understudy.store.model.gateways import Gateway, GatewayState


class Settings(Protocol):
    """Settings of the store; values are what JSON can say."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a setting, or the default."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        ...

    def set_once(self, key: str, value: Any) -> Any:
        """The value of a setting; this one is kept if there was none, and everybody who asks gets the same."""
        ...


class Gateways(Protocol):
    """Gateways that run, and what they are told to do."""

    def register(self, gateway: Gateway) -> None:
        """Keep a row for a gateway that starts, in place of one that had its address.

        Raises UserError when a living one has its name.
        """
        ...

    def list_living(self, now: float) -> Sequence[Gateway]:
        """The gateways whose heartbeat is recent, by name."""
        ...

    def record_heartbeat(self, gateway_id: str, now: float, seen_revision: int, lost: int) -> GatewayState | None:
        """Say that a gateway lives; returns what it should be doing, None when its row is gone."""
        ...

    def set_state(self, gateway_id: str, state: GatewayState) -> int:
        """Tell a gateway its mode; returns the revision of that change. Raises NotFound."""
        ...

    def remove(self, gateway_id: str) -> None:
        """Take out the row of a gateway that ends."""
        ...


class Changes(Protocol):
    """The revision table."""

    def get_latest(self) -> int:
        """The number of the newest change, 0 when nothing ever changed."""
        ...

    def list_since(self, revision: int) -> list[Change] | None:
        """The changes after `revision`, in order; None when they were pruned and everything has to be read again."""
        ...
