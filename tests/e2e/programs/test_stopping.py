"""Ctrl-C and SIGTERM end a gateway within two seconds, with everything committed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.programs import PATIENCE_SECONDS, Serving, Understudy
from tests.proofs import choose
from tests.traffic.http_load import SLOW, Echo, Load, ask, echoing, history, lost
from understudy.store.model.exchanges import GATEWAY_STOPPED

pytestmark = pytest.mark.proof

SIGNALS = [signal.SIGINT, signal.SIGTERM]
# A machine may be busy when the whole suite runs. What is under way there would not end by itself.
MOST_SECONDS = choose(2.0, PATIENCE_SECONDS)
IN_FLIGHT = 8
SOME_LOAD = 100

stopped_by = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: str(number.name))


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line in processes of its own, as a shell starts them."""
    return Understudy(tmp_path, forked=False)


@asynccontextmanager
async def recording(understudy: Understudy, session: str) -> AsyncIterator[tuple[Echo, Serving]]:
    """An upstream, and a gateway before it."""
    async with echoing() as echo:
        with understudy.serving("record", "--upstream", echo.url, "--session", session) as gateway:
            yield echo, gateway


@asynccontextmanager
async def under_load(gateway: Serving, name: str) -> AsyncIterator[Load]:
    """Clients that never pause, from when they have had some answers to when the gateway has ended."""
    load = Load(gateway.port, name)
    clients = [asyncio.ensure_future(load.client()) for _ in range(IN_FLIGHT)]
    await load.until_received(SOME_LOAD)
    yield load
    await asyncio.gather(*clients)


async def stop(gateway: Serving, number: signal.Signals) -> None:
    """Have it end; asserts that it does so in order and in time."""
    begun = time.monotonic()
    code = await asyncio.to_thread(gateway.stop, number)
    seconds = time.monotonic() - begun
    assert (code, seconds < MOST_SECONDS) == (0, True), f"exit code {code} after {seconds:.1f} s: {gateway.log}"
    assert "Traceback" not in gateway.log


def gateways_in(understudy: Understudy) -> int:
    """How many rows of gateways the store has, alive or not."""
    return int(understudy.sql("select count(*) from gateways"))


@stopped_by
async def test_nothing_delivered_is_lost_under_load(understudy: Understudy, number: signal.Signals) -> None:
    """Clients that never pause do not hold the end up, and all they received is in history."""
    async with recording(understudy, "busy") as (_, gateway), under_load(gateway, "busy") as load:
        await stop(gateway, number)
    assert not lost(load.received, history(understudy))
    [session] = understudy.json("sessions", "list")
    failed = f", {session['failed']} of them failed" if session["failed"] else ""  # cut off by the end
    assert f"Kept {session['exchanges']} exchanges{failed}; lost 0." in gateway.log
    assert gateways_in(understudy) == 0


@stopped_by
async def test_a_slow_request_does_not_hold_the_end_up(understudy: Understudy, number: signal.Signals) -> None:
    """It is cut off, and kept as failed: it was not the client that left."""
    async with recording(understudy, "slow") as (echo, gateway):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        delivered = {"/first": await ask(reader, writer, "/first")}
        waiting = asyncio.ensure_future(ask(reader, writer, f"/{SLOW}"))
        await echo.slow.wait()
        await stop(gateway, number)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await waiting
        writer.close()
    assert not lost(delivered, history(understudy))
    entries = understudy.json("history", "list")
    assert [(one["url"].endswith(SLOW), one["error"]) for one in entries] == [(False, None), (True, GATEWAY_STOPPED)]
    assert gateways_in(understudy) == 0


async def test_a_slow_request_over_http_2_is_cut_off_by_the_end_too(understudy: Understudy) -> None:
    async with recording(understudy, "slow") as (echo, gateway):
        curl = await asyncio.create_subprocess_exec("curl", "-s", "--http2-prior-knowledge", f"{gateway.url}/{SLOW}")
        await echo.slow.wait()
        await stop(gateway, signal.SIGTERM)
        assert await curl.wait() != 0
    assert [one["error"] for one in understudy.json("history", "list")] == [GATEWAY_STOPPED]


@stopped_by
async def test_idle_connections_do_not_hold_the_end_up(understudy: Understudy, number: signal.Signals) -> None:
    """Keep-alive connections with nothing under way are closed at once."""
    async with recording(understudy, "idle") as (_, gateway):
        streams = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(IN_FLIGHT)]
        for place, (reader, writer) in enumerate(streams):
            await ask(reader, writer, f"/idle/{place}")
        await stop(gateway, number)
        for _, writer in streams:
            writer.close()
    assert gateways_in(understudy) == 0


async def test_a_second_signal_changes_nothing(understudy: Understudy) -> None:
    """Whoever presses Ctrl-C twice gets the same orderly end."""
    async with recording(understudy, "twice") as (_, gateway), under_load(gateway, "twice") as load:
        gateway.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.05)
        await stop(gateway, signal.SIGINT)
    assert lost(load.received, history(understudy)) == []
