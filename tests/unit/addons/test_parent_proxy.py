"""Layers get the parent proxy for an upstream, and CONNECT requests get its credentials."""

from __future__ import annotations

import pytest
from mitmproxy.test.tflow import tflow, tserver_conn

from understudy.addons.parent_proxy import ParentChooser, UpstreamRoute
from understudy.serving.gateway.parent_proxies import ParentProxies, ParentProxy
from understudy.store.model.messages import Origin

PARENT = ParentProxy("proxy.example", 3128, b"Basic YTpi")
API, OTHER = Origin("https", "api.example.com", 443), Origin("https", "other.example.com", 443)


@pytest.mark.parametrize(
    ("only_upstream", "origin", "parent"), [(None, API, PARENT), (API, API, PARENT), (API, OTHER, None)]
)
def test_a_reverse_proxy_calls_only_its_upstream_through_a_parent(
    only_upstream: Origin | None, origin: Origin, parent: ParentProxy
) -> None:
    """Else it would be an open proxy: the guard sees the address of the parent only."""
    route = UpstreamRoute(origin)
    ParentChooser(ParentProxies(PARENT, PARENT), only_upstream).choose_route(route)
    assert route.parent == parent


@pytest.mark.parametrize(
    ("address", "authorization"), [(("proxy.example", 3128), "Basic YTpi"), (("proxy.example", 1), None)]
)
def test_a_tunnel_gets_the_credentials_of_its_own_parent(address: tuple[str, int], authorization: str | None) -> None:
    flow = tflow()
    flow.server_conn = tserver_conn()
    flow.server_conn.address = address
    ParentChooser(ParentProxies(https=PARENT)).http_connect_upstream(flow)
    assert flow.request.headers.get("Proxy-Authorization") == authorization
