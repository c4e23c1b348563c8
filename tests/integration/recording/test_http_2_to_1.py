"""HTTP/2 from the client, over TLS or in the clear, and HTTP/1.1 to the upstream, which gets no request too many."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from tests.peers.certificates import make_certificate
from tests.programs import Understudy, answer, upstream
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def handle(handler: BaseHTTPRequestHandler) -> None:
    """Answers with how the body was framed, and its digest."""
    framing, body = handler.headers.get("Transfer-Encoding", "none"), b""
    while framing == "chunked" and (size := int(handler.rfile.readline(), 16)):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    answer(handler, f"{handler.path} {framing} {sha256(body).hexdigest()}".encode())


@pytest.mark.parametrize("number", [1, 40_000])
def test_a_body_of_untold_length_goes_out_in_chunks(understudy: Understudy, number: int) -> None:
    """Small ones are whole when the upstream is called, large ones pass as they come."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    tls.load_cert_chain(certificate)

    def body() -> Iterator[bytes]:
        yield from [SMUGGLED] * number

    with upstream(handle, tls=tls) as url:
        options = ("--upstream", url, "--upstream-ca", certificate, "--session", "api")
        with understudy.serving("record", *options) as gateway:
            context = ssl.create_default_context(cafile=understudy.ca)
            with httpx.Client(http2=True, verify=context, base_url=f"https://127.0.0.1:{gateway.port}") as client:
                answered = client.put("/up", content=body(), timeout=20.0)
    assert answered.http_version == "HTTP/2"
    assert answered.text == f"/up chunked {sha256(SMUGGLED * number).hexdigest()}"
    store = open_store(str(understudy.store))
    [exchange] = store.history.select(HistoryFilter())
    assert store.bodies.read(exchange.request.body) == SMUGGLED * number
    store.close()


def test_a_client_may_begin_with_http_2_in_the_clear(understudy: Understudy) -> None:
    """By prior knowledge, request after request on one connection (RFC 9113, section 3.3); recorded, and replayed."""

    def asked(port: int) -> list[tuple[str, str]]:
        with httpx.Client(http1=False, http2=True, trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
            return [(got.http_version, got.text) for got in map(client.get, ("/a", "/b", "/a"))]

    with (
        upstream(lambda handler: answer(handler, handler.path.encode())) as url,
        understudy.serving("record", "--upstream", url, "--session", "api") as gateway,
    ):
        recorded = asked(gateway.port)
    assert recorded == [("HTTP/2", "/a"), ("HTTP/2", "/b"), ("HTTP/2", "/a")]
    with understudy.serving("replay", "api") as gateway:
        assert asked(gateway.port) == recorded
