"""Load in which every URL is unique: wrk for throughput, raw connections for latency and for a number of requests."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 32
# wrk ends when its time is over; if it still runs so much later, something is broken.
MORE_SECONDS = 60

# Each run has its own name, so that no URL is repeated.
SCRIPT = """
local sent = 0
function init(args)
  name = args[1]
  through = args[2] or ""
end
function request()
  sent = sent + 1
  return wrk.format("GET", through .. "/items/" .. name .. "/" .. sent .. "?page=" .. sent % 7)
end
function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d}',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
"""

_run_numbers = itertools.count(1)


@dataclass(frozen=True)
class Load:
    """A result of wrk; latencies are in seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def load_for_seconds(folder: Path, url: str, seconds: int, through: str = "") -> Load:
    """Run wrk with 32 connections; raises RuntimeError if a request failed or none was answered.

    With `through`, the URL of an upstream, requests have absolute targets for a forward proxy."""
    script = folder / "unique.lua"
    script.write_text(SCRIPT)
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"]
    command += ["--timeout", "10s", "--script", str(script), url, "--", f"run-{next(_run_numbers)}", through]
    longest = seconds + MORE_SECONDS
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=longest).stdout
    result = json.loads(printed.strip().splitlines()[-1])
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} requests failed: {printed}")
    if not result["requests"]:
        raise RuntimeError(f"no request was answered in {seconds} s")
    return Load(result["requests"], result["microseconds"] / 1e6, result["p50"] / 1e6, result["p99"] / 1e6)


def send_requests(port: int, number: int) -> None:
    """Send a number of requests on 32 connections, which wrk cannot do."""
    asyncio.run(_requests(port, number))


def measure_latencies(port: int, number: int) -> list[float]:
    """Send `number` requests one after the other on one connection; return the seconds that each took."""
    run = next(_run_numbers)
    durations = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for sent in range(number):
            request = f"GET /items/one-{run}/{sent} HTTP/1.1\r\nHost: bench.test\r\n\r\n".encode()
            begun = time.perf_counter()
            connection.sendall(request)
            _read_response(connection)
            durations.append(time.perf_counter() - begun)
    return durations


def measure_latencies_under_load(port: int, number: int, connections: int) -> list[float]:
    """Send `number` requests on `connections` without a pause; return the seconds that each took."""
    return asyncio.run(_timed(port, number, connections))


def download(port: int, target: str) -> Iterator[int]:
    """Read a body and discard it; yield the number of bytes of each read."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n".encode())
        while data := connection.recv(1024 * 1024):
            yield len(data)


async def measure_until(port: int, connections: int, goes_on: Callable[[], bool]) -> list[float]:
    """Send requests on `connections` without a pause while `goes_on`; return the seconds that each took."""
    run = next(_run_numbers)
    targets = (f"/items/beside-{run}/{sent}" for sent in itertools.takewhile(lambda _: goes_on(), itertools.count()))
    durations: list[float] = []
    await asyncio.gather(*(_connection(port, targets, durations) for _ in range(connections)))
    return durations


async def _timed(port: int, number: int, connections: int) -> list[float]:
    run = next(_run_numbers)
    targets = iter([f"/items/among-{run}/{sent}" for sent in range(number)])
    durations: list[float] = []
    await asyncio.gather(*(_connection(port, targets, durations) for _ in range(connections)))
    return durations


async def _requests(port: int, number: int) -> None:
    run = next(_run_numbers)
    targets = iter([f"/items/many-{run}/{sent}" for sent in range(number)])
    await asyncio.gather(*(_connection(port, targets) for _ in range(CONNECTIONS)))


async def _connection(port: int, targets: Iterator[str], durations: list[float] | None = None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for target in targets:
        begun = time.perf_counter()
        writer.write(f"GET {target} HTTP/1.1\r\nHost: bench.test\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_parse_content_length(head))
        if durations is not None:
            durations.append(time.perf_counter() - begun)
    writer.close()


def _read_response(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    missing = _parse_content_length(head) - len(body)
    while missing > 0:
        missing -= len(_receive(connection))


def _parse_content_length(head: bytes) -> int:
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"expected status 200, got {head!r}")
    fields = dict(line.lower().split(b": ", 1) for line in head.strip().split(b"\r\n")[1:])
    return int(fields[b"content-length"])


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the server closed the connection")
    return data
