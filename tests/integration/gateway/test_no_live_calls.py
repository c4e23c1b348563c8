"""The no-live-calls guarantee: in mock and replay mode a gateway makes no connection and looks up no name.

An audit hook within the gateway refuses and logs every attempt, from the program's first line on; an upstream that
exists counts connections from outside.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.integration.audit import Audit
from tests.integration.clients import Call, Route, Wire, ask_curl, ask_requests
from tests.programs import Serving, Understudy, answer, upstream
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Headers, Origin, Request, Response
from understudy.store.sql.open_store import open_store

NOWHERE = "api.shop.invalid"  # never resolves (RFC 2606, section 2)
HIT = Call("hit", "/hit")
MISS = Call("miss", "/miss")
RECORDED = b"as recorded"
UPLOAD = b"x" * 10_000_000
UPGRADE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
# What neither TLS nor HTTP begins with, or what only looks like them.
ODD_BYTES = (
    b"\x00\x01\x02\x03",
    b"\xff" * 2000,
    b"\r\n\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"EHLO client\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"\x16\x03\x01\x00\x05hello",
    b"\x16\x03\x01",
    b"GE",
    b"GET / HTTP/1.1\r\nHost: unfinished",
    b"GET /hit HTTP/9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"",
)


@dataclass(frozen=True)
class Place:
    """A store with recordings, an upstream that must not be called, and the log of attempts."""

    understudy: Understudy
    audit: Audit
    listener: socket.socket

    @property
    def upstream(self) -> Origin:
        """Where the recordings in origin form came from."""
        return Origin("http", "127.0.0.1", int(self.listener.getsockname()[1]))

    @contextmanager
    def gateway(self, *command: str) -> Iterator[Serving]:
        """A watched gateway in front of the upstream."""
        with self.audit.of(self.understudy).serving(*command, "--upstream", str(self.upstream)) as serving:
            yield serving

    def assert_silent(self) -> None:
        """No attempt was logged, and no request arrived."""
        assert self.audit.calls == []
        with pytest.raises(BlockingIOError):
            self.listener.accept()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One answer to /hit each, recorded in origin form and from http and https hosts that resolve nowhere."""
    home = tmp_path_factory.mktemp("no-live-calls")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        made = Place(Understudy(home), Audit(home), listener)
        seed(made)
        yield made


def seed(place: Place) -> None:
    """Keep the exchanges, and promote them."""
    store = open_store(str(place.understudy.store))
    session = store.sessions.create("shop", place.upstream)
    response = Response(200, Headers.of([("Content-Type", "text/plain")]), RECORDED)
    origins = (place.upstream, Origin("http", NOWHERE, 80), Origin("https", NOWHERE, 443))
    store.history.add(
        [
            Exchange(session.id, Request("GET", b"/hit", origin=origin), response, Timings(time.time()))
            for origin in origins
        ]
    )
    store.close()
    place.understudy.run("promote", "--session", "shop", "--to", "shop")


@pytest.fixture(scope="module")
def gateways(place: Place) -> Iterator[dict[str, Serving]]:
    """One gateway in each offline mode, and one that recorded just before."""
    with ExitStack() as stack:
        made = {mode: stack.enter_context(place.gateway(mode, "shop")) for mode in ("mock", "replay")}
        yield made | {"switched": stack.enter_context(switched(place))}


@contextmanager
def switched(place: Place) -> Iterator[Serving]:
    """A gateway that recorded, with connections to its client and its upstream still open, and now is in mock mode."""
    watched = place.audit.of(place.understudy)
    with (
        upstream(lambda handler: answer(handler, b"live")) as live,
        watched.serving("record", "--upstream", live, "--name", "switched") as gateway,
        Wire(gateway.url) as wire,
    ):
        place.audit.allow(yes=True)
        assert wire.ask(HIT).body == b"live"
        place.audit.allow(yes=False)
        place.understudy.run("mode", "mock", "--mock", "shop", "--gateway", "switched")
        assert wire.ask(HIT).body == RECORDED
        yield gateway


# What a client may do to a gateway. Each asserts what it gets, so that the gateway did read it.


