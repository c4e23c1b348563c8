"""The parent proxy that layers call an upstream through, and the credentials for it."""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.proxy.commands import StartHook

from understudy.serving.gateway.parent_proxies import ParentProxies, ParentProxy
from understudy.store.model.messages import Origin


@dataclass
class UpstreamRoute:
    """How an origin is called: through the proxy `parent`, or directly if that is None."""

    origin: Origin
    parent: ParentProxy | None = None


@dataclass
class ChooseRouteHook(StartHook):
    """The hook of a layer that is about to connect to an upstream."""

    route: UpstreamRoute


class ParentChooser:
    """The addon that knows the parent proxies; with an `only_upstream` no other origin is called through them."""

    def __init__(self, parents: ParentProxies, only_upstream: Origin | None = None) -> None:
        self._parents = parents
        self._only_upstream = only_upstream

    def choose_route(self, route: UpstreamRoute) -> None:
        """Choose the parent proxy; origins that may not be called at all are left to the guard."""
        if self._only_upstream in (None, route.origin):
            route.parent = self._parents.find_parent(route.origin)

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        """Add the credentials to the CONNECT request for a tunnel through a parent proxy."""
        for parent in (self._parents.https, self._parents.http):
            if parent and parent.address == flow.server_conn.address and parent.authorization:
                flow.request.headers["Proxy-Authorization"] = parent.authorization.decode("ascii")
                return
