"""Upstreams that send and take large bodies as a request's path demands, over HTTP/2 or HTTP/1.1.

`/down/BYTES` answers with so many bytes. `/up/READING` answers with the size of the request's body; READING is `fast`,
`slow` or `absent`, which takes nothing. `/both/BYTES` sends while the request comes, and ends when it has ended.
`/attack/NAME` misbehaves while it answers, see `http2_attacks`. What follows in a path is ignored.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.peers import http2_attacks, http2_frames
from tests.peers.http2_frames import Http2Peer, PeerStream
from tests.peers.tls_stream import TlsStream

SLOW_SECONDS = 0.01
ATTACKED_BYTES = 50_000
ATTACK_COUNT = 100


class FloodServerConnection(Http2Peer):
    """A connection of a client to the HTTP/2 upstream."""

    def handle_head(self, stream_id: int, stream: PeerStream, *, ended: bool) -> None:
        """Begin to answer."""
        kind, value = dict(stream.fields)[":path"].split("/")[1:3]
        if kind == "up":
            self.takes_all = value != "absent"
            self.pause = SLOW_SECONDS if value == "slow" else 0.0
        threading.Thread(target=self._answer, args=(stream_id, stream, kind, value), daemon=True).start()

    def _answer(self, stream_id: int, stream: PeerStream, kind: str, value: str) -> None:
        content_type = dict(stream.fields).get("content-type", "application/octet-stream")
        with suppress(OSError):
            if kind == "up":
                while not stream.is_over and not self.ended.is_set():
                    self.wait_for(stream_id, 1.0)
            if stream.reset is not None:
                return
            self.send_fields(stream_id, (":status", "200"), ("content-type", content_type))
            self._send_answer(stream_id, stream, kind, value)

    def _send_answer(self, stream_id: int, stream: PeerStream, kind: str, value: str) -> None:
        if kind == "up":
            content = str(stream.received).encode()
            stream.window -= len(content)
            self.send(0, 1, stream_id, content)
        elif kind == "down":
            self.send_body(stream_id, int(value))
        elif kind == "attack":
            self.send_body(stream_id, ATTACKED_BYTES, end=False)
            getattr(http2_attacks, value)(self, stream_id, ATTACK_COUNT)
            self.send(http2_frames.DATA, http2_frames.END_STREAM, stream_id)
        else:
            self.send_body(stream_id, int(value), end=False)
            while not stream.is_over and not self.ended.is_set():
                self.wait_for(stream_id, 1.0)
            self.send_fields(stream_id, ("grpc-status", "0"), end=True)


@contextmanager
def http2_flood(certificate: Path, window: int = 65_535) -> Iterator[str]:
    """Serve over HTTP/2 on a free port; yields the URL."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.set_alpn_protocols(["h2"])

    def serve(raw: socket.socket) -> None:
        peer = FloodServerConnection(TlsStream(raw, tls), is_client=False, window=window)
        peer.open()

    with _listening(serve) as port:
        yield f"https://127.0.0.1:{port}"


@contextmanager
def http1_flood() -> Iterator[str]:
    """Serve over HTTP/1.1 without TLS on a free port; yields the URL."""
    with _listening(_serve_http1) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=_shield, args=(serve, listening.accept()[0]), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def _shield(serve: Callable[[socket.socket], None], connected: socket.socket) -> None:
    with suppress(OSError):
        serve(connected)


def _serve_http1(connected: socket.socket) -> None:
    reader = connected.makefile("rb")
    while line := reader.readline():
        _, path, _ = line.decode().split(" ")
        headers = dict(one.lower().split(": ", 1) for one in iter(lambda: reader.readline().decode().strip(), ""))
        kind, value = path.split("/")[1:3]
        if kind == "up":
            if value == "absent":
                time.sleep(60)
                return
            size = sum(_read_http1_body(reader, headers, SLOW_SECONDS if value == "slow" else 0.0))
            content = str(size).encode()
            connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        else:
            size = int(value)
            connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            block = bytes(65_536)
            for start in range(0, size, len(block)):
                connected.sendall(block[: size - start])


def _read_http1_body(reader: object, headers: dict[str, str], pause: float) -> Iterator[int]:
    read, readline = reader.read, reader.readline  # type: ignore[attr-defined]
    if "content-length" in headers:
        left = int(headers["content-length"])
        while left and (data := read(min(left, 65_536))):
            left -= len(data)
            yield len(data)
            time.sleep(pause)
    elif "transfer-encoding" in headers:
        while size := int(readline() or b"0", 16):
            yield len(read(size))
            readline()
            time.sleep(pause)
        readline()