def _origin_form(gateway: Serving, _ca: Path) -> None:
    with Wire(gateway.url) as wire:
        for call, status in ((HIT, 200), (MISS, 404), (HIT, 200), (Call("", "/hit", "OPTIONS"), 404)):
            assert wire.ask(call).status == status


def _pipelined(gateway: Serving, _ca: Path) -> None:
    with Wire(gateway.url) as wire:
        wire.send(*[HIT, MISS] * 10)
        assert [wire.receive().status for _ in range(20)] == [200, 404] * 10


def _absolute_form(gateway: Serving, _ca: Path) -> None:
    with Wire(gateway.url) as wire:
        for url, status in (
            (f"http://{NOWHERE}/hit", 200),
            (f"http://{NOWHERE}/miss", 404),
            (f"https://{NOWHERE}/hit", 200),
            ("http://other.invalid/hit", 404),
        ):
            assert wire.ask(Call("", url)).status == status


def _tls_in_connect(gateway: Serving, ca: Path) -> None:
    route = Route(gateway.url, ca)
    assert ask_curl(f"https://{NOWHERE}", HIT, route).body == RECORDED
    assert ask_curl(f"https://{NOWHERE}", MISS, route).status == 404
    assert ask_requests("https://other.invalid", HIT, route).status == 404


def _http2(gateway: Serving, ca: Path) -> None:
    answers = [ask_curl(f"https://{NOWHERE}", call, Route(gateway.url, ca, http2=True)) for call in (HIT, MISS, HIT)]
    assert {one.version for one in answers} == {"HTTP/2"}
    assert [one.status for one in answers] == [200, 404, 200]


def _tls_to_the_gateway(gateway: Serving, ca: Path) -> None:
    assert ask_curl(f"https://127.0.0.1:{gateway.port}", HIT, Route(ca=ca)).body == RECORDED
    assert ask_curl(f"https://127.0.0.1:{gateway.port}", MISS, Route(ca=ca, http2=True)).status == 404


def _websocket(gateway: Serving, _ca: Path) -> None:
    with Wire(gateway.url) as wire:
        assert wire.ask(Call("", "/socket", headers=UPGRADE)).status == 404
    with Wire(gateway.url) as wire:
        assert wire.ask(Call("", f"http://{NOWHERE}/socket", headers=UPGRADE)).status == 404
    with Wire(gateway.url) as wire:
        assert wire.ask(Call("", "/hit", headers=UPGRADE)).status == 200


def _upload(gateway: Serving, _ca: Path) -> None:
    with Wire(gateway.url) as wire:
        assert wire.ask(Call("", "/upload", "POST", body=UPLOAD)).status == 404
        assert wire.ask(HIT).status == 200


def _chunked_upload(gateway: Serving, _ca: Path) -> None:
    command = ["curl", "-q", "-sS", "-T", "-", "-H", "Expect: 100-continue", "-w", "%{http_code}", "-o", "/dev/null"]
    done = subprocess.run([*command, f"{gateway.url}/upload"], input=UPLOAD, capture_output=True, check=True)
    assert done.stdout == b"404"


def _secure_upload(gateway: Serving, ca: Path) -> None:
    for http2 in (False, True):
        answer = ask_curl(f"https://{NOWHERE}", Call("", "/upload", "POST", body=UPLOAD), Route(gateway.url, ca, http2))
        assert answer.status == 404


def _secure_websocket(gateway: Serving, ca: Path) -> None:
    trust = ssl.create_default_context(cafile=ca)
    for host in (NOWHERE, "other.invalid"):
        with pytest.raises(InvalidStatus) as refused:
            asyncio.run(_shake_hands(f"wss://{host}/socket", trust, gateway.url))
        assert refused.value.response.status_code == 404


async def _shake_hands(url: str, trust: ssl.SSLContext, proxy: str) -> None:
    # The client of threads reads and writes TLS 1.3 at once, and now and then loses what it sends.
    async with asyncio.timeout(20), connect(url, ssl=trust, proxy=proxy):
        pass


def _odd_bytes(gateway: Serving, _ca: Path) -> None:
    for data in ODD_BYTES:
        with Wire(gateway.url) as wire:
            send(wire, data)


