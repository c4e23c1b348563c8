"""Bytes through CONNECT that are neither TLS nor HTTP: they pass, in both directions at once."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from tests.programs import Serving, Understudy

PIECE = b"\x00\x05" + bytes(range(256)) * 256
PIECES = 400  # 26 MB: more than all buffers on the way hold
SIZE = len(PIECE) * PIECES
DIGEST = hashlib.sha256(PIECE * PIECES).digest()
TIMEOUT = 30.0


def digest_of(peer: socket.socket) -> bytes:
    """What a peer sends, so much of it."""
    got, size = hashlib.sha256(), 0
    while size < SIZE:
        data = peer.recv(65536)
        assert data
        got.update(data)
        size += len(data)
    return got.digest()


class SpeaksFirst(BaseRequestHandler):
    """Sends everything after the beginning of a request, then reads, and sends the digest of that."""

    def handle(self) -> None:
        self.request.recv(1, socket.MSG_PEEK)
        self.request.sendall(PIECE * PIECES)
        self.request.sendall(digest_of(self.request))


@pytest.fixture
def server() -> Iterator[str]:
    """The authority of a server that sends first."""
    ThreadingTCPServer.daemon_threads = True
    with ThreadingTCPServer(("127.0.0.1", 0), SpeaksFirst) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def tunnel(gateway: Serving, authority: str) -> socket.socket:
    """A connection through the gateway."""
    client = socket.create_connection(("127.0.0.1", gateway.port), TIMEOUT)
    client.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    assert head.startswith(b"HTTP/1.1 200 "), head
    return client


def test_a_side_that_is_not_heard_yet_is_heard_later(understudy: Understudy, server: str) -> None:
    """What it sends passes meanwhile: it may not read before all of that has gone out."""
    with understudy.serving("record") as gateway, tunnel(gateway, server) as client, ThreadPoolExecutor(1) as sender:
        sent = sender.submit(client.sendall, PIECE * PIECES)
        came = digest_of(client)
        sent.result()
        received = client.recv(len(DIGEST))
    assert (came, received) == (DIGEST, DIGEST)
