"""TLS where a gateway differs from mitmproxy: the protocol that clients get, and what ends TLS on either side."""

from __future__ import annotations

from functools import partial

from mitmproxy import connection, ctx, tls
from mitmproxy.addons.tlsconfig import AppData, TlsConfig
from mitmproxy.proxy.layers.modes import HttpProxy

from understudy.addons.current import CurrentMode
from understudy.addons.loop.client_limits import ClientLimits
from understudy.addons.patches.tls_alerts import end_on_fatal_alert, watch_first_read
from understudy.addons.tls_refusals import TlsRefusals

HTTP_2 = b"h2"


class GatewayTls(TlsConfig):
    """mitmproxy's TLS, but HTTP/2 is chosen if a client offers it, as servers do; mitmproxy takes its first offer.

    A client that connects to a forward proxy itself by TLS gets HTTP/1.1, because mitmproxy cannot do CONNECT over
    HTTP/2. In an offline mode such a client uses the gateway as the API, and gets HTTP/2.
    """

    def __init__(self, current: CurrentMode, refusals: TlsRefusals, limits: ClientLimits) -> None:
        super().__init__()
        self._current = current
        self._limits = limits
        self._refusals = refusals

    def tls_start_server(self, tls_start: tls.TlsData) -> None:
        """Prepare the handshake with an upstream."""
        super().tls_start_server(tls_start)
        if tls_start.ssl_conn is not None:
            end_on_fatal_alert(tls_start.ssl_conn)

    def tls_start_client(self, tls_start: tls.TlsData) -> None:
        """Choose the protocol in the handshake with a client."""
        super().tls_start_client(tls_start)
        context, ssl_connection = tls_start.context, tls_start.ssl_conn
        if ssl_connection is not None:
            client_id, refusals = context.client.id, self._refusals
            watch_first_read(
                ssl_connection, partial(refusals.note_data, client_id), partial(refusals.note_error, client_id)
            )
        is_to_proxy = len(context.layers) == 2 and isinstance(context.layers[0], HttpProxy)
        if is_to_proxy and not self._current.active.mode.is_offline:
            return
        if ssl_connection is not None and HTTP_2 in context.client.alpn_offers:
            choice = AppData(client_alpn=HTTP_2, server_alpn=context.server.alpn, http2=ctx.options.http2)
            ssl_connection.set_app_data(choice)

    def tls_established_client(self, data: tls.TlsData) -> None:
        """Wait for the first request of a client."""
        self._limits.end_handshake(data.context.client.id)
        self._refusals.begin(data.context.client.id, _find_host(data))

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """Count a handshake that failed."""
        self._refusals.refuse(_find_host(data), data.conn.error or "")

    def client_disconnected(self, client: connection.Client) -> None:
        """Count a connection that was closed without a request."""
        self._refusals.note_close(client.id)


def _find_host(data: tls.TlsData) -> str:
    address = data.context.server.address
    return data.context.client.sni or (address[0] if address else "an unknown host")
