"""Ctrl-C and SIGTERM end a gateway within two seconds, with everything committed."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time

import pytest

from tests.load import SLOW, Load, ask, echoing, history, lost
from tests.programs import Serving, Understudy

SIGNALS = [signal.SIGINT, signal.SIGTERM]
MOST_SECONDS = 2.0
IN_FLIGHT = 8
SOME_LOAD = 100

stopped_by = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: str(number.name))


async def stop(gateway: Serving, number: signal.Signals) -> tuple[int, float]:
    """Its exit code, and the seconds it took to end."""
    begun = time.monotonic()
    code = await asyncio.to_thread(gateway.stop, number)
    return code, time.monotonic() - begun


def gateways_in(understudy: Understudy) -> int:
    """How many rows of gateways the store has, alive or not."""
    connection = sqlite3.connect(understudy.store)
    try:
        return int(connection.execute("select count(*) from gateways").fetchone()[0])
    finally:
        connection.close()


@stopped_by
async def test_nothing_delivered_is_lost_under_load(understudy: Understudy, number: signal.Signals) -> None:
    """Clients that never pause do not hold the end up, and all they received is in history."""
    async with echoing() as echo:
        with understudy.serving("record", "--upstream", echo.url, "--session", "busy") as gateway:
            load = Load(gateway.port, "busy")
            clients = [asyncio.ensure_future(load.client()) for _ in range(IN_FLIGHT)]
            await load.until_received(SOME_LOAD)
            code, seconds = await stop(gateway, number)
            await asyncio.gather(*clients)
    assert (code, seconds < MOST_SECONDS) == (0, True), f"exit code {code} after {seconds:.1f} s: {gateway.log}"
    assert not lost(load.received, history(understudy))
    [session] = understudy.json("sessions", "list")
    failed = f", {session['failed']} of them failed" if session["failed"] else ""  # cut off by the end
    assert f"Kept {session['exchanges']} exchanges{failed}; lost 0." in gateway.log
    assert "Traceback" not in gateway.log
    assert gateways_in(understudy) == 0


@stopped_by
async def test_a_slow_request_does_not_hold_the_end_up(understudy: Understudy, number: signal.Signals) -> None:
    """It is cut off, and kept as failed."""
    async with echoing() as echo:
        with understudy.serving("record", "--upstream", echo.url, "--session", "slow") as gateway:
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            delivered = {"/first": await ask(reader, writer, "/first")}
            waiting = asyncio.ensure_future(ask(reader, writer, f"/{SLOW}"))
            await echo.slow.wait()
            code, seconds = await stop(gateway, number)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await waiting
            writer.close()
    assert (code, seconds < MOST_SECONDS) == (0, True), f"exit code {code} after {seconds:.1f} s: {gateway.log}"
    assert not lost(delivered, history(understudy))
    entries = understudy.json("history", "list")
    assert [(one["url"].endswith(SLOW), bool(one["error"])) for one in entries] == [(False, False), (True, True)]
    assert gateways_in(understudy) == 0


@stopped_by
async def test_idle_connections_do_not_hold_the_end_up(understudy: Understudy, number: signal.Signals) -> None:
    """Keep-alive connections with nothing under way are closed at once."""
    async with echoing() as echo:
        with understudy.serving("record", "--upstream", echo.url, "--session", "idle") as gateway:
            streams = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(IN_FLIGHT)]
            for place, (reader, writer) in enumerate(streams):
                await ask(reader, writer, f"/idle/{place}")
            code, seconds = await stop(gateway, number)
            for _, writer in streams:
                writer.close()
    assert (code, seconds < 1.0) == (0, True), f"exit code {code} after {seconds:.1f} s: {gateway.log}"
    assert gateways_in(understudy) == 0


async def test_a_second_signal_changes_nothing(understudy: Understudy) -> None:
    """Whoever presses Ctrl-C twice gets the same orderly end."""
    async with echoing() as echo:
        with understudy.serving("record", "--upstream", echo.url, "--session", "twice") as gateway:
            load = Load(gateway.port, "twice")
            clients = [asyncio.ensure_future(load.client()) for _ in range(IN_FLIGHT)]
            await load.until_received(SOME_LOAD)
            gateway.process.send_signal(signal.SIGINT)
            await asyncio.sleep(0.05)
            code, _ = await stop(gateway, signal.SIGINT)
            await asyncio.gather(*clients)
    assert (code, lost(load.received, history(understudy))) == (0, [])
    assert "Traceback" not in gateway.log
