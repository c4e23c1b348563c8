"""Methods that llhttp does not know, as Vault's LIST, in every mode: any token is a method (RFC 9110, section 9.1)."""

from __future__ import annotations

import http.client
import socket
from http.server import BaseHTTPRequestHandler

import pytest

from tests.programs import Serving, Understudy, answer, upstream

MALFORMED = [
    b"LIST /v1 HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n",
    b"LIST /v1 HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
    b"LIST /v1 HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
    b"LIST /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]


def list_keys(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, f"{handler.command} {handler.path}".encode())


def ask(gateway: Serving, method: str) -> str:
    client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    client.request(method, "/v1/secret", b"abc")
    body = client.getresponse().read().decode()
    client.close()
    return body


def send(gateway: Serving, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as client:
        client.sendall(data)
        return client.makefile("rb").read()


def test_any_method_is_recorded_replayed_and_mocked(understudy: Understudy) -> None:
    methods = ["LIST", "DESCRIBE"]
    expected = [f"{method} /v1/secret" for method in methods]
    with upstream(list_keys) as url, understudy.serving("record", "--upstream", url, "-s", "vault") as gateway:
        assert [ask(gateway, method) for method in methods] == expected
    with understudy.serving("replay", "vault") as gateway:
        assert [ask(gateway, method) for method in methods] == expected
    understudy.run("promote", "--session", "vault", "--to", "vault")
    with understudy.serving("mock", "vault") as gateway:
        assert [ask(gateway, method) for method in methods] == expected


@pytest.mark.parametrize("mode", [["pass"], ["mock", "--mock", "vault"]], ids=lambda mode: mode[0])
def test_malformed_requests_are_refused(understudy: Understudy, mode: list[str]) -> None:
    understudy.run("mocks", "create", "vault", "--request", "LIST /v1 200 keys")
    with upstream(list_keys) as url, understudy.serving("gateway", "--upstream", url, "--mode", *mode) as gateway:
        assert send(gateway, b"LIST /v1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert [send(gateway, data)[:13] for data in MALFORMED] == [b"HTTP/1.1 400 "] * len(MALFORMED)
