"""Recording gateways in front of upstreams, clients that are made of frames, and the memory that a gateway takes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.peers.http2_frames import Http2Peer
from tests.peers.tls_stream import TlsStream
from tests.programs import Serving, Understudy
from understudy.store.model.exchanges import Exchange
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

MOST_MEMORY = 200 * 1024
"""In KiB, as Linux counts it."""


class Stage:
    """The upstreams, and a gateway in front of each that is started when it is first asked for."""

    def __init__(self, understudy: Understudy, urls: dict[str, str], certificate: Path) -> None:
        self.understudy = understudy
        self._urls = urls
        self._certificate = certificate
        self.store = open_store(str(understudy.store))
        self._gateways: dict[str, tuple[Any, Serving]] = {}

    def gateway(self, upstream: str, mode: str = "record") -> Serving:
        if upstream not in self._gateways:
            name = upstream.replace("/", "").replace(".", "").lower()
            options = ("--upstream", self._urls[upstream], "--upstream-ca", self._certificate, "--name", name)
            context = self.understudy.serving("record", "--session", name, *options)
            self._gateways[upstream] = (context, context.__enter__())
        gateway = self._gateways[upstream][1]
        name = upstream.replace("/", "").replace(".", "").lower()
        places: dict[str, tuple[str, ...]] = {
            "record": ("--session", name),
            "spy": ("--mock", self._empty_collection(), "--session", name),
        }
        self.understudy.run("mode", mode, "--gateway", name, *places.get(mode, ()))
        return gateway

    def _empty_collection(self) -> str:
        if not self.understudy.json("collections", "list"):
            self.understudy.run("collections", "create", "nothing")
        return "nothing"

    @classmethod
    @contextmanager
    def open(cls, understudy: Understudy, urls: dict[str, str], certificate: Path) -> Iterator[Stage]:
        stage = cls(understudy, urls, certificate)
        try:
            yield stage
        finally:
            stage.close()

    def close(self) -> None:
        self.store.close()
        for context, _ in self._gateways.values():
            context.__exit__(None, None, None)

    @contextmanager
    def client(self, gateway: Serving) -> Iterator[Http2Peer]:
        tls = ssl.create_default_context(cafile=self.understudy.ca)
        tls.set_alpn_protocols(["h2"])
        connected = socket.create_connection(("127.0.0.1", gateway.port))
        peer = Http2Peer(TlsStream(connected, tls, "127.0.0.1"), is_client=True)
        peer.open()
        try:
            yield peer
        finally:
            peer.is_deaf = False  # its thread ends
            peer.stream.close()

    def find(self, path: str) -> Exchange | None:
        return next(iter(self.store.history.list_newest(HistoryFilter(path=path), 1)), None)


@contextmanager
def measured(gateway: Serving) -> Iterator[None]:
    """Fail if the gateway takes more memory than MOST_MEMORY in the block."""
    process = Path("/proc") / str(gateway.process.pid)
    with suppress(PermissionError):
        (process / "clear_refs").write_text("5")  # the peak is what it takes now (proc(5))
    yield
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0])
    assert peak < MOST_MEMORY, f"{peak // 1024} MB"
