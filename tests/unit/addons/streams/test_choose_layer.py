"""The choice of the layer for a connection: never one that calls out by itself."""

from __future__ import annotations

import pytest
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer, NextLayer
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.test.tflow import tclient_conn

from tests.in_memory.recording_layer import make_forwarding, make_limits
from understudy.addons.flows import UNRESOLVABLE_ADDRESS
from understudy.addons.layers.http1_layer import Http1Layer
from understudy.addons.streams.choose_layer import LayerChooser
from understudy.addons.streams.gateway_http_layer import GatewayHttpLayer
from understudy.serving.gateway.active import ActiveMode
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Origin

TLS_HELLO = b"\x16\x03\x01"
GET = b"GET / HTTP/1.1\r\n"
ABSOLUTE = b"GET http://a/ HTTP/1.1\r\n"


class Question(NextLayer):
    """mitmproxy's question for the next layer, after the client has sent `data`."""

    def __init__(self, context: Context, data: bytes) -> None:
        super().__init__(context)
        self.data = data

    def data_client(self) -> bytes:
        return self.data


def ask(data: bytes, *, in_tunnel: bool = False, protocol: str = "tcp", alpn: bytes | None = None) -> Question:
    """Make the question on a fresh connection, or inside CONNECT."""
    client = tclient_conn()
    client.transport_protocol = protocol  # type: ignore[assignment]  # a literal
    client.alpn = alpn
    context = Context(client, Options())
    HttpProxy(context)
    if in_tunnel:
        HttpLayer(context, HTTPMode.regular)
    return Question(context, data)


def choose(question: Question, mode: Mode = Mode.PASS, upstream: Origin | None = None) -> Layer | None:
    settings, limits = make_forwarding(ActiveMode(mode), upstream=upstream), make_limits()
    LayerChooser(settings, limits).next_layer(question)
    return question.layer


def http_mode(chosen: Layer | None) -> HTTPMode | None:
    return chosen.mode if isinstance(chosen, GatewayHttpLayer) else None


FORMS = [GET, b"g", b"OPTIONS * HTTP/1.1\r\n", ABSOLUTE, b"GET HTTPS://a/ HTTP/1.1\r\n"]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("data", FORMS)
@pytest.mark.parametrize("in_tunnel", [False, True])
def test_all_forms_of_http_1_get_the_gateways_own_layer(data: bytes, mode: Mode, in_tunnel: bool) -> None:
    assert type(choose(ask(data, in_tunnel=in_tunnel), mode)) is Http1Layer


@pytest.mark.parametrize("data", [b"CONNECT a:443 HTTP/1.1\r\n", b"connect a:443 HTTP/1.1\r\n"])
def test_a_tunnel_is_opened_by_mitmproxy(data: bytes) -> None:
    assert http_mode(choose(ask(data))) is HTTPMode.regular


def test_http_2_gets_mitmproxys_layer() -> None:
    assert http_mode(choose(ask(b"PRI * HTTP/2.0\r\n", alpn=b"h2"))) is HTTPMode.transparent


@pytest.mark.parametrize("in_tunnel", [False, True])
def test_a_handshake_begins_no_tls_with_the_upstream(in_tunnel: bool) -> None:
    assert type(choose(ask(TLS_HELLO, in_tunnel=in_tunnel))) is ClientTLSLayer


@pytest.mark.parametrize("question", [ask(b""), ask(GET, protocol="udp"), ask(b"\x00\x01raw", in_tunnel=True)])
def test_mitmproxy_chooses_for_all_other_connections(question: Question) -> None:
    assert choose(question, Mode.PASS) is None


@pytest.mark.parametrize("mode", [Mode.MOCK, Mode.REPLAY])
@pytest.mark.parametrize("data", [b"\x00\x01raw", b"SSH-2.0-OpenSSH\r\n", b" \r\n"])
def test_offline_no_raw_tunnel_is_opened(mode: Mode, data: bytes) -> None:
    """For bytes that are neither TLS nor HTTP, mitmproxy would call an upstream."""
    assert type(choose(ask(data, in_tunnel=True), mode)) is Http1Layer


@pytest.mark.parametrize("mode", [Mode.MOCK, Mode.REPLAY])
@pytest.mark.parametrize(
    "question", [ask(b"CONNECT a:443 HTTP/1.1\r\n"), ask(b"PRI * HTTP/2.0\r\n"), ask(b"\0", alpn=b"h2")]
)
def test_offline_tunnels_and_http_2_get_mitmproxys_layer(mode: Mode, question: Question) -> None:
    assert http_mode(choose(question, mode)) is not None


@pytest.mark.parametrize(
    ("upstream", "address", "tls"),
    [
        (None, UNRESOLVABLE_ADDRESS, False),
        (Origin("http", "api.example.com", 8080), ("api.example.com", 8080), False),
        (Origin("https", "api.example.com", 443), ("api.example.com", 443), True),
    ],
)
@pytest.mark.parametrize("data", [GET, TLS_HELLO])
def test_a_connection_gets_the_address_of_the_upstream_or_an_unresolvable_one(
    upstream: Origin | None, address: tuple[str, int], tls: bool, data: bytes
) -> None:
    question = ask(data)
    choose(question, upstream=upstream)
    assert (question.context.server.address, question.context.server.tls) == (address, tls)


def test_a_tunnel_keeps_its_address() -> None:
    question = ask(TLS_HELLO, in_tunnel=True)
    question.context.server.address = ("asked.example", 443)
    choose(question, upstream=Origin("http", "api.example.com", 80))
    assert (question.context.server.address, question.context.server.tls) == (("asked.example", 443), True)