def _odd_bytes_in_connect(gateway: Serving, _ca: Path) -> None:
    for target in (f"127.0.0.1:{gateway.port}", f"{NOWHERE}:443", "smtp.invalid:25"):
        for data in ODD_BYTES:
            with Wire(gateway.url) as wire:
                assert wire.ask(Call("", target, "CONNECT")).status == 200
                send(wire, data)


def _http_in_connect(gateway: Serving, _ca: Path) -> None:
    with Wire(gateway.url) as wire:
        assert wire.ask(Call("", f"{NOWHERE}:80", "CONNECT")).status == 200
        assert [wire.ask(HIT).status, wire.ask(MISS).status] == [200, 404]


DRIVES: dict[str, Callable[[Serving, Path], None]] = {
    "hits and misses in origin form": _origin_form,
    "pipelined requests": _pipelined,
    "requests as to a forward proxy": _absolute_form,
    "CONNECT with TLS": _tls_in_connect,
    "CONNECT with HTTP/2": _http2,
    "CONNECT with plain HTTP": _http_in_connect,
    "CONNECT with bytes that are neither TLS nor HTTP": _odd_bytes_in_connect,
    "TLS to the gateway itself": _tls_to_the_gateway,
    "WebSocket upgrades": _websocket,
    "a 10 MB upload": _upload,
    "a 10 MB chunked upload": _chunked_upload,
    "10 MB uploads in CONNECT": _secure_upload,
    "WebSocket upgrades in CONNECT": _secure_websocket,
    "a TCP connection with garbage": _odd_bytes,
}
EVERY_DRIVE = pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)


def send(wire: Wire, data: bytes) -> None:
    """Send bytes and the end of the stream, and read until the gateway closes.

    Now and then mitmproxy 12 does not close then, stock mitmproxy neither: it is given a second.
    """
    wire.socket.sendall(data)
    wire.socket.shutdown(socket.SHUT_WR)
    wire.socket.settimeout(1.0)
    with suppress(TimeoutError):
        while wire.read(65536):
            pass


@EVERY_DRIVE
@pytest.mark.parametrize("mode", ["mock", "replay", "switched"])
def test_an_offline_gateway_calls_nobody(
    place: Place, gateways: dict[str, Serving], mode: str, drive: Callable[[Serving, Path], None]
) -> None:
    """Whatever a client sends, the hook stays silent."""
    drive(gateways[mode], place.understudy.ca)
    place.assert_silent()


def presented(gateway: Serving, asked_for: str, server_name: str | None) -> x509.Certificate:
    """The certificate for a client that names one place in CONNECT, and a server in its handshake."""
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    with Wire(gateway.url) as wire:
        assert wire.ask(Call("", asked_for, "CONNECT")).status == 200
        with anyone.wrap_socket(wire.socket, server_hostname=server_name) as secure:
            return x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")


@pytest.mark.parametrize(
    ("asked_for", "server_name", "names"),
    [
        ("other.invalid:443", "other.invalid", {"other.invalid"}),
        ("other.invalid:443", None, {"other.invalid", "127.0.0.1"}),  # the gateway's own address
        (
            "192.0.2.1:443",
            "named.invalid",
            {"named.invalid", "192.0.2.1"},
        ),  # 192.0.2.0/24 is for documentation (RFC 5737)
    ],
)
@pytest.mark.parametrize("mode", ["mock", "replay"])
def test_a_certificate_is_made_from_what_was_asked_for(
    place: Place, gateways: dict[str, Serving], mode: str, asked_for: str, server_name: str | None, names: set[str]
) -> None:
    """The names in the handshake and in CONNECT, and none from an upstream; signed by the authority."""
    certificate = presented(gateways[mode], asked_for, server_name)
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(one.value) for one in alternatives} == names
    assert certificate.issuer == x509.load_pem_x509_certificate(place.understudy.ca.read_bytes()).subject
    place.assert_silent()


def test_a_used_up_replay_calls_nobody(place: Place) -> None:
    """With --once, the request after the last exchange is a miss; mitmproxy's own replay would go live here."""
    with place.gateway("replay", "shop", "--once") as gateway, Wire(gateway.url) as wire:
        assert [wire.ask(HIT).status for _ in range(3)] == [200, 404, 404]
        assert b"sequenceEndedError" in wire.ask(HIT).body
    place.assert_silent()


