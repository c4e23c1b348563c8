"""Clients that are slow, stall, or never read, beside healthy ones; and when each of them was disconnected."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import psutil

from tests.programs import Serving
from understudy.serving.http1.limits import Limits

HOST = b"Host: api.test\r\n"
GET = b"GET /small HTTP/1.1\r\n" + HOST + b"\r\n"
CONNECT = b"CONNECT api.test:80 HTTP/1.1\r\nHost: api.test:80\r\n\r\n"
# The beginning of a hello of TLS, whose record is longer.
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)
DRIP_SECONDS = 0.25
HEALTHY_PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
LIST_SECONDS = 0.1
AT_A_TIME = 500
LARGE = b"x" * (8 * 1024 * 1024)
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TLS.check_hostname, _TLS.verify_mode = False, ssl.CERT_NONE


@dataclass(frozen=True)
class Kind:
    """A kind of client: what it sends at once, then again and again, and the limit that disconnects it.

    `status` is that of the error it gets, None if it is only disconnected. `first` is sent and answered before, and the
    rest goes through TLS with `in_tls`. One that is `deaf` never reads.
    """

    data: bytes
    limit: str | None
    status: int | None = None
    drip: bytes = b""
    first: bytes = b""
    in_tls: bool = False
    deaf: bool = False


def post(fields: bytes) -> bytes:
    return b"POST /small HTTP/1.1\r\n" + HOST + fields + b"\r\n\r\n"


def of_mock_server(limits: Limits) -> dict[str, Kind]:
    """The kinds that any server meets."""
    return {
        "nothing": Kind(b"", "idle_seconds"),
        "an idle connection": Kind(b"", "idle_seconds", first=GET),
        "a stalled head": Kind(GET[:-2], "head_seconds", 408),
        "a stalled request line": Kind(b"GE", "head_seconds", 408),
        "a slow head": Kind(GET[:-2] + b"X: ", "head_seconds", 408, drip=b"y"),
        "a slow head behind a request": Kind(GET[:-2] + b"X: ", "head_seconds", 408, drip=b"y", first=GET),
        "a head with bare LF": Kind(GET.replace(b"\r", b""), None, 400),
        "a head over the limit": Kind(GET[:-2] + b"X: " + b"y" * 3 * limits.head, None, 431),
        "a target over the limit": Kind(b"GET /" + b"x" * (limits.target + 2_000), None, 414),
        "a stalled body": Kind(post(b"Content-Length: 9") + b"x", "body_seconds", 408),
        "a stalled chunk": Kind(post(b"Transfer-Encoding: chunked") + b"9\r\nx", "body_seconds", 408),
        "a slow body": Kind(post(b"Content-Length: 9999") + b"x", "body_seconds", 408, drip=b"x"),
        "a reader that never reads": Kind(GET.replace(b"small", b"large"), "write_seconds", deaf=True),
    }


def of_gateway(limits: Limits) -> dict[str, Kind]:
    """The kinds that a gateway meets, which does TLS and tunnels on the same port."""
    return of_mock_server(limits) | {
        "empty lines": Kind(b"\r\n", "head_seconds"),
        "the beginning of HTTP/2": Kind(b"PRI * HT", "head_seconds"),
        "a stalled hello of TLS": Kind(HELLO, "handshake_seconds"),
        "half a CONNECT": Kind(CONNECT[:-2], "head_seconds", 408),
        "a slow CONNECT": Kind(CONNECT[:-2] + b"X: ", "head_seconds", 408, drip=b"y"),
        "a tunnel without a byte": Kind(b"", "idle_seconds", first=CONNECT),
        "a stalled hello in a tunnel": Kind(HELLO, "handshake_seconds", first=CONNECT),
        "a stalled head in a tunnel": Kind(GET[:-2], "head_seconds", 408, first=CONNECT),
        "a stalled head in TLS": Kind(GET[:-2], "head_seconds", 408, in_tls=True),
        "a stalled body in TLS": Kind(post(b"Content-Length: 9"), "body_seconds", 408, in_tls=True),
        "an idle connection in TLS": Kind(b"", "idle_seconds", in_tls=True),
    }


@dataclass
class Report:
    """What became of clients, for each kind: the seconds until they were disconnected, and what they got.

    `waits` counts from when the last byte was sent, `most` from when the client began to connect: the server's own
    time lies between the two, however busy this process is.
    """

    waits: dict[str, list[float]] = field(default_factory=dict)
    most: dict[str, list[float]] = field(default_factory=dict)
    answers: dict[str, list[bytes]] = field(default_factory=dict)
    healthy: list[float] = field(default_factory=list)  # the seconds of their requests
    wrong: list[str] = field(default_factory=list)  # what nobody expected

    @property
    def median(self) -> float:
        """The median of the seconds that healthy requests took."""
        return median(self.healthy)

    def find_early(self, kinds: dict[str, Kind], limits: Limits) -> list[str]:
        """Return the kinds of which a client was disconnected before its limit, or got another answer."""
        found = []
        for name, kind in kinds.items():
            least = getattr(limits, kind.limit) if kind.limit else 0.0
            found += [f"{name} after {wait:.2f} s" for wait in self.most[name] if wait < least][:1]
            begin = b"" if kind.status is None else b"HTTP/1.1 %d " % kind.status
            found += [f"{name} got {one[:60]!r}" for one in self.answers[name] if not _is_answer(one, begin)][:1]
        return found

    def find_late(self, kinds: dict[str, Kind], limits: Limits, allowed: float) -> list[str]:
        """Return the kinds of which a client was disconnected more than `allowed` seconds after its limit."""
        most = {name: (getattr(limits, kind.limit) if kind.limit else 0.0) + allowed for name, kind in kinds.items()}
        longest = {name: max(waits, default=0.0) for name, waits in self.waits.items()}
        return [f"{name} after {longest[name]:.2f} s" for name in kinds if longest[name] > most[name]]


def _is_answer(received: bytes, begin: bytes) -> bool:
    return received.startswith(begin) and b'"error"' in received if begin else not received


class Connections:
    """The connections that a process has, by the ports of their clients, as the kernel lists them now and then."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.ports: set[int] = set()
        self._task = asyncio.ensure_future(self._list_for_ever())

    def close(self) -> None:
        """List them no longer."""
        self._task.cancel()

    async def wait_until_gone(self, port: int) -> None:
        """Wait until a connection is gone that was there."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while port not in self.ports:
                await asyncio.sleep(LIST_SECONDS)
            while port in self.ports:
                await asyncio.sleep(LIST_SECONDS)

    async def _list_for_ever(self) -> None:
        while True:
            ends = await asyncio.to_thread(self._process.net_connections, "tcp")
            self.ports = {one.raddr[1] for one in ends if one.status != psutil.CONN_LISTEN}
            await asyncio.sleep(LIST_SECONDS)


async def answer_any(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection, each when it is complete: an upstream."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_find_length(head))
            if b"chunked" in head:
                await reader.readuntil(b"0\r\n\r\n")
            body = LARGE if b"/large" in head else b"small"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)
            await writer.drain()
    writer.close()


def _find_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)


async def run_clients(server: Serving, kinds: dict[str, Kind], number: int, healthy: int) -> Report:
    """Run `number` clients of each kind and `healthy` ones beside them, until the slow ones are disconnected."""
    port, connections = server.port, Connections(server.process.pid)
    report = Report({name: [] for name in kinds}, {name: [] for name in kinds}, {name: [] for name in kinds})
    ended = asyncio.Event()
    well = [asyncio.ensure_future(_run_healthy(port, report, ended)) for _ in range(healthy)]
    names = list(kinds)
    group = max(1, AT_A_TIME // number)
    for at in range(0, len(names), group):
        chosen: Sequence[str] = names[at : at + group]
        clients = [(name, kinds[name]) for name in chosen for _ in range(number)]
        await asyncio.gather(*(_run_slow(port, name, kind, report, connections) for name, kind in clients))
    ended.set()
    await asyncio.gather(*well)
    connections.close()
    return report


async def _run_healthy(port: int, report: Report, ended: asyncio.Event) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while not ended.is_set():
            begun = time.perf_counter()
            writer.write(GET)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_find_length(head))
            report.healthy.append(time.perf_counter() - begun)
            if not head.startswith(b"HTTP/1.1 200 "):
                report.wrong.append(repr(head))
            await asyncio.sleep(HEALTHY_PAUSE_SECONDS)
    except (OSError, asyncio.IncompleteReadError) as error:
        report.wrong.append(repr(error))
    finally:
        writer.close()


async def _run_slow(port: int, name: str, kind: Kind, report: Report, connections: Connections) -> None:
    started = time.perf_counter()
    reader, writer = await _connect(port, kind)
    try:
        if kind.first:
            writer.write(kind.first)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_find_length(head))
        begun = time.perf_counter()
        writer.write(kind.data)
        received = b""
        if kind.deaf:
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio types it as one that only writes
            await connections.wait_until_gone(writer.get_extra_info("sockname")[1])
        else:
            received = await _read_to_end(reader, writer, kind.drip)
        ended = time.perf_counter()
        report.waits[name].append(ended - begun)
        report.most[name].append(ended - started)
        report.answers[name].append(received)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        report.wrong.append(f"{name}: {error!r}")
    finally:
        writer.close()


async def _connect(port: int, kind: Kind) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if kind.in_tls:
        return await _connect_in_tls(port)
    if not kind.deaf:
        return await asyncio.open_connection("127.0.0.1", port)
    client = socket.socket()
    client.setblocking(False)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=client, limit=4096)


async def _connect_in_tls(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect; try again if the handshake took longer than it may, as it does where many begin at once."""
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port, ssl=_TLS, server_hostname="api.test")
        except ConnectionError:
            await asyncio.sleep(DRIP_SECONDS)


async def _read_to_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drip: bytes) -> bytes:
    received = b""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                async with asyncio.timeout(DRIP_SECONDS if drip else None):
                    piece = await reader.read(65_536)
            except TimeoutError:
                with contextlib.suppress(OSError):
                    writer.write(drip)
                continue
            except (OSError, ssl.SSLError):
                return received
            if not piece:
                return received
            received += piece
