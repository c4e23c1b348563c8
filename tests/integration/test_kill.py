"""The promise "delivered means durable": a recording gateway is killed under load, and nothing delivered is lost."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time

import pytest

from tests.load import Bodies, Load, echoing, history, lost
from tests.programs import Understudy

ROUNDS = 20
IN_FLIGHT = 8
COMPLETED = 200
# Beyond the 200: the kill comes after so many more responses, and then so much later.
MORE_RESPONSES = 60
LATER_SECONDS = 0.01
ROUND_SECONDS = 30.0


@pytest.mark.slow
def test_what_a_client_received_outlives_a_kill(understudy: Understudy) -> None:
    """20 rounds on one store: each exchange whose response was received is in history, with the same body."""
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    delivered: Bodies = {}
    for number in range(ROUNDS):
        begun = time.time()
        received = asyncio.run(one_round(understudy, f"round-{number}", moments))
        assert len(received) >= COMPLETED, f"round {number}, seed {seed}"
        assert integrity(understudy) == "ok", f"round {number}, seed {seed}"
        missing = lost(received, history(understudy, since=begun))
        assert not missing, f"round {number}, seed {seed}: {len(missing)} of {len(received)} are lost"
        delivered |= received
    missing = lost(delivered, history(understudy))
    assert not missing, f"a later kill took what an earlier one had left, seed {seed}"


async def one_round(understudy: Understudy, name: str, moments: random.Random) -> Bodies:
    """A gateway, load on it, and its end by SIGKILL; returns what the clients received completely."""
    async with echoing() as echo:
        with understudy.serving("record", "--upstream", echo.url, "--session", name, "--name", name) as gateway:
            load = Load(gateway.port, name)
            clients = [asyncio.ensure_future(load.client()) for _ in range(IN_FLIGHT)]
            enough = load.until_received(COMPLETED + moments.randrange(MORE_RESPONSES))
            await asyncio.wait_for(enough, ROUND_SECONDS)
            await asyncio.sleep(moments.uniform(0, LATER_SECONDS))
            gateway.kill()
            await asyncio.wait_for(asyncio.gather(*clients), ROUND_SECONDS)
    return load.received


def integrity(understudy: Understudy) -> str:
    """What SQLite says of the file as the kill left it."""
    connection = sqlite3.connect(understudy.store)
    try:
        return str(connection.execute("pragma integrity_check").fetchone()[0])
    finally:
        connection.close()
