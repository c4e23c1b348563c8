"""The messages of a WebSocket that a server sends as fast as it can, through each recorder to a client that reads."""

from __future__ import annotations

import contextlib
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.recording.plan import MB, Row, Run, say_met
from bench.recording.recorders import MITMDUMP, OURS, Recorder

SIZES = (1_000, 60_000)
LEAST_RATIO = 1.2
TIMEOUT_SECONDS = 30.0
# The key and its answer (RFC 6455, section 1.3).
OFFER = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def measure_websockets(run: Run) -> list[Row]:
    """Measure both recorders in turn for each size of message; return the rows."""
    rows: list[Row] = []
    for size in SIZES:
        rates: dict[Recorder, list[float]] = {OURS: [], MITMDUMP: []}
        for _ in range(run.plan.rounds):
            for recorder, found in rates.items():
                found.append(run.rounds.run(partial(_measure, run, recorder, size)))
        medians = {recorder: statistics.median(found) for recorder, found in rates.items()}
        for recorder, found in rates.items():
            span = f"{min(found):.1f} to {max(found):.1f}"
            rows.append((f"{size:,} byte messages, {recorder.name}", f"{medians[recorder]:.1f} MB/s", span, ""))
        ratio = medians[OURS] / medians[MITMDUMP]
        rows.append(("times mitmdump", f"{ratio:.2f}", f"at least {LEAST_RATIO}", say_met(ratio >= LEAST_RATIO)))
    return rows


def _measure(run: Run, recorder: Recorder, size: int) -> float:
    """Return the MB per second that a client reads."""
    frame = bytes((0x82, 126)) + size.to_bytes(2, "big") + bytes(size)
    with (
        tempfile.TemporaryDirectory(dir=run.folder) as place,
        _sending(frame * (MB // len(frame))) as url,
        recorder.start(Path(place), url) as program,
        socket.create_connection(("127.0.0.1", program.port), TIMEOUT_SECONDS) as client,
    ):
        client.sendall(OFFER)
        _count_bytes(client, recorder.warm_up)
        return _count_bytes(client, run.plan.seconds) / run.plan.seconds / MB


@contextmanager
def _sending(data: bytes) -> Iterator[str]:
    """Serve WebSockets on which this is sent again and again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept_all, args=(server, partial(_send_all, data)), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def _accept_all(server: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    with contextlib.suppress(OSError):
        while True:
            peer, _ = server.accept()
            threading.Thread(target=serve, args=(peer,), daemon=True).start()


def _send_all(data: bytes, peer: socket.socket) -> None:
    with peer, contextlib.suppress(OSError):
        if b"Upgrade: websocket" not in peer.recv(65_536):
            return
        peer.sendall(ANSWER)
        while True:
            peer.sendall(data)


def _count_bytes(client: socket.socket, seconds: float) -> int:
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = client.recv(256 * 1024)
        if not data:
            raise RuntimeError("the WebSocket has ended")
        count += len(data)
    return count
