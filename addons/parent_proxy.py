"""Gives layers the parent proxy that they call an upstream through, and signs in to it."""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.proxy.commands import StartHook

from understudy.serving.gateway.parent_proxies import ParentProxies, ParentProxy
from understudy.store.model.messages import Origin


@dataclass
class UpstreamRoute:
    """How an origin is called: through `parent`, directly if there is none."""

    origin: Origin
    parent: ParentProxy | None = None


@dataclass
class ChooseRouteHook(StartHook):
    """A layer is about to connect to an upstream."""

    route: UpstreamRoute


class ParentChooser:
    """The addon that knows the parents. With a `sole` upstream nothing else is called through them."""

    def __init__(self, parents: ParentProxies, only_upstream: Origin | None = None) -> None:
        self._parents = parents
        self._sole = only_upstream

    def choose_route(self, route: UpstreamRoute) -> None:
        """Choose; what may not be called at all is left to the guard."""
        if self._sole in (None, route.origin):
            route.parent = self._parents.find_parent(route.origin)

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        """A tunnel through a parent is about to be asked for."""
        for parent in (self._parents.https, self._parents.http):
            if parent and parent.address == flow.server_conn.address and parent.authorization:
                flow.request.headers["Proxy-Authorization"] = parent.authorization.decode("ascii")
                return
