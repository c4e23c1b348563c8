"""A small request beside 500 large answers: python -m bench.serving.fairness [--quick]

500 clients ask for an example of 2.5 MB at once; another client asks for a small one all the while. Printed are the
latencies of the small answers, and the memory of the server while all clients read, and while none of them does.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from multiprocessing import Queue, get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

import psutil

from tests.programs import Serving, Understudy

SPAWN = get_context("spawn")
LARGE_BYTES = 2_500_000
MB = 1024 * 1024


async def fetch(port: int, path: str, *, reads: bool = True) -> tuple[float, asyncio.StreamWriter]:
    """Ask for a path on a new connection; return the seconds until the whole answer was there."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    if not reads:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio types it as one that only writes
        return 0.0, writer
    head = await reader.readuntil(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while left:
        left -= len(await reader.read(min(left, 256 * 1024)))
    return time.perf_counter() - begun, writer


async def ask_small(port: int, done: asyncio.Event) -> list[float]:
    """Ask for the small example until all large answers are there."""
    latencies = []
    while not done.is_set():
        seconds, writer = await fetch(port, "/small")
        writer.close()
        latencies.append(seconds)
        await asyncio.sleep(0.01)
    return latencies


def ask_small_elsewhere(port: int, ended: Event, found: Queue[list[float]]) -> None:
    """Ask for the small example in a process of its own, which nothing else keeps busy."""

    async def ask() -> list[float]:
        done = asyncio.Event()
        asking = asyncio.ensure_future(ask_small(port, done))
        await asyncio.to_thread(ended.wait)
        done.set()
        return await asking

    found.put(asyncio.run(ask()))


async def measure(server: Serving, clients: int, *, reads: bool) -> str:
    """Return a line with the latencies and the memory."""
    process = psutil.Process(server.process.pid)
    before, ended, found = process.memory_info().rss, SPAWN.Event(), SPAWN.Queue()
    small = SPAWN.Process(target=ask_small_elsewhere, args=(server.port, ended, found))
    small.start()
    await asyncio.sleep(2)  # until it has begun
    begun = time.perf_counter()
    large = await asyncio.gather(*(fetch(server.port, "/large", reads=reads) for _ in range(clients)))
    if not reads:
        await asyncio.sleep(3)
    seconds, grown = time.perf_counter() - begun, process.memory_info().rss - before
    ended.set()
    latencies = sorted(await asyncio.to_thread(found.get))
    small.join()
    for _, writer in large:
        writer.close()
    p99 = latencies[int(len(latencies) * 0.99) - 1] if len(latencies) > 1 else latencies[0]
    return (
        f"{seconds:.1f} s; small answers: median {median(latencies) * 1000:.1f} ms, 99 % {p99 * 1000:.1f} ms,"
        f" longest {latencies[-1] * 1000:.1f} ms; memory +{grown / MB:.0f} MB"
    )


def main() -> None:
    """Measure a mock server and a gateway in mock mode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 clients instead of 500")
    clients = 100 if parser.parse_args().quick else 500
    understudy = Understudy(Path(tempfile.mkdtemp()))
    large = understudy.home / "large"
    large.write_bytes(bytes(range(250)) * (LARGE_BYTES // 250))
    understudy.run("mocks", "create", "shop", "--request", "GET /small 200 x", "--request", f"GET /large 200 @{large}")
    for name, serving in (("mock server", understudy.mocks_serving), ("gateway", understudy.serving)):
        arguments = ["shop"] if name == "mock server" else ["mock", "shop"]
        for reads in (True, False):
            with serving(*arguments) as server:
                line = asyncio.run(measure(server, clients, reads=reads))
            print(f"{name}, {clients} clients that {'read' if reads else 'do not read'}: {line}", flush=True)


if __name__ == "__main__":
    main()