Recorder = tuple[Understudy, Audit, tuple[Serving, Serving]]


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    """A gateway that records, watched and refused in the same way."""
    home = tmp_path_factory.mktemp("live-calls")
    understudy, audit = Understudy(home), Audit(home)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        audit.of(understudy).serving(
            "record", "--upstream", f"http://127.0.0.1:{listener.getsockname()[1]}"
        ) as reverse,
        audit.of(understudy).serving("record") as forward,
    ):
        yield understudy, audit, (reverse, forward)


@pytest.mark.parametrize("name", [name for name in DRIVES if name != "a TCP connection with garbage"])
def test_the_hook_hears_a_gateway_that_records(recorder: Recorder, name: str) -> None:
    """The same requests trip it in record mode, as one proxy or the other, so its silence above means something."""
    understudy, audit, gateways = recorder
    before = len(audit.calls)
    for gateway in gateways:
        with suppress(AssertionError, subprocess.CalledProcessError):
            DRIVES[name](gateway, understudy.ca)
    assert len(audit.calls) > before


def test_a_refused_call_is_told_to_the_client(recorder: Recorder) -> None:
    """The hook refuses as a network does that is not there: 502."""
    with Wire(recorder[2][0].url) as wire:
        assert wire.ask(HIT).status == 502


@pytest.fixture(scope="module")
def switchable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Understudy, Serving]]:
    """A forward proxy whose mode a test may switch, and an empty collection for it."""
    understudy = Understudy(tmp_path_factory.mktemp("switchable"))
    store = open_store(str(understudy.store))
    store.collections.create("shop")
    store.sessions.create("shop", None)
    store.close()
    with understudy.serving("gateway") as gateway:
        yield understudy, gateway


@pytest.mark.parametrize(
    ("live", "offline"),
    [("record", ("mock", "--mock", "shop")), ("pass", ("replay", "--session", "shop"))],
    ids=["record to mock", "pass to replay"],
)
@pytest.mark.parametrize("kind", ["WebSocket", "tunnel"])
def test_going_offline_closes_what_is_open(
    switchable: tuple[Understudy, Serving], kind: str, live: str, offline: tuple[str, ...]
) -> None:
    """An open WebSocket or raw tunnel is a live call that has not ended."""
    understudy, gateway = switchable
    understudy.run("mode", live)
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(gateway.url))
        if kind == "WebSocket":
            url = stack.enter_context(upstream(echo_frames))
            assert wire.ask(Call("", f"{url}/socket", headers=UPGRADE)).status == 101
            sent, echoed = b"\x81\x82\x00\x00\x00\x00hi", b"\x81\x02hi"  # a masked text frame (RFC 6455, section 5.2)
        else:
            assert wire.ask(Call("", stack.enter_context(echo_bytes()), "CONNECT")).status == 200
            sent = echoed = b"\x00hi"
        for _ in range(2):
            wire.socket.sendall(sent)
            assert wire.read(len(echoed)) == echoed
        understudy.run("mode", *offline)
        assert wire.read(1) == b""


def echo_frames(handler: BaseHTTPRequestHandler) -> None:
    """A WebSocket that sends back each short frame, unmasked."""
    proof = hashlib.sha1(handler.headers["Sec-WebSocket-Key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
    handler.send_response(101)
    for name, value in (*UPGRADE[:2], ("Sec-WebSocket-Accept", base64.b64encode(proof.digest()).decode())):
        handler.send_header(name, value)
    handler.end_headers()
    while head := handler.rfile.read(2):
        mask, size = handler.rfile.read(4), head[1] & 0x7F
        content = bytes(byte ^ mask[place % 4] for place, byte in enumerate(handler.rfile.read(size)))
        handler.wfile.write(bytes([head[0], size]) + content)
    handler.close_connection = True


@contextmanager
def echo_bytes() -> Iterator[str]:
    """A TCP server that sends back what comes; yields HOST:PORT."""

    class Echo(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while data := self.request.recv(65536):
                self.request.sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
