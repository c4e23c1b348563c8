"""TLS where a gateway differs from mitmproxy: the protocol that clients get, and fatal alerts of upstreams."""

from __future__ import annotations

from mitmproxy import ctx, tls
from mitmproxy.addons.tlsconfig import AppData, TlsConfig
from mitmproxy.proxy.layers.modes import HttpProxy

from understudy.addons.current import CurrentMode
from understudy.addons.patches.tls_alerts import end_on_fatal_alert

HTTP_2 = b"h2"


class GatewayTls(TlsConfig):
    """mitmproxy's TLS, but HTTP/2 is chosen if a client offers it, as servers do; mitmproxy takes its first offer.

    A client that connects to a forward proxy itself by TLS gets HTTP/1.1, because mitmproxy cannot do CONNECT over
    HTTP/2. In an offline mode such a client uses the gateway as the API, and gets HTTP/2.
    """

    def __init__(self, current: CurrentMode) -> None:
        super().__init__()
        self._current = current

    def tls_start_server(self, tls_start: tls.TlsData) -> None:
        """Prepare the handshake with an upstream."""
        super().tls_start_server(tls_start)
        if tls_start.ssl_conn is not None:
            end_on_fatal_alert(tls_start.ssl_conn)

    def tls_start_client(self, tls_start: tls.TlsData) -> None:
        """Choose the protocol in the handshake with a client."""
        super().tls_start_client(tls_start)
        context, connection = tls_start.context, tls_start.ssl_conn
        is_to_proxy = len(context.layers) == 2 and isinstance(context.layers[0], HttpProxy)
        if is_to_proxy and not self._current.active.mode.is_offline:
            return
        if connection is not None and HTTP_2 in context.client.alpn_offers:
            choice = AppData(client_alpn=HTTP_2, server_alpn=context.server.alpn, http2=ctx.options.http2)
            connection.set_app_data(choice)
