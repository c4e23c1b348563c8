"""Held requests and the layers of their clients: what a layer does to hold one, and the event that ends it."""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy.proxy import events

from understudy.addons.loop.connections import ClientConnections
from understudy.addons.loop.held_requests import HeldRequest, HeldRequests
from understudy.serving.answers.replies import Hold


@dataclass
class ReleaseEvent(events.Event):
    """A held request is to end."""

    holder: ClientHolder


class ClientHolder:
    """Holds one request of a client; the layers of that client get a `ReleaseEvent` when it is to end."""

    def __init__(self, held: HeldRequests, connections: ClientConnections, client_id: str) -> None:
        self._all = held
        self._connections = connections
        self._client_id = client_id
        self._held: HeldRequest | None = None

    @property
    def is_holding(self) -> bool:
        """Whether the request is held."""
        return self._held is not None

    def begin(self, hold: Hold) -> bool:
        """Hold the request until `end`; return whether it is held, which it is not if too many are."""
        self._held = self._all.begin(hold, self._post_release)
        return self.is_holding

    def end(self) -> None:
        """Hold the request no longer."""
        held, self._held = self._held, None
        if held is not None:
            self._all.end(held)

    def _post_release(self) -> None:
        self._connections.put(self._client_id, ReleaseEvent(self), self.end)
