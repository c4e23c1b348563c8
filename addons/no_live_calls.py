"""The no-live-calls guarantee: the one place where a connection to an upstream is allowed or refused."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from mitmproxy import http, tcp
from mitmproxy.connection import Client
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note, reset_note
from understudy.addons.flows import stash_request_headers
from understudy.serving.gateway.parent_proxies import Address
from understudy.store.model.messages import Origin

logger = logging.getLogger(__name__)

REFUSAL = "no live calls in {mode} mode"


class Guard:
    """The addon that sets the mode of each request, and refuses upstream connections that no live request needs.

    A request that started in a live mode may finish in it after a switch: `live` counts these by client connection, and
    `idle` is set while no such request is under way. With an `upstream` no other host is called: a reverse proxy is not
    an open forward proxy, and its `parents` lead to the upstream only. `hang_up` closes the connection of a client.
    """

    def __init__(
        self,
        current: CurrentMode,
        upstream: Origin | None = None,
        hang_up: Callable[[str], None] = lambda client_id: None,  # noqa: ARG005 - stock mitmproxy closes nothing
        parents: frozenset[Address] = frozenset(),
    ) -> None:
        self._current = current
        self._upstream = upstream
        self._hang_up = hang_up
        self._parents = parents
        self.live: Counter[str] = Counter()
        self.tunnels: dict[str, Client] = {}
        self.refusal_count = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Mark a request that begins with its mode."""
        note = reset_note(flow)
        stash_request_headers(flow)
        if not self._current.active_for(flow).mode.is_offline:
            note.live = True
            self.begin_request(flow.client_conn.id)

    def begin_request(self, client_id: str) -> None:
        """Count a request of this client that begins in a live mode, and for which no hook runs."""
        # The methods of a Counter are written in Python, those of a dict are not.
        self.live[client_id] = self.live.get(client_id, 0) + 1
        self.idle.clear()

    def end_request(self, client_id: str) -> None:
        """End a request that `begin_request` counted, complete or failed."""
        self._forget(client_id, 1)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Refuse a connection that may not be made: mitmproxy resolves and connects only if this sets no error."""
        try:
            reason = self._find_refusal(data)
            if reason is None:
                return
        except Exception:  # mitmproxy would log it and connect
            logger.exception("the guard failed; refusing")
            reason = "no live calls: the guard failed"
        self.refusal_count += 1
        data.server.error = reason

    def _find_refusal(self, data: ServerConnectionHookData) -> str | None:
        mode = self._current.active.mode
        if mode.is_offline and self.live[data.client.id] <= 0:
            return REFUSAL.format(mode=mode)
        upstream = self._upstream
        if upstream and data.server.address not in {(upstream.host, upstream.port), *self._parents}:
            return f"this gateway calls {self._upstream} only"
        return None

    def end_flow(self, flow: http.HTTPFlow) -> None:
        """End the request of a flow, complete or failed."""
        note = get_note(flow)
        if note.live:
            note.live = False
            self._forget(flow.client_conn.id, 1)

    def client_disconnected(self, client: Client) -> None:
        """End all requests of a client that has left."""
        self._forget(client.id, self.live[client.id])
        self.tunnels.pop(client.id, None)

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """Remember an open WebSocket, which a switch to an offline mode closes."""
        self._track_tunnel(flow.client_conn)

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """Remember an open raw tunnel, which a switch to an offline mode closes."""
        self._track_tunnel(flow.client_conn)

    def hang_up_tunnels(self) -> None:
        """Close all open WebSockets and tunnels after a switch to an offline mode."""
        for client_id in list(self.tunnels):
            self._hang_up(client_id)

    def _track_tunnel(self, client: Client) -> None:
        self.tunnels[client.id] = client
        if self._current.active.mode.is_offline:  # the mode was switched while this one was opening
            self._hang_up(client.id)

    def _forget(self, client_id: str, count: int) -> None:
        remaining = self.live.get(client_id, 0) - count
        if remaining > 0:
            self.live[client_id] = remaining
        else:
            self.live.pop(client_id, None)
        if not self.live:
            self.idle.set()


class MessageDiscarder:
    """The addon that empties flows of their WebSocket messages and tunnelled bytes.

    mitmproxy keeps all of them in memory, which a gateway that runs for days cannot.
    """

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Discard the messages of a WebSocket."""
        assert flow.websocket
        flow.websocket.messages.clear()

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        """Discard the bytes of a tunnel."""
        flow.messages.clear()


class RequestFinisher:
    """The last addon: a request is over only after the hooks of all others."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def response(self, flow: http.HTTPFlow) -> None:
        """End a request whose response goes to the client."""
        self._guard.end_flow(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """End a request that has failed."""
        self._guard.end_flow(flow)
