"""A disk that is full: nothing is lost in silence, and nothing that was kept is damaged."""

from __future__ import annotations

import json
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler

import pytest

from tests.e2e.shop import call
from tests.programs import Serving, Understudy, answer, upstream, wait_for

KEPT_BEFORE = 3
LOST = 2
LARGE = 1024 * 1024

# SQLite's own limit: the database has a page for small things, and none for large ones.
FEW_PAGES = 150
FULL_DATABASE = f"""
import sqlalchemy
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def limit(connection, _):
    connection.execute("pragma max_page_count = {FEW_PAGES}")
"""


def api(handler: BaseHTTPRequestHandler) -> None:
    """Says which path it was asked for; /large says it at length."""
    answer(handler, handler.path.encode() * (LARGE if handler.path == "/large" else 1))


@contextmanager
def no_room(understudy: Understudy, gateway: Serving) -> Iterator[None]:
    """The gateway's files cannot grow: the kernel refuses to write beyond their present size (setrlimit(2))."""
    log = understudy.store.with_name(f"{understudy.store.name}-wal")
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (log.stat().st_size, resource.RLIM_INFINITY))
    yield
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def lost(understudy: Understudy) -> int:
    """The losses that `understudy mode` shows."""
    [gateway] = understudy.json("mode")
    assert isinstance(gateway["lost"], int)
    return gateway["lost"]


def integrity(understudy: Understudy) -> str:
    """What SQLite says of the store."""
    connection = sqlite3.connect(understudy.store)
    try:
        return str(connection.execute("pragma integrity_check").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("on_loss", ["stop", "continue"])
def test_loss_is_counted_logged_and_shown(understudy: Understudy, on_loss: str) -> None:
    """A client gets an error or the response, as --on-loss says; once there is room again, recording goes on."""
    arguments = ("--session", "full", "--on-loss", on_loss)
    with upstream(api) as url, understudy.serving("record", "--upstream", url, *arguments) as gateway:
        before = [call(f"{gateway.url}/before/{number}") for number in range(KEPT_BEFORE)]
        with no_room(understudy, gateway):
            during = [call(f"{gateway.url}/during/{number}") for number in range(LOST)]
        after = call(f"{gateway.url}/after")
        wait_for(lambda: lost(understudy) == LOST)
        code = gateway.stop()

    assert [status for status, _ in before] == [200] * KEPT_BEFORE
    if on_loss == "stop":
        errors = [json.loads(body)["error"]["name"] for _, body in during]
        assert ([status for status, _ in during], errors) == ([502] * LOST, ["recordingFailedError"] * LOST)
    else:
        assert during == [(200, f"/during/{number}".encode()) for number in range(LOST)]
    assert after == (200, b"/after")
    assert [f"not kept: GET /during/{number}:" in gateway.log for number in range(LOST)] == [True] * LOST
    assert f"Kept {KEPT_BEFORE + 1} exchanges; lost {LOST}." in gateway.log
    assert code == 1

    kept = [entry["url"].removeprefix(url) for entry in understudy.json("history", "list")]
    assert kept == [*(f"/before/{number}" for number in range(KEPT_BEFORE)), "/after"]
    assert understudy.run("history", "show", "1", "--body", "response") == "/before/0"
    assert integrity(understudy) == "ok"


def test_database_that_is_full_is_named(understudy: Understudy) -> None:
    """A small answer that has no room is replaced by an error that says why, a large one breaks off; both count."""
    understudy.run("sessions", "list")
    full = Understudy(understudy.home, preamble=FULL_DATABASE)
    with upstream(api) as url, full.serving("record", "--upstream", url, "--session", "full") as gateway:
        assert call(f"{gateway.url}/small")[0] == 200
        with pytest.raises(IncompleteRead):
            call(f"{gateway.url}/large")
        refused = call(f"{gateway.url}/upload", "POST", b"x" * (FEW_PAGES * 4096))
        assert call(f"{gateway.url}/smaller")[0] == 200
        gateway.stop()
    assert "Kept 2 exchanges; lost 2." in gateway.log
    message = f"this exchange could not be kept: no space left on the disk of the store {understudy.store}"
    assert (refused[0], json.loads(refused[1])["error"]) == (502, {"name": "recordingFailedError", "message": message})
    kept = [entry["url"].removeprefix(url) for entry in understudy.json("history", "list")]
    assert kept == ["/small", "/smaller"]
    assert integrity(understudy) == "ok"
