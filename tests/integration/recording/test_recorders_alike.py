"""Two ways to record HTTP/1.1, one history: our layer in the gateway, and hooks inside stock mitmproxy."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.recording.test_mitmproxy_addon import running
from tests.programs import Understudy
from understudy.store.model.exchanges import Exchange
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1, max_size=12)
VALUE = st.text("".join(map(chr, range(0x21, 0x7F))), max_size=20)
FIELDS = st.lists(st.tuples(TOKEN.map("X-".__add__), VALUE), max_size=5)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
STATUS = st.sampled_from([200, 201, 204, 304, 404, 500])
BODY = st.binary(max_size=300)


@dataclass(frozen=True)
class Case:
    """A request, and what the upstream answers it with; the bodies in chunks or with their length."""

    method: str
    target: str
    asked: list[tuple[str, str]]
    sent: bytes
    status: int
    answered: list[tuple[str, str]]
    body: bytes
    chunked: bool

    def request(self, host: str) -> bytes:
        """Its bytes."""
        fields = [("Host", host), *self.asked]
        has_body = self.method in ("POST", "PUT", "PATCH")
        return _message(f"{self.method} {self.target} HTTP/1.1", fields, self.sent if has_body else None, self.chunked)

    def answer(self) -> bytes:
        """The upstream's bytes."""
        head = f"HTTP/1.1 {self.status} Said So"
        if self.status in (204, 304):
            return _message(head, self.answered, None, chunked=False)
        whole = _message(head, self.answered, self.body, self.chunked and self.method != "HEAD")
        return whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if self.method == "HEAD" else whole


def _message(line: str, fields: list[tuple[str, str]], body: bytes | None, chunked: bool) -> bytes:
    if body is None:
        framing, content = "", b""
    elif chunked:
        framing = "Transfer-Encoding: chunked\r\n"
        content = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part) + b"0\r\n\r\n"
    else:
        framing, content = f"Content-Length: {len(body)}\r\n", body
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{line}\r\n{lines}{framing}\r\n".encode() + content


CASES = st.builds(Case, METHODS, TOKEN.map("/a/".__add__), FIELDS, BODY, STATUS, FIELDS, BODY, st.booleans())


class Upstream(socketserver.ThreadingTCPServer):
    """Answers whatever comes on a connection with the same bytes, and closes it."""

    allow_reuse_address = True
    daemon_threads = True
    says = b""
    asked = b""


class _Answering(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Upstream)
        server.asked = self.request.recv(65536)
        while server.asked.partition(b"\r\n\r\n")[2] == b"" and b"Content-Length: 0" not in server.asked:
            if not server.asked.startswith((b"POST", b"PUT", b"PATCH")):
                break
            server.asked += self.request.recv(65536)
        self.request.sendall(server.says)


@dataclass(frozen=True)
class Both:
    """The two gateways in front of one upstream, and the store that they record to."""

    upstream: Upstream
    store: Store
    ports: dict[str, int]

    def recorded(self, case: Case, way: str) -> Exchange:
        """Ask through one of them; what it has kept of that, but for times and numbers."""
        self.upstream.says = case.answer()
        host = f"127.0.0.1:{self.upstream.server_address[1]}"
        with socket.create_connection(("127.0.0.1", self.ports[way]), 10) as client:
            client.sendall(case.request(host))
            response = HTTPResponse(client, method=case.method)
            response.begin()
            response.read()
        session = self.store.sessions.find(way)
        [last] = self.store.history.list_newest(HistoryFilter(session_id=session.id), 1)
        read = self.store.bodies.read
        assert last.response is not None
        return replace(
            last,
            id=0,
            session_id="",
            timings=replace(last.timings, started=0, request_end=None, response_start=None, response_end=None),
            request=replace(last.request, body=read(last.request.body)),
            response=replace(last.response, body=read(last.response.body), chunks=()),
        )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Recording by our layer, and by hooks."""
    home: Path = tmp_path_factory.mktemp("alike")
    understudy = Understudy(home)
    with Upstream(("127.0.0.1", 0), _Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with (
            understudy.serving("record", "--upstream", url, "--session", "layer") as gateway,
            running(understudy, "--mode", f"reverse:{url}", mode="record", session="hooks") as stock,
        ):
            store = open_store(str(understudy.store))
            yield Both(server, store, {"layer": gateway.port, "hooks": int(stock.url.rpartition(":")[2])})
            store.close()
        server.shutdown()


@settings(max_examples=25, deadline=None)
@given(CASES)
def test_both_keep_the_same(both: Both, case: Case) -> None:
    """Whatever the method, the fields and the framing: the same request, and the same response."""
    closing = replace(case, answered=[*case.answered, ("Connection", "close")])
    assert both.recorded(closing, "layer") == both.recorded(closing, "hooks")
