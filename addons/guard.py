"""The no-live-calls guarantee: the one place where a connection to an upstream is allowed or refused."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from mitmproxy import http, tcp
from mitmproxy.connection import Client
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from addons.active import Current
from addons.flows import stash_headers

logger = logging.getLogger(__name__)

REFUSED = "no live calls in {mode} mode"
OPEN_KEY = "understudy.open"


class Guard:
    """Stamps each request with the mode it starts in, and refuses upstream connections that no live request wants.

    A request that started in a live mode may finish in it after a switch; `live` counts those by client connection,
    `idle` is set while there are none.
    """

    def __init__(self, current: Current) -> None:
        self._current = current
        self.live: Counter[str] = Counter()
        self.tunnels: dict[str, Client] = {}
        self.refused = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A request begins."""
        stash_headers(flow)
        if not self._current.of(flow).mode.offline:
            flow.metadata[OPEN_KEY] = True
            self.live[flow.client_conn.id] += 1
            self.idle.clear()

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Somebody wants a connection: look-up and connect come after this hook, and not if it sets an error."""
        try:
            mode = self._current.active.mode
            if not mode.offline or self.live[data.client.id] > 0:
                return
            reason = REFUSED.format(mode=mode)
        except Exception:  # mitmproxy would log it and connect
            logger.exception("the guard failed; refusing")
            reason = "no live calls: the guard failed"
        self.refused += 1
        data.server.error = reason

    def ended(self, flow: http.HTTPFlow) -> None:
        """A request is over, well or badly."""
        if flow.metadata.pop(OPEN_KEY, None):
            self._forget(flow.client_conn.id, 1)

    def client_disconnected(self, client: Client) -> None:
        """A client has gone with all its requests."""
        self._forget(client.id, self.live[client.id])
        self.tunnels.pop(client.id, None)

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """A WebSocket is open; a switch to an offline mode closes it."""
        self.tunnels[flow.client_conn.id] = flow.client_conn

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """mitmproxy keeps every message of a WebSocket in its flow; memory stays flat without."""
        assert flow.websocket
        flow.websocket.messages.clear()

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """A raw tunnel is open; a switch to an offline mode closes it."""
        self.tunnels[flow.client_conn.id] = flow.client_conn

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        """As for WebSockets."""
        flow.messages.clear()

    def _forget(self, client_id: str, number: int) -> None:
        self.live[client_id] -= number
        if self.live[client_id] <= 0:
            del self.live[client_id]
        if not self.live:
            self.idle.set()


class Finish:
    """Stands last: only after every other hook is a request over."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def response(self, flow: http.HTTPFlow) -> None:
        """A response goes to the client."""
        self._guard.ended(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """A request has failed."""
        self._guard.ended(flow)
