"""The size of a store after many exchanges, compared with the bytes that were exchanged with the upstream."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.aims import compute_ratio
from bench.load.pairs import SEED
from bench.programs import find_program, run_nginx, run_understudy
from bench.recording.plan import Row, Run, say_met
from bench.recording.stored import check_recorded, measure_store

CONNECTIONS = 8
# nginx counts the bytes of each exchange, heads and bodies.
LOG = "log_format bytes '$request_length $bytes_sent'; access_log {folder}/bytes.log bytes;"
LOCATIONS = """
    location /none/ {{ return 204; }}
    location / {{ root {folder}; default_type application/json; }}
"""
HEAD = (
    "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: python-requests/2.32.3\r\n"
    "Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"
)
WORDS = ("amber", "birch", "copper", "dune", "ember", "fern", "garnet", "hazel", "indigo", "jade", "kelp", "linen")


@dataclass(frozen=True)
class Answers:
    """The answers of a measurement: its name, the path below which they are, the size of their bodies, and the aim."""

    name: str
    path: str
    size: int
    most: float


ANSWERS = (
    Answers("1 KB of JSON", "small", 1024, 1.2),
    Answers("3 KB of JSON", "medium", 3 * 1024, 1.35),
    Answers("no body", "none", 0, 1.5),
)


def measure_sizes(run: Run) -> list[Row]:
    """Record exchanges with answers of each size, in a new store each; return the rows."""
    if find_program("nginx") is None:
        return [("size of the store by exchanged bytes", "not measured", "", "needs nginx, which counts the bytes")]
    return [_measure(run, answers) for answers in ANSWERS]


def _measure(run: Run, answers: Answers) -> Row:
    number = run.plan.sized
    run.folder.chmod(0o755)  # the workers of an nginx that root started run as the user nobody
    with tempfile.TemporaryDirectory(dir=run.folder) as name:
        folder, place = Path(name), Path(name) / "gateway"
        folder.chmod(0o755)
        place.mkdir()
        targets = _prepare(folder, answers, number)
        locations, log = LOCATIONS.format(folder=folder), LOG.format(folder=folder)
        with run_nginx(folder, locations, log) as server, run_understudy(place, server.url) as program:
            asyncio.run(_send_requests(program.port, targets))
            check_recorded(place, number)
        return make_row(answers, number, measure_store(place), count_bytes((folder / "bytes.log").read_text(), number))


def make_row(answers: Answers, number: int, stored: int, exchanged: int) -> Row:
    """Return the row of a measurement: `stored` and `exchanged` are bytes of all exchanges."""
    ratio = compute_ratio(stored, exchanged) or 0.0
    each = f"{stored / number:,.0f} bytes for each exchange of {exchanged / number:,.0f}"
    name = f"size of the store by exchanged bytes, {answers.name}"
    return (name, f"{ratio:.2f}", f"at most {answers.most:.2f}", f"{say_met(ratio <= answers.most)}, {each}")


def count_bytes(log: str, number: int) -> int:
    """Return the sum of all numbers in the log of nginx; raise RuntimeError if it has not one line per exchange."""
    lines = log.splitlines()
    if len(lines) != number:
        raise RuntimeError(f"the upstream answered {len(lines)} requests instead of {number}")
    return sum(int(count) for line in lines for count in line.split())


def make_body(number: int, size: int) -> bytes:
    """Return a JSON text of exactly this size, at least 300 bytes, which is another one for each number."""
    chance = random.Random(SEED * size + number)
    items: list[object] = []
    value = {"number": number, "items": items, "note": ""}
    while len(text := json.dumps(value)) < size - 120:
        name, key = " ".join(chance.choices(WORDS, k=3)), f"{chance.getrandbits(64):016x}"
        items.append({"id": chance.randrange(10**9), "name": name, "price": chance.randrange(10**5) / 100, "key": key})
    missing = size - len(text)
    return f"{text[:-2]}{chance.getrandbits(4 * missing):0{missing}x}{text[-2:]}".encode()


def _prepare(folder: Path, answers: Answers, number: int) -> Iterator[str]:
    """Write the files of all answers; return the targets of their requests."""
    (folder / answers.path).mkdir()
    for one in range(number) if answers.size else ():
        (folder / answers.path / f"{one}.json").write_bytes(make_body(one, answers.size))
    return iter([f"/{answers.path}/{one}.json?page={one % 7}" for one in range(number)])


async def _send_requests(port: int, targets: Iterator[str]) -> None:
    await asyncio.gather(*(_send_on_connection(port, targets) for _ in range(CONNECTIONS)))


async def _send_on_connection(port: int, targets: Iterator[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for target in targets:
        writer.write(HEAD.format(target=target, port=port).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith((b"http/1.1 200 ", b"http/1.1 204 ")):
            raise RuntimeError(f"expected status 200 or 204, got {head!r}")
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
    writer.close()
