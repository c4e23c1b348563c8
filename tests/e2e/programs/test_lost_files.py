"""The log of a store, or the log's index, is deleted under a running program: nothing is lost, and it is reported."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.e2e.shop import call
from tests.programs import Understudy, answer, upstream, wait_for
from tests.proofs import choose

pytestmark = [pytest.mark.proof, pytest.mark.once]

CLIENTS = 3
CALLS = choose(100, 10)
FILES = [["-wal"], ["-shm"], ["-wal", "-shm"]]
CASES = choose([(files, end) for files in FILES for end in ("SIGTERM", "SIGKILL")], [(FILES[0], "SIGKILL")])


def api(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, handler.path.encode())


@pytest.mark.parametrize(("files", "end"), CASES)
def test_a_recording_loses_nothing(understudy: Understudy, files: list[str], end: str) -> None:
    """What was committed is saved, and what comes is kept in new files: all of it is there, even after a SIGKILL."""
    with upstream(api) as url, understudy.serving("record", "--upstream", url, "--session", "shop") as gateway:

        def make_calls(client: int) -> list[str]:
            return [path for number in range(CALLS) if call(url_of(path := f"/{client}/{number}"))[0] == 200]

        def url_of(path: str) -> str:
            return f"{gateway.url}{path}"

        first = call(url_of("/first"))[0]
        with ThreadPoolExecutor(CLIENTS) as clients:
            calls = [clients.submit(make_calls, client) for client in range(CLIENTS)]
            for suffix in files:
                Path(f"{understudy.store}{suffix}").unlink()
            delivered = [path for made in calls for path in made.result()]
        wait_for(lambda: "was deleted or replaced while it was in use" in gateway.log)
        last = call(url_of("/last"))[0]
        gateway.process.send_signal(signal.Signals[end])
        gateway.process.wait()
    kept = {entry["url"].removeprefix(url) for entry in understudy.json("history", "list", "--limit", 10_000)}
    assert (first, last) == (200, 200)
    assert {"/first", "/last", *delivered} <= kept
    assert understudy.intact


@pytest.mark.parametrize("workers", [1, 2])
def test_mock_servers_answer_and_log_on(understudy: Understudy, workers: int) -> None:
    """A program that only reads notices it too, within a moment, and so it sees later changes."""
    understudy.run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada")
    with understudy.mocks_serving("shop", "--workers", workers) as serving:
        before = call(f"{serving.url}/users/1")
        Path(f"{understudy.store}-wal").unlink()
        wait_for(lambda: serving.log.count("was deleted or replaced while it was in use") == workers)
        understudy.run("examples", "add", "shop", "GET /users/2", "--body", "Grace")
        wait_for(lambda: call(f"{serving.url}/users/2") == (200, b"Grace"))
        after = call(f"{serving.url}/users/1")
        verified = understudy.run("mocks", "verify", "shop", "--called", "GET /users/1", "--times", 2)
        assert serving.stop() == 0
    assert (before, after) == ((200, b"Ada"), (200, b"Ada"))
    assert "was called 2 times" in verified
    assert understudy.intact


def test_a_store_that_is_deleted_is_reported_by_mock_servers(understudy: Understudy) -> None:
    """They answer on from what they have read."""
    understudy.run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada")
    with understudy.mocks_serving("shop") as serving:
        call(f"{serving.url}/users/1")
        understudy.store.unlink()
        wait_for(lambda: "was moved or deleted while it was in use" in serving.log)
        assert call(f"{serving.url}/users/1") == (200, b"Ada")
