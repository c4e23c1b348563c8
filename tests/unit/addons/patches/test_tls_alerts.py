"""A fatal alert of an upstream: mitmproxy ignores it as installed, with our patch it ends reading.

A test of the installed mitmproxy that fails means that mitmproxy has corrected this itself: our patch can go.
"""

from __future__ import annotations

import pytest
from mitmproxy.options import Options
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ServerTLSLayer
from mitmproxy.proxy.tunnel import TunnelState
from mitmproxy.test.tflow import tclient_conn, tserver_conn
from OpenSSL import SSL

from understudy.addons.patches.tls_alerts import end_on_fatal_alert, watch_first_read

ALERT = SSL.Error([("SSL routines", "", "tlsv13 alert certificate required")])


class ChildLayer(layer.Layer):
    """A layer that keeps the events it gets."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.received: list[events.Event] = []

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        self.received.append(event)
        yield from ()


def make_failing_connection(error: Exception) -> SSL.Connection:
    """A TLS connection of which each read fails with this error."""
    connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))
    connection.set_connect_state()

    def recv(size: int, flags: int | None = None) -> bytes:
        raise error

    connection.recv = recv  # type: ignore[method-assign, assignment]
    return connection


def receive_through_mitmproxy(connection: SSL.Connection) -> list[type[events.Event]]:
    """Have mitmproxy's TLS layer read from an open connection; return the events that its child layer gets."""
    context = Context(tclient_conn(), Options())
    context.server = tserver_conn()
    tls_layer = ServerTLSLayer(context)
    tls_layer.child_layer = child = ChildLayer(context)
    tls_layer.tls = connection
    tls_layer.tunnel_state = TunnelState.OPEN
    list(tls_layer.receive_data(b""))
    return [type(event) for event in child.received]


def test_installed_mitmproxy_ignores_a_fatal_alert() -> None:
    assert receive_through_mitmproxy(make_failing_connection(ALERT)) == []


def test_a_fatal_alert_closes_the_connection_for_the_layers_above() -> None:
    connection = make_failing_connection(ALERT)
    end_on_fatal_alert(connection)
    assert receive_through_mitmproxy(connection) == [events.ConnectionClosed]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ALERT, SSL.ZeroReturnError),
        (SSL.ZeroReturnError(), SSL.ZeroReturnError),
        (SSL.WantReadError(), SSL.WantReadError),
    ],
)
def test_only_a_fatal_alert_is_turned_into_a_close(error: Exception, raised: type[Exception]) -> None:
    connection = make_failing_connection(error)
    end_on_fatal_alert(connection)
    with pytest.raises(raised):
        connection.recv(1)


def test_the_first_read_of_a_connection_is_watched_and_no_later_one() -> None:
    calls: list[str] = []
    connection = make_failing_connection(SSL.WantReadError())

    def recv(size: int, flags: int | None = None) -> bytes:
        return b"GET"

    connection.recv = recv  # type: ignore[method-assign, assignment]
    watch_first_read(connection, lambda: calls.append("data"), calls.append)
    assert [connection.recv(9), connection.recv(9), calls] == [b"GET", b"GET", ["data"]]


def test_an_error_in_the_place_of_the_first_bytes_is_reported() -> None:
    calls: list[str] = []
    connection = make_failing_connection(ALERT)
    watch_first_read(connection, lambda: calls.append("data"), calls.append)
    with pytest.raises(SSL.Error):
        connection.recv(9)
    assert [("certificate required" in call) for call in calls] == [True]
