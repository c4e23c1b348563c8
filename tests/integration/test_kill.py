"""The promise "delivered means durable": a recording gateway is killed under load, and nothing delivered is lost."""

from __future__ import annotations

import asyncio
import itertools
import random
import sqlite3
import time
from dataclasses import dataclass, field

import pytest

from store.repository import HistoryFilter
from store.sql.opening import open_store
from tests.programs import Serving, Understudy

ROUNDS = 20
IN_FLIGHT = 8
COMPLETED = 200
# Beyond the 200: the kill comes after so many more responses, and then so much later.
MORE_RESPONSES = 60
LATER_SECONDS = 0.01
ROUND_SECONDS = 30.0

Bodies = dict[str, bytes]


@pytest.mark.slow
def test_what_a_client_received_outlives_a_kill(understudy: Understudy) -> None:
    """20 rounds on one store: each exchange whose response was received is in history, with the same body."""
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    delivered: Bodies = {}
    for number in range(ROUNDS):
        begun = time.time()
        received = asyncio.run(Round(understudy, number, moments).play())
        assert len(received) >= COMPLETED, f"round {number}, seed {seed}"
        assert integrity(understudy) == "ok", f"round {number}, seed {seed}"
        missing = lost(received, history(understudy, since=begun))
        assert not missing, f"round {number}, seed {seed}: {len(missing)} of {len(received)} are lost"
        delivered |= received
    missing = lost(delivered, history(understudy, since=0.0))
    assert not missing, f"a later kill took what an earlier one had left, seed {seed}"


@dataclass
class Round:
    """A gateway in front of an upstream, clients that never pause, and its end by SIGKILL."""

    understudy: Understudy
    number: int
    moments: random.Random
    received: Bodies = field(default_factory=dict)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    ids: itertools.count[int] = field(default_factory=itertools.count)

    async def play(self) -> Bodies:
        """What the clients received completely."""
        self.kill_after = COMPLETED + self.moments.randrange(MORE_RESPONSES)
        upstream = await asyncio.start_server(echo, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}"
        arguments = ("record", "--upstream", url, "--session", "killed", "--name", f"round-{self.number}")
        with self.understudy.serving(*arguments) as gateway:
            clients = [asyncio.ensure_future(self.client(gateway.port)) for _ in range(IN_FLIGHT)]
            try:
                await asyncio.wait_for(self.kill(gateway), ROUND_SECONDS)
                await asyncio.wait_for(asyncio.gather(*clients), ROUND_SECONDS)
            finally:
                upstream.close()
        return self.received

    async def kill(self, gateway: Serving) -> None:
        """Kill it in the middle of the load."""
        await self.enough.wait()
        await asyncio.sleep(self.moments.uniform(0, LATER_SECONDS))
        gateway.kill()

    async def client(self, port: int) -> None:
        """Ask for one thing after the other, until the connection breaks."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                target = f"/{self.number}/{next(self.ids)}"
                writer.write(f"GET {target} HTTP/1.1\r\nHost: api.test\r\n\r\n".encode())
                body = await read_message(reader)
                self.received[target] = body
                if len(self.received) >= self.kill_after:
                    self.enough.set()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An upstream whose every answer names its request."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = head.partition(b"\r\n")[0] * 20
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    except (ConnectionError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """The body of a response, all of it; raises IncompleteReadError when it is cut off."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
    return await reader.readexactly(int(fields[b"content-length"]))


def integrity(understudy: Understudy) -> str:
    """What SQLite says of the file as the kill left it."""
    connection = sqlite3.connect(understudy.store)
    try:
        return str(connection.execute("pragma integrity_check").fetchone()[0])
    finally:
        connection.close()


def lost(delivered: Bodies, kept: Bodies) -> list[str]:
    """What is not in history as it was delivered."""
    return sorted(target for target, body in delivered.items() if kept.get(target) != body)


def history(understudy: Understudy, since: float) -> Bodies:
    """What is kept: the body of each exchange by its target."""
    store = open_store(str(understudy.store))
    try:
        exchanges = list(store.history.select(HistoryFilter(since=since)))
        return {one.request.target.decode(): store.bodies.read(one.response.body) for one in exchanges if one.response}
    finally:
        store.close()
