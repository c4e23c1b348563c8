"""The promise "delivered means durable": a recording gateway is killed under load, and nothing delivered is lost."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from tests.programs import Understudy
from tests.proofs import choose
from tests.traffic.http_load import Bodies, Load, echoing, history, lost
from tests.traffic.websocket_load import Talks, Texts, echo_messages, gaps, kept_talks

ROUNDS = choose(50, 6)
KINDS = ("plain", "sized", "plain", "chunked", "plain", "large")
IN_FLIGHT = 8
TALKING = 2  # clients with a WebSocket, beside those
COMPLETED = 200
# Beyond the 200: the kill comes after so many more responses, and then so much later.
MORE_RESPONSES = 60
LATER_SECONDS = 0.01
ROUND_SECONDS = 30.0


@pytest.mark.proof
@pytest.mark.timeout(60 + ROUNDS * ROUND_SECONDS)
def test_what_a_client_received_outlives_a_kill(understudy: Understudy) -> None:
    """Rounds on one store, under mixed load: each exchange that was received is in history, with the same body.

    So is each message of a WebSocket that came back before a request was sent that was answered.
    """
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    delivered: Bodies = {}
    due: Texts = {}
    for number in range(ROUNDS):
        begun = time.time()
        talks = asyncio.run(one_round(understudy, f"round-{number}", moments))
        received = talks.load.received
        assert len(received) >= COMPLETED, f"round {number}, seed {seed}"
        assert understudy.intact, f"round {number}, seed {seed}"
        missing = lost(received, history(understudy, since=begun))
        assert not missing, f"round {number}, seed {seed}: {len(missing)} of {len(received)} are lost"
        delivered |= received
        assert sum(map(len, talks.due.values())), f"round {number}, seed {seed}: no message was sent"
        due |= talks.due
        assert not gaps(due, kept_talks(understudy)), f"round {number}, seed {seed}"
    missing = lost(delivered, history(understudy))
    assert not missing, f"a later kill took what an earlier one had left, seed {seed}"


async def one_round(understudy: Understudy, name: str, moments: random.Random) -> Talks:
    """A gateway, load on it, and its end by SIGKILL; returns what was sent, and received completely."""
    async with echoing(echo_messages) as echo:
        large = ("--large-body", "100000")  # so that some go to the store in pieces
        with understudy.serving("record", "--upstream", echo.url, "-s", name, "--name", name, *large) as gateway:
            load = Load(gateway.port, name, KINDS)
            talks = Talks(load)
            clients = [asyncio.ensure_future(load.client()) for _ in range(IN_FLIGHT)]
            clients += [asyncio.ensure_future(talks.client()) for _ in range(TALKING)]
            enough = load.until_received(COMPLETED + moments.randrange(MORE_RESPONSES))
            await asyncio.wait_for(enough, ROUND_SECONDS)
            await asyncio.sleep(moments.uniform(0, LATER_SECONDS))
            gateway.kill()
            await asyncio.wait_for(asyncio.gather(*clients), ROUND_SECONDS)
    return talks
