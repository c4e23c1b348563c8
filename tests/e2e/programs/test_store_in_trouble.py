"""A store that is full, read-only or locked: nothing is lost in silence, and nothing that was kept is damaged."""

from __future__ import annotations

import json
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler
from itertools import product
from pathlib import Path

import pytest

from tests.e2e.shop import call
from tests.programs import Serving, Understudy, answer, upstream, wait_for
from tests.proofs import choose

pytestmark = [pytest.mark.proof, pytest.mark.once]

KEPT_BEFORE = 3
LOST = 2
LARGE = 1024 * 1024

# SQLite's own limit: the database has a page for small things, and none for large ones.
FEW_PAGES = 150
PAGE_BYTES = 16 * 1024  # of a new store
FULL_DATABASE = f"""
import sqlalchemy
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def limit(connection, _):
    connection.execute("pragma max_page_count = {FEW_PAGES}")
"""

# What a file system that was remounted read-only comes to, for SQLite: every write is refused.
READ_ONLY_WHILE = """
import pathlib, sqlalchemy
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "begin")
def limit(connection):
    connection.exec_driver_sql(f"pragma query_only = {{int(pathlib.Path({flag!r}).exists())}}")
"""

# How long the store is locked, and a program that waits for less. A whole proof is ten seconds.
LOCKED_SECONDS = choose(10.0, 0.5)
IMPATIENT = """
import understudy.store.sql.database.engine
understudy.store.sql.database.engine.BUSY_TIMEOUT_MS = 100
"""
CLIENTS = 4


def api(handler: BaseHTTPRequestHandler) -> None:
    """Answer with the path of the request; /large with a long text of it."""
    answer(handler, handler.path.encode() * (LARGE if handler.path == "/large" else 1))


@contextmanager
def no_room(understudy: Understudy, gateway: Serving) -> Iterator[None]:
    """The gateway's files cannot grow: the kernel refuses to write beyond their present size (setrlimit(2))."""
    log = understudy.store.with_name(f"{understudy.store.name}-wal")
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (log.stat().st_size, resource.RLIM_INFINITY))
    yield
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def read_only(understudy: Understudy, _: Serving) -> Iterator[None]:
    """The gateway can write nothing; see `READ_ONLY_WHILE`."""
    flag(understudy).touch()
    yield
    flag(understudy).unlink()


@contextmanager
def locked(understudy: Understudy, _: Serving) -> Iterator[None]:
    """Another process is writing."""
    connection = sqlite3.connect(understudy.store, isolation_level=None)
    connection.execute("begin immediate")
    yield
    connection.rollback()
    connection.close()


def flag(understudy: Understudy) -> Path:
    """The file that makes a store read-only while it is there."""
    return understudy.home / "read-only"


Trouble = Callable[[Understudy, Serving], AbstractContextManager[None]]
TROUBLES: dict[str, tuple[str, Trouble, str]] = {
    "full": ("", no_room, "cannot be read or written: it is full, read-only or broken"),
    "read-only": (READ_ONLY_WHILE, read_only, "is read-only"),
    "locked": (IMPATIENT, locked, "was locked by another program"),
}
SOME_CASES = [("full", "stop"), ("full", "continue"), ("read-only", "stop"), ("locked", "continue")]
CASES = choose(list(product(TROUBLES, ["stop", "continue"])), SOME_CASES)


def lost(understudy: Understudy) -> int | None:
    """The losses that `understudy mode` shows; None while the gateway could not write that it runs."""
    counts: list[int] = [gateway["lost"] for gateway in understudy.json("mode")]
    return counts[0] if counts else None


