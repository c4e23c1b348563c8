"""Load on a gateway: an upstream whose every answer names its request, and clients that never pause."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.programs import Understudy
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

Bodies = dict[str, bytes]
# Goes on with a connection behind this head.
Upgraded = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]

# A target with this word in it is never answered.
SLOW = "slow"
# Of an answer that comes in pieces.
PIECE = 400
PAUSE_SECONDS = 0.002


@dataclass
class Load:
    """Clients on a port, each with one request in flight, until their connections break; every target is new.

    They ask for each of these kinds of answers in turn; see `Echo`. Requests are numbered as they are sent: `sent` is
    how many were, `answered` the highest number that was answered, counted from 1.
    """

    port: int
    prefix: str
    kinds: tuple[str, ...] = ("plain",)
    received: Bodies = field(default_factory=dict)
    sent: int = 0
    answered: int = 0
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def client(self) -> None:
        """Ask for one thing after the other; `received` holds the bodies that came completely."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while True:
                target = self.next_target(self.kinds[self.sent % len(self.kinds)])
                number = self.sent
                self.completed(target, await ask(reader, writer, target))
                self.answered = max(self.answered, number)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def next_target(self, kind: str) -> str:
        """A new target, whose request is sent now."""
        self.sent += 1
        return f"/{self.prefix}/{self.sent}/{kind}"

    def completed(self, target: str, body: bytes) -> None:
        """An answer has come, all of it."""
        self.received[target] = body
        self._more.set()

    async def until_received(self, number: int) -> None:
        """Wait until so many responses have come."""
        while len(self.received) < number:
            self._more.clear()
            await self._more.wait()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str) -> bytes:
    """The body of an answer, all of it; raises IncompleteReadError when it is cut off."""
    writer.write(f"GET {target} HTTP/1.1\r\nHost: api.test\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
    if b"content-length" in fields:
        return await reader.readexactly(int(fields[b"content-length"]))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


class Echo:
    """An upstream in this event loop; `slow` is set once it was asked for something slow. `upgraded` has WebSockets.

    The end of a target says how it answers: `sized` and `chunked` come in pieces with pauses, `large` is 200 KB.
    """

    def __init__(self, upgraded: Upgraded | None = None) -> None:
        self.url = ""
        self.upgraded = upgraded
        self.slow = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line = head.partition(b"\r\n")[0]
                if SLOW.encode() in line:
                    self.slow.set()
                elif self.upgraded is not None and b"upgrade: websocket" in head.lower():
                    await self.upgraded(reader, writer, head)
                    return
                else:
                    await self.write(writer, line)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def write(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        """The answer to the request of this first line."""
        kind = line.split(b" ")[1].rpartition(b"/")[2]
        body = line * (200_000 // len(line) if kind == b"large" else 20)
        if kind == b"chunked":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        if kind not in (b"sized", b"chunked"):
            writer.write(body)
            return
        for at in range(0, len(body), PIECE):
            piece = body[at : at + PIECE]
            writer.write(piece if kind == b"sized" else b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.sleep(PAUSE_SECONDS)
        writer.write(b"0\r\n\r\n" if kind == b"chunked" else b"")


@asynccontextmanager
async def echoing(upgraded: Upgraded | None = None) -> AsyncIterator[Echo]:
    """An upstream until the block ends."""
    echo = Echo(upgraded)
    server = await asyncio.start_server(echo.answer, "127.0.0.1", 0)
    echo.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield echo
    finally:
        server.close()


def lost(delivered: Bodies, kept: Bodies) -> list[str]:
    """What is not in history as it was delivered."""
    return sorted(target for target, body in delivered.items() if kept.get(target) != body)


def history(understudy: Understudy, since: float | None = None) -> Bodies:
    """What is kept: the body of each exchange by its target."""
    store = open_store(str(understudy.store))
    try:
        exchanges = list(store.history.select(HistoryFilter(since=since)))
        return {one.request.target.decode(): store.bodies.read(one.response.body) for one in exchanges if one.response}
    finally:
        store.close()
