"""A gateway's memory, and what it keeps, while one side of a WebSocket sends as fast as it can."""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import Serving, Understudy
from tests.programs.memory import read_peak_memory, reset_peak_memory
from tests.proofs import choose
from tests.traffic.raw_websockets import RawServer, opening, read_head

logger = logging.getLogger(__name__)  # pytest --log-cli-level=INFO shows the figures

pytestmark = [pytest.mark.proof, pytest.mark.once]

MOST_BYTES = 200 * 1024 * 1024
SECONDS = choose(8.0, 1.5)
NUMBER_BYTES = 8
BINARY = 0x82
MASK = b"\x01\x02\x03\x04"

SIZES = [10_000, 60_000, 200_000, 1_000_000]
READERS = ["fast", "slow", "absent"]
SENDERS = ["server", "client"]
# Those that took most when mitmproxy's layer was in its place.
SOME = [(60_000, "server", "absent"), (10_000, "server", "fast"), (1_000_000, "client", "slow")]
CASES = choose(list(itertools.product(SIZES, SENDERS, READERS)), SOME)
TUNNELS = choose(list(itertools.product(SENDERS, READERS)), [("server", "absent"), ("client", "fast")])


@dataclass
class Reader:
    """What one end takes; `size` counts its bytes."""

    peer: socket.socket
    kind: str
    size: int = 0

    def run(self) -> None:
        """Read until the connection ends; an absent reader takes nothing."""
        with contextlib.suppress(OSError):
            while self.kind != "absent" and (data := self.peer.recv(256 * 1024)):
                self.size += len(data)
                if self.kind == "slow":
                    time.sleep(0.05)


def flood(sender: socket.socket, frames: Iterator[bytes]) -> int:
    """Send for a while; return how many frames were sent as a whole."""
    end, count = time.monotonic() + SECONDS, 0
    sender.settimeout(0.2)
    for frame in frames:
        rest = memoryview(frame)
        while rest:
            if time.monotonic() > end:
                return count
            with contextlib.suppress(TimeoutError):
                rest = rest[sender.send(rest) :]
        count += 1
    return count


def number_frames(size: int, *, masked: bool) -> Iterator[bytes]:
    """Binary messages of this size that begin with their numbers."""
    wide, length = (2, 126) if size < 65_536 else (8, 127)
    head = bytes((BINARY, length | (0x80 if masked else 0))) + size.to_bytes(wide, "big") + (MASK if masked else b"")
    rest = bytes(size - NUMBER_BYTES)
    for number in itertools.count():
        shown = number.to_bytes(NUMBER_BYTES, "big")
        if masked:
            shown = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(shown))
        yield head + shown + (MASK * (len(rest) // 4) if masked else rest)


@contextlib.contextmanager
def recording(understudy: Understudy) -> Iterator[Serving]:
    """A gateway in a process of its own, whose memory no other program's start has filled."""
    with understudy.serving("record", "--session", "flood") as gateway:
        reset_peak_memory(gateway.process.pid)
        yield gateway


@pytest.fixture
def alone(tmp_path: Path) -> Understudy:
    """The command line, not forked."""
    return Understudy(tmp_path, forked=False)


@pytest.mark.parametrize(("size", "sender", "reader"), CASES)
def test_a_flood_of_messages(alone: Understudy, size: int, sender: str, reader: str) -> None:
    """Memory is bounded, and each message that was delivered is in history once, whole, and in its place."""
    is_client = sender == "client"
    frames = number_frames(size, masked=is_client)
    with recording(alone) as gateway, RawServer() as server, opening(gateway, server) as ends:
        taking = Reader(ends.get(is_client=not is_client), reader)
        thread = threading.Thread(target=taking.run, daemon=True)
        thread.start()
        sent = flood(ends.get(is_client=is_client), frames)
        peak = read_peak_memory(gateway.process.pid)
        gateway.stop()
        thread.join(10)
        delivered = taking.size // len(next(frames))
    numbers, sizes = read_history(alone)
    logger.info("%d MB; %d sent, %d delivered, %d kept", peak // 2**20, sent, delivered, len(numbers))
    assert peak < MOST_BYTES
    assert numbers == list(range(len(numbers)))
    assert sizes <= {size}
    assert delivered <= len(numbers) <= sent + 1
    assert reader != "fast" or delivered > 10


@pytest.mark.parametrize(("sender", "reader"), TUNNELS)
def test_a_flood_through_a_raw_tunnel(alone: Understudy, sender: str, reader: str) -> None:
    """What is neither TLS nor HTTP passes with bounded memory, too."""
    is_client = sender == "client"
    with recording(alone) as gateway, RawServer() as server:
        client = socket.create_connection(("127.0.0.1", gateway.port))
        client.sendall(f"CONNECT {server.authority} HTTP/1.1\r\nHost: {server.authority}\r\n\r\n".encode())
        assert read_head(client).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"\x00\x01")
        peer = server.accept_raw()
        with client, peer:
            ends = (client, peer) if is_client else (peer, client)
            taking = Reader(ends[1], reader)
            threading.Thread(target=taking.run, daemon=True).start()
            flood(ends[0], itertools.repeat(bytes(100_000)))
            peak = read_peak_memory(gateway.process.pid)
    logger.info("%d MB", peak // 2**20)
    assert peak < MOST_BYTES


def read_history(understudy: Understudy) -> tuple[list[int], set[int]]:
    """The numbers of the messages that were kept, in their order, and their sizes."""
    query = (
        "select substr(content, 1, 8), length(content) from websocket_messages where kind = 'binary' order by position"
    )
    with contextlib.closing(sqlite3.connect(understudy.store)) as store:
        rows = store.execute(query).fetchall()
    return [int.from_bytes(number, "big") for number, _ in rows], {size for _, size in rows}
