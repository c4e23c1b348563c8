"""TLS, where mitmproxy's own way does not fit a gateway."""

from __future__ import annotations

from mitmproxy import ctx, tls
from mitmproxy.addons.tlsconfig import AppData, TlsConfig
from mitmproxy.proxy.layers.modes import HttpProxy

from understudy.addons.current import CurrentMode
from understudy.addons.patches.tls_alerts import end_on_fatal_alert

HTTP_2 = b"h2"


class GatewayTls(TlsConfig):
    """mitmproxy's, but it chooses HTTP/2 where a client offers it, as servers do; mitmproxy obeys the client's order.

    Whoever reaches a forward proxy itself by TLS gets HTTP/1.1: CONNECT over HTTP/2 is beyond mitmproxy. Offline, such
    a client takes the gateway for the API.
    """

    def __init__(self, current: CurrentMode) -> None:
        super().__init__()
        self._current = current

    def tls_start_server(self, tls_start: tls.TlsData) -> None:
        """A handshake with an upstream begins."""
        super().tls_start_server(tls_start)
        if tls_start.ssl_conn is not None:
            end_on_fatal_alert(tls_start.ssl_conn)

    def tls_start_client(self, tls_start: tls.TlsData) -> None:
        """A client begins a handshake."""
        super().tls_start_client(tls_start)
        context, connection = tls_start.context, tls_start.ssl_conn
        to_the_proxy = len(context.layers) == 2 and isinstance(context.layers[0], HttpProxy)
        if to_the_proxy and not self._current.active.mode.is_offline:
            return
        if connection is not None and HTTP_2 in context.client.alpn_offers:
            chosen = AppData(client_alpn=HTTP_2, server_alpn=context.server.alpn, http2=ctx.options.http2)
            connection.set_app_data(chosen)
