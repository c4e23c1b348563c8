"""Clients that are slow, stall or never read, against a gateway in every mode and a mock server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager

import pytest

from tests.programs import Serving, Understudy
from tests.proofs import choose
from tests.traffic.slow_clients import GET, LARGE, Kind, Report, answer_any, of_gateway, of_mock_server, run_clients
from understudy.proxy.client_limits import LIMIT_NAMES
from understudy.serving.http1.limits import DEFAULT_LIMITS, Limits

pytestmark = [pytest.mark.proof, pytest.mark.once]

# In CI as short as a test may be; in the proof as long as a burst of 500 handshakes may take on a busy machine.
SHORT = choose(5.0, 1.0)
LIMITS = Limits(
    target=16 * 1024,
    head=64 * 1024,
    handshake_seconds=choose(1, 3) * SHORT,  # many begin at once, on a busy machine
    head_seconds=SHORT,
    body_seconds=SHORT,
    idle_seconds=2 * SHORT,
    write_seconds=SHORT,
    body_rate=1_000,
)
CHANGED = [name for name in LIMIT_NAMES if getattr(LIMITS, name) != getattr(DEFAULT_LIMITS, name)]
OPTIONS = [part for name in CHANGED for part in ("--limit", f"{name}={getattr(LIMITS, name)}")]
EACH, HEALTHY = choose(500, 12), choose(50, 8)
LATEST_SECONDS, MEDIAN_SECONDS = choose(2.0, 60.0), choose(0.05, 60.0)
MODES = ["pass", "record", "mock", "replay", "spy"]
OF_MODE = {"record": ["-s", "more"], "mock": ["--mock", "shop"], "replay": ["-s", "shop"], "spy": ["--mock", "shop"]}


@asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    server = await asyncio.start_server(answer_any, "127.0.0.1", 0, backlog=2_048)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def in_thread(serving: AbstractContextManager[Serving]) -> AsyncIterator[Serving]:
    server = await asyncio.to_thread(serving.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(serving.__exit__, None, None, None)


@pytest.fixture(scope="module")
def understudy(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A store with a session and a mock server that hold the answers of the upstream."""
    understudy = Understudy(tmp_path_factory.mktemp("slow"))

    async def record() -> None:
        async with (
            upstream() as url,
            in_thread(understudy.serving("record", "--upstream", url, "-s", "shop")) as gateway,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            for path in (b"small", b"large"):
                writer.write(GET.replace(b"small", path))
                assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(LARGE) if path == b"large" else 5)
            writer.close()

    asyncio.run(record())
    understudy.run("mocks", "create", "shop", "--from-session", "shop")
    return understudy


def check(server: Serving, kinds: dict[str, Kind], report: Report) -> None:
    early, late = report.find_early(kinds, LIMITS), report.find_late(kinds, LIMITS, LATEST_SECONDS)
    assert (early, late, report.wrong) == ([], [], [])
    assert report.median < MEDIAN_SECONDS
    assert "Traceback" not in server.log


@pytest.mark.parametrize("mode", MODES)
def test_a_gateway_disconnects_them_and_healthy_clients_notice_nothing(understudy: Understudy, mode: str) -> None:
    async def run() -> None:
        async with upstream() as url:
            arguments = ["gateway", "--mode", mode, "--upstream", url, *OF_MODE.get(mode, []), *OPTIONS]
            async with in_thread(understudy.serving(*arguments)) as gateway:
                kinds = of_gateway(LIMITS)
                check(gateway, kinds, await run_clients(gateway, kinds, EACH, HEALTHY))

    asyncio.run(run())


def test_a_mock_server_disconnects_them_and_healthy_clients_notice_nothing(understudy: Understudy) -> None:
    async def run() -> None:
        async with in_thread(understudy.mocks_serving("shop", *OPTIONS)) as server:
            kinds = of_mock_server(LIMITS)
            check(server, kinds, await run_clients(server, kinds, EACH, HEALTHY))

    asyncio.run(run())
