"""Clients that never read take no memory, and those that read slowly get everything."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.programs import Serving, Understudy, wait_for

pytestmark = pytest.mark.once

TIMEOUT = 20.0
SHORT = ("--limit", "idle_seconds=1", "--limit", "write_seconds=1")
BIG = 50 * 1024 * 1024
GET = b"GET /users/me HTTP/1.1\r\nHost: mock.test\r\n\r\n"
GET_BIG = GET.replace(b"/users/me", b"/big")
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "body"
    path.write_bytes(os.urandom(MEGABYTE) * (BIG // MEGABYTE))
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, big: Path) -> Iterator[Serving]:
    """It waits for nothing longer than a second."""
    understudy = Understudy(tmp_path_factory.mktemp("clients"))
    requests = ("--request", "GET /users/me 200 me", "--request", f"GET /big 200 @{big}")
    understudy.run("mocks", "create", "shop", *requests)
    with understudy.mocks_serving("shop", *SHORT) as serving:
        yield serving


def connect(server: Serving) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), TIMEOUT)


def answers(server: Serving) -> bool:
    """Whether a normal call is answered."""
    with connect(server) as client:
        client.sendall(GET)
        return client.recv(65536).startswith(b"HTTP/1.1 200 ")


def resident(server: Serving) -> int:
    return int(psutil.Process(server.process.pid).memory_info().rss)


def test_a_client_that_never_reads_is_ended(server: Serving) -> None:
    with connect(server) as client:
        client.sendall(GET_BIG)
        wait_for(lambda: not connections(server, client), TIMEOUT)
    assert answers(server)


def connections(server: Serving, client: socket.socket) -> bool:
    """Whether the server holds the other end of this connection."""
    mine = client.getsockname()[1]
    ends = psutil.Process(server.process.pid).net_connections("tcp")
    return any(one.raddr[1:2] == (mine,) for one in ends)


def test_a_client_that_asks_and_never_reads_takes_no_memory(server: Serving) -> None:
    """Requests in a row, as many as are taken, for hundreds of times as many bytes of answers."""
    assert answers(server)  # what the first answer of all takes is not its matter
    before = resident(server)
    row = GET_BIG * 1000
    with connect(server) as client:
        client.setblocking(False)
        most = before
        with contextlib.suppress(ConnectionError):
            while connections(server, client):
                with contextlib.suppress(BlockingIOError):
                    client.send(row)
                most = max(most, resident(server))
                time.sleep(0.01)
    # It is two copies of one answer and a little more, however many were asked for.
    assert most - before < 3 * BIG
    assert answers(server)


def test_a_client_that_reads_slowly_gets_all_of_a_large_body(server: Serving, big: Path) -> None:
    """It takes several times as long as a client may take nothing."""
    digest, missing = hashlib.sha256(), BIG
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)
        client.settimeout(TIMEOUT)
        client.connect(("127.0.0.1", server.port))
        client.sendall(GET_BIG)
        data = client.recv(65536)
        assert data.startswith(b"HTTP/1.1 200 ")
        while data.count(b"\r\n\r\n") == 0:
            data += client.recv(65536)
        piece = data.partition(b"\r\n\r\n")[2]
        for step in itertools.count():
            digest.update(piece)
            missing -= len(piece)
            if not missing:
                break
            if step % 10 == 0:
                time.sleep(0.2)
            piece = client.recv(min(missing, 256 * 1024))
            assert piece, f"it ended {missing} bytes early"
    assert digest.digest() == hashlib.sha256(big.read_bytes()).digest()
