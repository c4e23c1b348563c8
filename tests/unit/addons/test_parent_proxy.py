"""Layers are told the way to an upstream, and tunnels are signed."""

from __future__ import annotations

import pytest
from mitmproxy.test.tflow import tflow, tserver_conn

from understudy.addons.parent_proxy import ParentChooser, UpstreamRoute
from understudy.serving.gateway.parent_proxies import ParentProxies, ParentProxy
from understudy.store.model.messages import Origin

PARENT = ParentProxy("proxy.example", 3128, b"Basic YTpi")
API, OTHER = Origin("https", "api.example.com", 443), Origin("https", "other.example.com", 443)


@pytest.mark.parametrize(("sole", "origin", "parent"), [(None, API, PARENT), (API, API, PARENT), (API, OTHER, None)])
def test_a_reverse_proxy_has_a_way_to_its_upstream_only(
    sole: Origin | None, origin: Origin, parent: ParentProxy
) -> None:
    """To anything else it would be an open proxy: the guard does not see beyond the parent."""
    way = UpstreamRoute(origin)
    ParentChooser(ParentProxies(PARENT, PARENT), sole).choose_route(way)
    assert way.parent == parent


@pytest.mark.parametrize(
    ("address", "authorization"), [(("proxy.example", 3128), "Basic YTpi"), (("proxy.example", 1), None)]
)
def test_a_tunnel_is_signed_for_its_own_parent(address: tuple[str, int], authorization: str | None) -> None:
    flow = tflow()
    flow.server_conn = tserver_conn()
    flow.server_conn.address = address
    ParentChooser(ParentProxies(https=PARENT)).http_connect_upstream(flow)
    assert flow.request.headers.get("Proxy-Authorization") == authorization
