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
    """Stamps each request with the mode it starts in, and refuses upstream connections that no live request wants.

    A request that started in a live mode may finish in it after a switch; `live` counts those by client connection,
    `idle` is set while there are none. With an `upstream` nothing else is called: a reverse proxy is no open forward
    proxy, and its `parents` lead to it alone. `hang_up` closes the connection of a client by its id.
    """

    def __init__(
        self,
        current: CurrentMode,
        upstream: Origin | None = None,
        hang_up: Callable[[str], None] = lambda client_id: None,  # noqa: ARG005 - stock mitmproxy is not switched so
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
        """A request begins."""
        note = reset_note(flow)
        stash_request_headers(flow)
        if not self._current.active_for(flow).mode.is_offline:
            note.live = True
            self.begin_request(flow.client_conn.id)

    def begin_request(self, client_id: str) -> None:
        """A request of this client, seen by no hook, begins in a live mode."""
        self.live[client_id] += 1
        self.idle.clear()

    def end_request(self, client_id: str) -> None:
        """A request that `began` is over, well or badly."""
        self._forget(client_id, 1)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Somebody wants a connection: look-up and connect come after this hook, and not if it sets an error."""
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
        """A request is over, well or badly."""
        note = get_note(flow)
        if note.live:
            note.live = False
            self._forget(flow.client_conn.id, 1)

    def client_disconnected(self, client: Client) -> None:
        """A client has gone with all its requests."""
        self._forget(client.id, self.live[client.id])
        self.tunnels.pop(client.id, None)

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """A WebSocket is open; a switch to an offline mode closes it."""
        self._track_tunnel(flow.client_conn)

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """A raw tunnel is open; a switch to an offline mode closes it."""
        self._track_tunnel(flow.client_conn)

    def hang_up_tunnels(self) -> None:
        """Close what is open: the mode is an offline one now."""
        for client_id in list(self.tunnels):
            self._hang_up(client_id)

    def _track_tunnel(self, client: Client) -> None:
        self.tunnels[client.id] = client
        if self._current.active.mode.is_offline:  # the switch came while it was opening
            self._hang_up(client.id)

    def _forget(self, client_id: str, number: int) -> None:
        left = self.live[client_id] - number
        if left > 0:
            self.live[client_id] = left
        else:
            del self.live[client_id]
        if not self.live:
            self.idle.set()


class MessageDiscarder:
    """mitmproxy keeps every message of a WebSocket or tunnel in its flow; a gateway that runs for days must not."""

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """A message passes."""
        assert flow.websocket
        flow.websocket.messages.clear()

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        """Bytes pass."""
        flow.messages.clear()


class RequestFinisher:
    """Stands last: only after every other hook is a request over."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def response(self, flow: http.HTTPFlow) -> None:
        """A response goes to the client."""
        self._guard.end_flow(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """A request has failed."""
        self._guard.end_flow(flow)
