"""A gateway that is stopped while uploads are under way: each is in history as failed, or counted as lost."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.peers.certificates import make_certificate
from tests.peers.http2_flood import http1_flood, http2_flood
from tests.peers.http2_frames import Http2Peer, PeerStream
from tests.peers.tls_stream import TlsStream
from tests.programs import PATIENCE_SECONDS, Serving, Understudy, wait_for
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

ENDLESS = 10**11
LOCKED_SECONDS = 0.5
NOTICED_SECONDS = 0.05  # the gateway notices that a client has left
SUMMARY = re.compile(r"Kept (\d+) exchanges?.*lost (\d+)")


class Upload:
    """An upload without an end, over HTTP/1.1 or HTTP/2."""

    def __init__(self, understudy: Understudy, gateway: Serving, protocol: str) -> None:
        self.sent, self._stream = 0, PeerStream(0)
        raw = socket.create_connection(("127.0.0.1", gateway.port))
        if protocol == "HTTP/1.1":
            self._raw = raw
            self._thread = threading.Thread(target=self._send, daemon=True)
            raw.sendall(b"POST /up/fast HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % ENDLESS)
            self._thread.start()
            return
        tls = ssl.create_default_context(cafile=understudy.ca)
        tls.set_alpn_protocols(["h2"])
        self._peer = peer = Http2Peer(TlsStream(raw, tls, "127.0.0.1"), is_client=True)
        self._raw = raw
        peer.open()
        stream_id = peer.request("POST", "/up/fast", end=False)
        self._stream = peer.streams[stream_id]
        threading.Thread(target=peer.send_body, args=(stream_id, ENDLESS), daemon=True).start()

    def _send(self) -> None:
        with suppress(OSError):
            while True:
                self.sent += self._raw.send(bytes(65_536))

    @property
    def size(self) -> int:
        return self.sent or self._stream.sent

    def close(self) -> None:
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)
        self._raw.close()


@pytest.fixture(scope="module")
def upstreams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[object, ...]]]:
    folder = tmp_path_factory.mktemp("upstreams")
    certificate = make_certificate(folder / "upstream.pem", "127.0.0.1")
    with http2_flood(certificate) as http2, http1_flood() as http1:
        yield {"HTTP/2": ("--upstream", http2, "--upstream-ca", certificate), "HTTP/1.1": ("--upstream", http1)}


@contextmanager
def locked(understudy: Understudy) -> Iterator[None]:
    """Let no other program write to the store in the block, and a moment longer."""
    with closing(sqlite3.connect(understudy.store, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("begin immediate")
        timer = threading.Timer(LOCKED_SECONDS, connection.rollback)
        try:
            yield
        finally:
            timer.start()
            timer.join()


CASES = [
    ("HTTP/2", True, signal.SIGTERM),
    ("HTTP/2", False, signal.SIGINT),
    ("HTTP/1.1", True, signal.SIGTERM),
    ("HTTP/1.1", False, signal.SIGTERM),
]


@pytest.mark.parametrize(("protocol", "leaves_first", "number"), CASES)
def test_an_upload_that_is_cut_off_at_the_end_is_kept_as_failed(
    tmp_path: Path,
    upstreams: dict[str, tuple[object, ...]],
    protocol: str,
    leaves_first: bool,
    number: signal.Signals,
) -> None:
    """Its body is on its way to a store that is locked, when the gateway is stopped, and its client may have left."""
    understudy = Understudy(tmp_path)
    with understudy.serving("record", "--session", "cut", *upstreams[protocol]) as gateway:
        upload = Upload(understudy, gateway, protocol)
        with locked(understudy):
            wait_for(lambda: upload.size > 3_000_000)
            if leaves_first:
                upload.close()
                time.sleep(NOTICED_SECONDS)
            gateway.process.send_signal(number)
        gateway.process.wait(PATIENCE_SECONDS)
        upload.close()
    found = SUMMARY.search(gateway.log)
    assert found is not None, gateway.log
    assert tuple(map(int, found.groups())) == (1, 0), gateway.log
    store = open_store(str(understudy.store))
    entries = list(store.history.list_newest(HistoryFilter(), 10))
    store.close()
    assert [entry.has_failed for entry in entries] == [True]
