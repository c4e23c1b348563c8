"""A disk that is full before a mock server or gateway starts, while it works, and has room again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.e2e.shop import call
from tests.programs import Understudy, answer, upstream, wait_for
from tests.programs.small_disk import KIB, SmallDisk, small_disk
from tests.proofs import choose

pytestmark = [pytest.mark.proof, pytest.mark.once]

DISK = 24 * 1024 * KIB
# Enough for SQLite to open the store, not for the counters of mock servers.
ALMOST_NOTHING = 256 * KIB
CALLS = choose(200, 20)
ADA = (200, b"Ada")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", DISK) as mounted:
        yield mounted


@pytest.fixture
def understudy(disk: SmallDisk, tmp_path: Path) -> Understudy:
    """The command line on a store on the small disk."""
    return Understudy(disk.folder, outputs=tmp_path)


def api(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b"Ada")


@pytest.mark.parametrize(("workers", "full_before"), [(1, False), (2, False), (1, True), (2, True)])
def test_mock_servers_answer(understudy: Understudy, disk: SmallDisk, workers: int, full_before: bool) -> None:
    """With a call log, and a rate limit that is counted for all processes; none gets a signal."""
    limit = f"{CALLS + 6}/86400"
    understudy.run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada", "--rate-limit", limit)
    if full_before:
        disk.fill(leave=ALMOST_NOTHING)
    with understudy.mocks_serving("shop", "--workers", workers) as serving:
        before = [call(f"{serving.url}/users/1") for _ in range(3)]
        if not full_before:
            disk.fill()
        during = [call(f"{serving.url}/users/1") for _ in range(CALLS)]
        verified = understudy.complete("mocks", "verify", "shop", "--called", "GET /users/1", "--times", CALLS + 3)
        disk.free()
        after = [call(f"{serving.url}/users/1") for _ in range(3)]
        limited = call(f"{serving.url}/users/1")[0]
        assert serving.process.poll() is None
        code = serving.stop()
    assert (before, during, after) == ([ADA] * 3, [ADA] * CALLS, [ADA] * 3)
    assert (limited, code) == (429, 0)
    assert "ended by itself" not in serving.log
    if full_before:
        assert "calls are counted in memory, and cannot be verified" in serving.log
        assert b"had no room for the counters" in verified.stderr
    assert verified.returncode


@pytest.mark.parametrize("full_before", [False, True])
@pytest.mark.parametrize(
    "mode",
    [
        ["mock", "shop"],
        ["replay", "shop"],
        ["gateway", "--mode", "pass", "--upstream", "URL"],
        ["gateway", "--mode", "spy", "--mock", "shop", "--upstream", "URL"],
    ],
    ids=["mock", "replay", "pass", "spy"],
)
def test_gateways_answer(understudy: Understudy, disk: SmallDisk, mode: list[str], full_before: bool) -> None:
    """What needs no recording is answered, and `mode` lists the gateway, which cannot write its heartbeat."""
    with upstream(api) as url:
        with understudy.serving("record", "--upstream", url, "--session", "shop") as recording:
            call(f"{recording.url}/users/1")
        understudy.run("promote", "--session", "shop", "--to", "shop")
        if full_before:
            disk.fill(leave=ALMOST_NOTHING)
        with understudy.serving(*[url if word == "URL" else word for word in mode]) as gateway:
            before = [call(f"{gateway.url}/users/1") for _ in range(3)]
            disk.fill()
            wait_for(lambda: "no space left" in gateway.log)
            during = [call(f"{gateway.url}/users/1") for _ in range(CALLS)]
            listed = understudy.json("mode")
            disk.free()
            after = [call(f"{gateway.url}/users/1") for _ in range(3)]
            code = gateway.stop()
    assert (before, during, after) == ([ADA] * 3, [ADA] * CALLS, [ADA] * 3)
    assert [one["name"] for one in listed] == [f"gateway-{gateway.port}"]
    assert code == 0
    assert understudy.intact


@pytest.mark.parametrize("on_loss", ["stop", "continue"])
def test_a_recording_goes_on_afterwards(understudy: Understudy, disk: SmallDisk, on_loss: str) -> None:
    """Meanwhile clients get an error or the response, as --on-loss sets, and each loss is counted."""
    with (
        upstream(api) as url,
        understudy.serving("record", "--upstream", url, "--session", "shop", "--on-loss", on_loss) as gateway,
    ):
        before = call(f"{gateway.url}/before")
        disk.fill()
        during = [call(f"{gateway.url}/during")[0] for _ in range(CALLS)]
        disk.free()
        after = call(f"{gateway.url}/after")
        code = gateway.stop()
    lost = during.count(502 if on_loss == "stop" else 200)
    kept = [entry["url"].removeprefix(url) for entry in understudy.json("history", "list", "--limit", 1000)]
    # The last page of the log may have room for one or two more.
    assert (before, after, code) == (ADA, ADA, 1)
    assert kept.count("/during") + lost >= CALLS
    assert f"Kept {len(kept)} exchanges; lost {CALLS - kept.count('/during')}." in gateway.log
    assert (kept[0], kept[-1]) == ("/before", "/after")
    assert understudy.intact


@pytest.mark.parametrize("command", [["mocks", "serve"], ["mock", "shop"], ["mocks", "list"]])
def test_a_disk_without_any_room_is_named(understudy: Understudy, disk: SmallDisk, command: list[str]) -> None:
    """SQLite needs room for the index of its log to open a store that no other program has open."""
    understudy.run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada")
    disk.fill()
    assert understudy.mistake(*command) == f"Error: no space left on the disk of the store {understudy.store}"
