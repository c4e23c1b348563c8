"""Both ends of a WebSocket through a gateway, as sockets: a test sends what bytes it likes, and sees what comes."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from tests.programs import Serving

TIMEOUT = 60.0
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # and the answer to it (RFC 6455, section 1.3)
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Way(StrEnum):
    """How the client's request gets to the gateway."""

    REVERSE = "origin form"
    FORWARD = "absolute form"
    TUNNEL = "CONNECT"
    TLS_TUNNEL = "CONNECT and TLS"


class RawServer:
    """The upstream: a socket that listens, and answers the handshakes of WebSockets."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(TIMEOUT)
        self._tls = tls

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self._listening.getsockname()[1]}"

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.authority}"

    def accept(self, *fields: str, early: bytes = b"") -> socket.socket:
        """Take a WebSocket, with these fields in the response, and these bytes right after it."""
        peer, _ = self._listening.accept()
        peer.settimeout(TIMEOUT)
        if self._tls is not None:
            peer = self._tls.wrap_socket(peer, server_side=True)
        read_head(peer)
        peer.sendall(
            _encode_head("HTTP/1.1 101 Switching Protocols", f"Sec-WebSocket-Accept: {ACCEPT}", *fields) + early
        )
        return peer

    def accept_raw(self) -> socket.socket:
        """Take a connection as it is."""
        peer, _ = self._listening.accept()
        return peer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()


@dataclass(frozen=True)
class Ends:
    """The two ends of one WebSocket."""

    client: socket.socket
    server: socket.socket

    def get(self, *, is_client: bool) -> socket.socket:
        return self.client if is_client else self.server


@contextmanager
def opening(
    gateway: Serving,
    server: RawServer,
    way: Way = Way.FORWARD,
    *,
    target: str = "/",
    extensions: str = "",
    early: bytes = b"",
    ca: Path | None = None,
) -> Iterator[Ends]:
    """Open a WebSocket; the client of a TLS tunnel trusts `ca`."""
    agreed = [f"Sec-WebSocket-Extensions: {extensions}"] if extensions else []
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        client = socket.create_connection(("127.0.0.1", gateway.port), TIMEOUT)
        stack.enter_context(client)
        accepting = pool.submit(server.accept, *agreed, early=early)
        if way in (Way.TUNNEL, Way.TLS_TUNNEL):
            client.sendall(f"CONNECT {server.authority} HTTP/1.1\r\nHost: {server.authority}\r\n\r\n".encode())
            assert read_head(client).startswith(b"HTTP/1.1 200 ")
        if way is Way.TLS_TUNNEL:
            client = ssl.create_default_context(cafile=str(ca)).wrap_socket(client, server_hostname="127.0.0.1")
            stack.enter_context(client)
        line = f"GET {server.url if way is Way.FORWARD else ''}{target} HTTP/1.1"
        offered = ("Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}", *agreed)
        client.sendall(_encode_head(line, f"Host: {server.authority}", *offered))
        assert read_head(client).startswith(b"HTTP/1.1 101 ")
        upstream = accepting.result(TIMEOUT)
        stack.callback(upstream.close)
        yield Ends(client, upstream)


def read_head(peer: socket.socket) -> bytes:
    """Read until an empty line, and no further."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = peer.recv(1)
        assert data, head
        head += data
    return head


def read_exactly(peer: socket.socket, size: int) -> bytes:
    """Read so many bytes, fewer if the connection ends."""
    data = bytearray()
    while len(data) < size and (piece := peer.recv(min(size - len(data), 256 * 1024))):
        data += piece
    return bytes(data)


def has_ended(peer: socket.socket) -> bool:
    """Whether the connection ends without another byte; waits for either."""
    with contextlib.suppress(ConnectionError):
        return peer.recv(1) == b""
    return True


def _encode_head(line: str, *fields: str) -> bytes:
    common = ("Connection: Upgrade", "Upgrade: websocket")
    return "\r\n".join([line, *common, *fields, "", ""]).encode()
