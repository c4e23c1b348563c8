"""The processes of `understudy mocks serve`: TLS, an end in order, workers that take each other's place, addresses."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.integration.clients import CLIENTS, Call, Route
from tests.peers.certificates import make_certificate
from tests.programs import PATIENCE_SECONDS, Serving, Understudy, free_port, probe, wait_for
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.sql.open_store import open_store

HOST = "mock.test"

TIMEOUT = PATIENCE_SECONDS
GET = b"GET /users/me HTTP/1.1\r\nHost: mock.test\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: mock.test\r\n\r\n"
WORKERS = pytest.mark.parametrize("workers", [1, 2])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    understudy = Understudy(tmp_path_factory.mktemp("shop"))
    understudy.run("mocks", "create", "shop", "--request", "GET /users/me 200 me", "--request", "GET /slow 200 slow")
    understudy.run("examples", "set", "GET /slow - 200", "--delay", "1000")
    return understudy


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "mock.pem", HOST, "127.0.0.1")


@pytest.fixture
def own_shop(shop: Understudy, understudy: Understudy) -> Understudy:
    """A copy with an empty call log, to be changed."""
    shutil.copy(shop.store, understudy.store)
    understudy.run("mocks", "logs", "shop", "--clear")
    return understudy


def connect(serving: Serving, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((address, serving.port), TIMEOUT)


def answer(client: socket.socket, asked: bytes = GET) -> bytes:
    client.sendall(asked)
    data = client.recv(65536)
    while not data.endswith((b"me", b"slow")):
        piece = client.recv(65536)
        assert piece, data
        data += piece
    return data


def rest(client: socket.socket) -> bytes:
    data = b""
    while piece := client.recv(65536):
        data += piece
    return data


# TLS


def test_a_certificate_makes_it_https(shop: Understudy, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        shop.mocks_serving("shop", "--certfile", certificate) as serving,
        context.wrap_socket(connect(serving), server_hostname=HOST) as client,
    ):
        assert "https://127.0.0.1:" in serving.log
        assert client.selected_alpn_protocol() == "http/1.1"
        assert answer(client).startswith(b"HTTP/1.1 200 ")
        assert answer(client, SLOW).endswith(b"slow")


def test_over_tls_a_refusal_is_read_too(shop: Understudy, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=certificate)
    with (
        shop.mocks_serving("shop", "--certfile", certificate) as serving,
        context.wrap_socket(connect(serving), server_hostname=HOST) as client,
    ):
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000000\r\n\r\n" + b"x" * 8_000_000)
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_who_does_not_speak_tls_harms_nobody(shop: Understudy, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=certificate)
    with shop.mocks_serving("shop", "--certfile", certificate) as serving:
        with connect(serving) as plain:
            plain.sendall(GET)
            assert b"HTTP" not in rest_or_reset(plain)
        with context.wrap_socket(connect(serving), server_hostname=HOST) as client:
            assert answer(client).startswith(b"HTTP/1.1 200 ")


def rest_or_reset(client: socket.socket) -> bytes:
    try:
        return rest(client)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("client", ["requests", "httpx", "curl"])
def test_clients_get_an_answer_by_https(shop: Understudy, certificate: Path, tmp_path: Path, client: str) -> None:
    """With the key in a file of its own."""
    key, begin, rest_of = certificate.read_text().partition("-----BEGIN CERTIFICATE")
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "cert.pem").write_text(begin + rest_of)
    files = ("--certfile", tmp_path / "cert.pem", "--keyfile", tmp_path / "key.pem")
    with shop.mocks_serving("shop", *files) as serving:
        got = CLIENTS[client](f"https://{serving.listen}", Call("me", "/users/me"), Route(ca=certificate))
    assert (got.status, got.body) == (200, b"me")


def test_files_that_are_no_certificate_are_refused(shop: Understudy, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("none")
    line = shop.mistake("mocks", "serve", "--certfile", tmp_path / "no.pem")
    assert "--certfile" in line


# The end


@WORKERS
def test_at_the_end_requests_under_way_are_answered_and_idle_connections_close(shop: Understudy, workers: int) -> None:
    with (
        shop.mocks_serving("shop", "--workers", workers) as serving,
        connect(serving) as busy,
        connect(serving) as idle,
    ):
        answer(idle)
        answer(busy)
        busy.sendall(SLOW)
        wait_until_read(busy, serving)
        serving.process.send_signal(signal.SIGTERM)
        assert rest(idle) == b""
        serving.process.send_signal(signal.SIGTERM)
        assert rest(busy).endswith(b"slow")
        assert serving.process.wait(PATIENCE_SECONDS) == 0
        assert "Traceback" not in serving.log


def wait_until_read(client: socket.socket, serving: Serving) -> None:
    """Until nothing that was sent lies unread with the server: it holds the request then."""
    mine = client.getsockname()[1]
    line = f":{serving.port:04X} 0100007F:{mine:04X} 01 00000000:00000000"
    wait_for(lambda: line in Path("/proc/net/tcp").read_text())


@WORKERS
def test_ctrl_c_reaches_all_processes_and_ends_them_in_order(shop: Understudy, workers: int) -> None:
    """A terminal sends it to each of them."""
    with shop.mocks_serving("shop", "--workers", workers) as serving, connect(serving) as busy:
        busy.sendall(SLOW)
        wait_until_read(busy, serving)
        for pid in [*children(serving), serving.process.pid]:
            os.kill(pid, signal.SIGINT)
        assert rest(busy).endswith(b"slow")
        assert serving.process.wait(PATIENCE_SECONDS) == 0
        assert "Traceback" not in serving.log


def test_the_last_answers_say_so_and_are_logged(own_shop: Understudy) -> None:
    with own_shop.mocks_serving("shop") as serving, connect(serving) as client:
        client.sendall(SLOW)
        wait_until_read(client, serving)
        assert serving.stop() == 0
        assert b"\r\nConnection: close\r\n" in rest(client)
    store = open_store(str(own_shop.store))
    [mock] = store.mock_servers.list()
    assert [call.request.target for call in store.calls.list_newest(CallFilter(mock.id), 100)] == [b"/slow"]
    store.close()


@WORKERS
def test_nothing_new_is_accepted_while_the_last_requests_finish(shop: Understudy, workers: int) -> None:
    with shop.mocks_serving("shop", "--workers", workers) as serving, connect(serving) as busy:
        busy.sendall(SLOW)
        wait_until_read(busy, serving)
        serving.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not probe(serving.port))
        assert rest(busy).endswith(b"slow")


# Workers


def children(serving: Serving) -> set[int]:
    return {child.pid for child in psutil.Process(serving.process.pid).children()}


def listeners(serving: Serving) -> int:
    """How many sockets listen on the port."""
    sockets = Path("/proc/net/tcp").read_text()
    return sockets.count(f"0100007F:{serving.port:04X} 00000000:0000 0A")


def test_a_worker_that_is_killed_is_replaced_and_the_port_stays_answered(shop: Understudy) -> None:
    with shop.mocks_serving("shop", "--workers", 2) as serving:
        first = children(serving)
        for victim in first:
            psutil.Process(victim).kill()
            wait_for(lambda victim=victim: victim not in children(serving), TIMEOUT)  # type: ignore[misc]
            for _ in range(50):
                with connect(serving) as client:
                    assert answer(client).startswith(b"HTTP/1.1 200 ")
            wait_for(lambda: listeners(serving) == 2, TIMEOUT)
        assert children(serving).isdisjoint(first)


def test_an_end_while_a_worker_is_replaced_ends_all(shop: Understudy) -> None:
    with shop.mocks_serving("shop", "--workers", 2) as serving:
        victim = children(serving).pop()
        psutil.Process(victim).kill()
        wait_for(lambda: "starting another" in serving.log, TIMEOUT)
        assert serving.stop() == 0


def test_a_new_worker_answers_from_what_there_is_now(own_shop: Understudy) -> None:
    """Not from what there was when the program started."""
    with own_shop.mocks_serving("shop", "--workers", 2) as serving:
        own_shop.run("mocks", "delete", "shop")
        first = children(serving)
        for victim in first:
            psutil.Process(victim).kill()
        wait_for(lambda: first.isdisjoint(children(serving)) and listeners(serving) > 0, TIMEOUT)
        with connect(serving) as client:
            client.sendall(GET)
            assert client.recv(65536).startswith(b"HTTP/1.1 404 ")


def test_workers_end_with_a_program_that_is_killed(shop: Understudy) -> None:
    """Orphans would hold the port."""
    with shop.mocks_serving("shop", "--workers", 2) as serving:
        serving.kill()
        wait_for(lambda: not probe(serving.port), TIMEOUT)


# Addresses


@pytest.mark.parametrize("workers", [(1, 1), (1, 2), (2, 2)])
def test_of_two_that_start_at_once_one_gets_the_port(shop: Understudy, workers: tuple[int, int]) -> None:
    """The other prints one line, and the first goes on."""
    port = free_port()
    both = [
        subprocess.Popen(
            shop.command("mocks", "serve", "shop", "--port", port, "--workers", number),
            env=shop.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in workers
    ]
    try:
        wait_for(lambda: any(one.poll() is not None for one in both), TIMEOUT)
        loser, winner = sorted(both, key=lambda one: one.poll() is None)
        assert winner.stdout is not None
        assert "Listening on" in winner.stdout.readline()
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
            assert answer(client).startswith(b"HTTP/1.1 200 ")
        winner.terminate()
        assert "Traceback" not in winner.communicate(timeout=PATIENCE_SECONDS)[1]
        printed = loser.communicate(timeout=PATIENCE_SECONDS)[1]
        assert (loser.returncode, printed.count("\n")) == (2, 1)
        assert "is taken by another server or program" in printed
    finally:
        for one in both:
            one.kill()


def test_a_port_that_is_taken_is_said_to_be(shop: Understudy) -> None:
    with shop.mocks_serving("shop") as serving:
        for workers in (1, 2):
            line = shop.mistake("mocks", "serve", "shop", "--port", serving.port, "--workers", workers)
            assert f"127.0.0.1:{serving.port} is taken" in line


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_here_is_said_to_be(shop: Understudy, host: str) -> None:
    line = shop.mistake("mocks", "serve", "shop", "--port", "0", "--host", host)
    assert f"cannot listen on {host}:0" in line


@WORKERS
def test_it_listens_on_ipv6(shop: Understudy, workers: int) -> None:
    with (
        shop.mocks_serving("shop", "--host", "::1", "--workers", workers) as serving,
        connect(serving, "::1") as client,
    ):
        assert serving.listen.startswith("[::1]:")
        assert answer(client, GET.replace(b"mock.test", b"[::1]")).startswith(b"HTTP/1.1 200 ")
