"""One table of requests against a mock server, a gateway that mocks, and one that records in front of a strict server.

What could be read in two ways is refused by all of them, and nothing of it is forwarded.
"""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.programs import Understudy
from tests.programs.waiting import PATIENCE_SECONDS
from tests.traffic.request_table import OTHER_PROTOCOLS, TABLE, UPGRADES, Accepted, Refused, Row
from tests.traffic.strict_upstream import StrictUpstream, strict_upstream

pytestmark = pytest.mark.once

FIRST = b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d+) ")


async def send(port: int, data: bytes) -> bytes:
    """Send it all; return what comes until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(data)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while piece := await reader.read(65_536):
                received += piece
    except ConnectionResetError:
        received += b"(reset)"
    finally:
        writer.close()
    return received


def list_statuses(received: bytes) -> list[int]:
    return [int(status) for status in _STATUS.findall(received) if status != b"100"]


async def check_answers(port: int, outcome: Refused | Accepted, data: bytes, first: bytes) -> list[str]:
    """Send a request between two others; return what differs from its outcome."""
    received = await send(port, first + data + LAST)
    statuses = list_statuses(received)[1 if first else 0 :]
    if isinstance(outcome, Refused):
        is_right = statuses == [outcome.status] and b'"error": {' in received and b"(reset)" not in received
        return [] if is_right else [f"{statuses}, not {outcome.status}: {received[-200:]!r}"]
    is_right = len(statuses) == len(outcome.requests) + 1 and all(status in (200, 404) for status in statuses)
    return [] if is_right else [f"{statuses} to {len(outcome.requests)} requests: {received[-200:]!r}"]


def check_upstream(upstream: StrictUpstream, outcome: Refused | Accepted, first: bytes) -> list[str]:
    """Return what reached the upstream beside what should have."""
    expected = [("GET", "/first", b"")] if first else []
    if isinstance(outcome, Accepted):
        expected += [*outcome.requests, ("GET", "/last", b"")]
    requests, malformed = upstream.take()
    return malformed + ([] if requests == expected else [f"the upstream got {requests}"])


@pytest.fixture(params=["alone", "behind another request"])
def first(request: pytest.FixtureRequest) -> bytes:
    return b"" if request.param == "alone" else FIRST


def test_the_table_is_large() -> None:
    assert len(TABLE) >= 250


def test_a_mock_server(understudy: Understudy, first: bytes) -> None:
    understudy.run("mocks", "create", "shop", "--request", "GET /first 200 x")

    async def check_all(port: int) -> dict[str, list[str]]:
        found = {name: await check_answers(port, row.outcome, row.data, first) for name, row in TABLE.items()}
        return {name: wrong for name, wrong in found.items() if wrong}

    with understudy.mocks_serving("shop") as server:
        assert asyncio.run(check_all(server.port)) == {}
        assert "Traceback" not in server.log


def test_a_gateway_that_mocks(understudy: Understudy, first: bytes) -> None:
    understudy.run("mocks", "create", "shop", "--request", "GET /first 200 x")

    async def check_all(port: int) -> dict[str, list[str]]:
        found = {
            name: await check_answers(port, (not first and row.mocked) or row.outcome, row.data, first)
            for name, row in TABLE.items()
            if name not in (UPGRADES if first else OTHER_PROTOCOLS)
        }
        return {name: wrong for name, wrong in found.items() if wrong}

    with understudy.serving("mock", "shop") as gateway:
        assert asyncio.run(check_all(gateway.port)) == {}
        assert "Traceback" not in gateway.log


def test_a_gateway_that_records(understudy: Understudy, first: bytes) -> None:
    """Nothing malformed reaches the upstream, and nothing that no client sent."""

    async def check_all() -> dict[str, list[str]]:
        async with strict_upstream() as upstream:
            record = understudy.serving("record", "--upstream", upstream.url, "-s", "table")
            gateway = await asyncio.to_thread(record.__enter__)
            try:
                found = {
                    name: await check(gateway.port, upstream, row)
                    for name, row in TABLE.items()
                    if first or name not in OTHER_PROTOCOLS
                }
            finally:
                await asyncio.to_thread(record.__exit__, None, None, None)
            assert "Traceback" not in gateway.log
            return {name: wrong for name, wrong in found.items() if wrong}

    async def check(port: int, upstream: StrictUpstream, row: Row) -> list[str]:
        outcome = row.forwarded or row.outcome
        wrong = await check_answers(port, outcome, row.data, first)
        return wrong + check_upstream(upstream, outcome, first)

    assert asyncio.run(check_all()) == {}