@pytest.mark.parametrize(("trouble", "on_loss"), CASES)
def test_loss_is_counted_logged_and_shown(understudy: Understudy, trouble: str, on_loss: str) -> None:
    """A client gets an error or the response, as --on-loss sets; once the store works again, recording goes on."""
    preamble, in_trouble, reason = TROUBLES[trouble]
    troubled = Understudy(understudy.home, preamble.format(flag=str(flag(understudy))))
    arguments = ("--session", "full", "--on-loss", on_loss)
    with upstream(api) as url, troubled.serving("record", "--upstream", url, *arguments) as gateway:
        before = [call(f"{gateway.url}/before/{number}") for number in range(KEPT_BEFORE)]
        with in_trouble(understudy, gateway):
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
    losses = [line for line in gateway.log.splitlines() if "not kept: GET /during/" in line]
    assert [reason in line for line in losses] == [True] * LOST
    assert f"Kept {KEPT_BEFORE + 1} exchanges; lost {LOST}." in gateway.log
    assert code == 1

    kept = [entry["url"].removeprefix(url) for entry in understudy.json("history", "list")]
    assert kept == [*(f"/before/{number}" for number in range(KEPT_BEFORE)), "/after"]
    assert understudy.run("history", "show", "1", "--body", "response") == "/before/0"
    assert understudy.intact


def test_database_that_is_full_is_named(understudy: Understudy) -> None:
    """A small answer that has no room is replaced by an error with the reason, a large one breaks off; both count."""
    understudy.run("environments", "set", "stage", "made=here")
    full = Understudy(understudy.home, preamble=FULL_DATABASE)
    with upstream(api) as url, full.serving("record", "--upstream", url, "--session", "full") as gateway:
        assert call(f"{gateway.url}/small")[0] == 200
        with pytest.raises(IncompleteRead):
            call(f"{gateway.url}/large")
        refused = call(f"{gateway.url}/upload", "POST", b"x" * (FEW_PAGES * PAGE_BYTES))
        assert call(f"{gateway.url}/smaller")[0] == 200
        gateway.stop()
    assert "Kept 2 exchanges; lost 2." in gateway.log
    message = f"this exchange could not be kept: no space left on the disk of the store {understudy.store}"
    assert (refused[0], json.loads(refused[1])["error"]) == (502, {"name": "recordingFailedError", "message": message})
    kept = [entry["url"].removeprefix(url) for entry in understudy.json("history", "list")]
    assert kept == ["/small", "/smaller"]
    assert understudy.intact


def test_a_lock_that_ends_in_time_loses_nothing(understudy: Understudy) -> None:
    """Another process locks the store, for ten seconds in a whole proof; requests are answered after that."""
    with (
        upstream(api) as url,
        understudy.serving("record", "--upstream", url, "--session", "locked") as gateway,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        with locked(understudy, gateway):
            asked = [clients.submit(call, f"{gateway.url}/{number}") for number in range(CLIENTS)]
            threading.Event().wait(LOCKED_SECONDS)
            answered = [one.done() for one in asked]
        got = [one.result() for one in asked]
        wait_for(lambda: lost(understudy) == 0)
        code = gateway.stop()
    assert answered == [False] * CLIENTS
    assert got == [(200, f"/{number}".encode()) for number in range(CLIENTS)]
    assert (f"Kept {CLIENTS} exchanges; lost 0." in gateway.log, code) == (True, 0)
    kept = {entry["url"].removeprefix(url) for entry in understudy.json("history", "list")}
    assert kept == {f"/{number}" for number in range(CLIENTS)}
    assert understudy.intact


def test_a_store_that_is_deleted_while_it_records_is_no_success(understudy: Understudy) -> None:
    """The client gets an error, and the gateway ends with another exit code."""
    with upstream(api) as url, understudy.serving("record", "--upstream", url) as gateway:
        before = call(f"{gateway.url}/before")[0]
        understudy.store.unlink()
        status, body = call(f"{gateway.url}/after")
        code = gateway.stop()
    assert (before, status, json.loads(body)["error"]["name"]) == (200, 502, "recordingFailedError")
    assert "was moved or deleted while it was in use" in json.loads(body)["error"]["message"]
    assert ("Kept 1 exchange; lost 1." in gateway.log, code) == (True, 1)
