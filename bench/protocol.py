"""Connections: normal calls beside 500 that send heads byte by byte, and the memory of 10,000 keep-alive ones.

python -m bench.protocol [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench.aims import Aim, make_table
from bench.matcher import describe_machine
from bench.programs import Program, find_free_port, run_program, store_file
from bench.quiet import QuietRounds

LONGEST_CALL_MS = 50.0
MOST_PER_CONNECTION_KB = 16.0
GET = b"GET /users/7 HTTP/1.1\r\nHost: bench.test\r\n\r\n"
SLOW_HEAD = b"GET /users/7 HTTP/1.1\r\nHost: bench.test\r\n" + b"X: y\r\n" * 1000
BYTE_SECONDS = 0.1
CLIENTS = 4
# One client address has some 28,000 ports.
PER_ADDRESS = 10_000
AT_ONCE = 100

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Calls:
    """The latency of normal calls in milliseconds, and their number."""

    median: float
    p99: float
    number: int


def main() -> int:
    """Measure, print, and return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.protocol", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    quick = parser.parse_args().quick
    slow, kept, seconds = (20, 100, 1.0) if quick else (500, 10_000, 15.0)
    quiet = QuietRounds()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as server:
        alone = quiet.run(lambda: asyncio.run(_measure_calls(server.port, 0, seconds / 3)))
        beside = quiet.run(lambda: asyncio.run(_measure_calls(server.port, slow, seconds)))
        before, during = asyncio.run(_measure_memory(server, kept))
    each = (during - before) / kept / 1024
    aims = [
        Aim(
            f"normal calls beside {slow} slow heads, median",
            beside.median,
            LONGEST_CALL_MS,
            least=False,
            form="{:.2f} ms",
        ),
        Aim("memory of a keep-alive connection", each, MOST_PER_CONNECTION_KB, least=False, form="{:.1f} KB"),
    ]
    console = Console(width=120)
    for name, calls in (("no other connections", alone), (f"{slow} slow heads", beside)):
        console.print(f"Beside {name}: median {calls.median:.2f} ms, p99 {calls.p99:.2f} ms, {calls.number:,} calls")
    megabytes = [size / 1024 / 1024 for size in (before, during)]
    console.print(f"Resident: {megabytes[0]:.1f} MB, with {kept:,} keep-alive connections {megabytes[1]:.1f} MB")
    console.print(make_table(aims))
    console.print(f"{CLIENTS} clients without a pause; {describe_machine()}", highlight=False)
    console.print(quiet.note, highlight=False)
    return 0 if quick or all(aim.met for aim in aims) else 1


@contextmanager
def _server(folder: Path) -> Iterator[Program]:
    """Run a mock server with one example at its root."""
    command = [
        sys.executable,
        "-c",
        "from understudy.proxy.cli import main; main()",
        "--store",
        str(store_file(folder)),
    ]
    request = 'GET /users/7 200 {"id": 7}'
    subprocess.run([*command, "mocks", "create", "bench", "--request", request], check=True, capture_output=True)
    port = find_free_port()
    with run_program([*command, "mocks", "serve", "bench", "--port", str(port)], port, folder / "mocks.log") as program:
        yield program


async def _measure_calls(port: int, slow: int, seconds: float) -> Calls:
    """Measure normal calls beside `slow` clients that send heads byte by byte, and reconnect when disconnected."""
    durations: list[float] = []
    end = time.perf_counter() + seconds
    slow_clients = [asyncio.ensure_future(_send_slowly(port, number, end)) for number in range(slow)]
    await asyncio.sleep(min(2.0, seconds / 4) if slow else 0)
    await asyncio.gather(*(_call(port, durations, end) for _ in range(CLIENTS)), *slow_clients)
    quantiles = statistics.quantiles(durations, n=100)
    return Calls(quantiles[49], quantiles[98], len(durations))


async def _call(port: int, durations: list[float], end: float) -> None:
    async with _connect(port) as (reader, writer):
        while time.perf_counter() < end:
            begun = time.perf_counter()
            await _send_request(reader, writer)
            durations.append((time.perf_counter() - begun) * 1000)


async def _send_slowly(port: int, number: int, end: float) -> None:
    await asyncio.sleep(number % 100 / 100 * BYTE_SECONDS)
    while time.perf_counter() < end:
        with contextlib.suppress(ConnectionError):
            async with _connect(port) as (_, writer):
                for byte in SLOW_HEAD:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(BYTE_SECONDS)
                    if writer.is_closing() or time.perf_counter() > end:
                        break


async def _measure_memory(server: Program, number: int) -> tuple[int, int]:
    """Return resident memory before and with `number` idle connections that each had an answer."""
    async with contextlib.AsyncExitStack() as stack:
        reader, writer = await stack.enter_async_context(_connect(server.port))
        await _send_request(reader, writer)
        before = server.resident
        connections: list[Connection] = []
        for start in range(0, number, AT_ONCE):
            opening = [_open_connection(server.port, which) for which in range(start, min(start + AT_ONCE, number))]
            connections += await asyncio.gather(*opening)
        for one in connections:
            stack.callback(one[1].close)
        await asyncio.gather(*(_send_request(*one) for one in connections))
        await asyncio.sleep(1.5)  # the server has checked each of them once
        return before, server.resident


async def _send_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(GET)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"expected status 200, got {head!r}")
    await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))


@asynccontextmanager
async def _connect(port: int) -> AsyncIterator[Connection]:
    reader, writer = await _open_connection(port, 0)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _open_connection(port: int, number: int) -> Connection:
    """Open a connection; each client address has `PER_ADDRESS` of them, because its ports are limited."""
    source = f"127.0.0.{2 + number // PER_ADDRESS}", 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return reader, writer


if __name__ == "__main__":
    sys.exit(main())
