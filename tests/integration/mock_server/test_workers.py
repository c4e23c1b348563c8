"""Several processes on one port, and what becomes of them when one is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.shop import call
from tests.programs import Serving, Understudy, probe, wait_for


@pytest.fixture
def serving(understudy: Understudy) -> Iterator[Serving]:
    """Two workers, and the process that looks after them."""
    understudy.run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada")
    with understudy.mocks_serving("shop", "--workers", 2, "--quiet") as serving:
        yield serving


def workers(serving: Serving) -> set[int]:
    return {child.pid for child in psutil.Process(serving.process.pid).children()}


def test_a_worker_that_is_killed_is_replaced(serving: Serving) -> None:
    before = workers(serving)
    os.kill(min(before), signal.SIGKILL)
    wait_for(lambda: len(workers(serving)) == 2 and workers(serving) != before)
    assert call(f"{serving.url}/users/1") == (200, b"Ada")


def test_workers_end_with_the_process_that_looks_after_them(serving: Serving) -> None:
    ours = workers(serving)
    serving.kill()
    wait_for(lambda: not any(map(psutil.pid_exists, ours)))
    assert not probe(serving.port)


def test_all_end_when_told(serving: Serving) -> None:
    ours = workers(serving)
    assert serving.stop() == 0
    assert not any(map(psutil.pid_exists, ours))
