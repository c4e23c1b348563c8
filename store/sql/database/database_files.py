"""The files of an SQLite database that a program has open: the database, its write-ahead log, and the log's index.

An open connection goes on to use a file that was deleted or replaced: what it commits is lost when it is closed, and
programs that come later see another log. So each transaction that writes looks whether the files are those that its
connection opened. They are only looked at, never opened: see `checkpoints`.

At the end: the URLs of stores, and which of them name files.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from understudy.store.errors import StoreError, UserError

logger = logging.getLogger(__name__)

LOG, INDEX = "-wal", "-shm"
KEY = "files"
"""The key of a pooled connection's `info` that holds the identities of its files."""
RESCUE_TIMEOUT_MS = 1_000
# Longer than gateways and mock servers poll: each looks at the files before one of them writes to a new log.
RESCUE_PAUSE_SECONDS = 0.2
# How long a new connection waits until those that were given up are closed: their transactions are short.
LET_GO_SECONDS, LET_GO_STEP_SECONDS = 2.0, 0.005

Identity = tuple[int, int]


class DatabaseFiles:
    """The files of one database. `close_idle` closes the connections that are not in use.

    When the log or its index is gone, connections to them are given up; new ones are opened once all those are closed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._open: set[int] = set()
        self._given_up: set[int] = set()
        self._lock = threading.Lock()
        self.close_idle: Callable[[], object] = lambda: None

    def note_open(self, driver: sqlite3.Connection) -> None:
        """Count a connection that was opened."""
        self._open.add(id(driver))

    def note_closed(self, driver: sqlite3.Connection) -> None:
        """Count a connection that is closed."""
        self._open.discard(id(driver))
        self._given_up.discard(id(driver))

    def is_given_up(self, driver: sqlite3.Connection) -> bool:
        """Return whether a connection must not be used again."""
        return id(driver) in self._given_up

    def check_connect(self) -> None:
        """Wait a while until no connection to a file that is gone is in use; raise StoreError if one still is."""
        deadline = time.monotonic() + LET_GO_SECONDS
        while self._given_up:
            if time.monotonic() > deadline:
                raise self._make_error(LOG, "was deleted or replaced")
            time.sleep(LET_GO_STEP_SECONDS)

    def check(self, info: dict[str, Any], driver: sqlite3.Connection) -> None:
        """Raise StoreError if a file is not the one that this connection opened; a transaction is then rolled back.

        `info` belongs to the connection. What is in a deleted log is first written into the database.
        """
        for suffix in ("", LOG, INDEX):
            found = _identify(f"{self._path}{suffix}")
            if not _is_known(info, suffix, found):
                event = "moved or deleted" if found is None else "replaced by another file"
                if suffix:
                    self._give_up(suffix, info, driver)
                raise self._make_error(suffix, f"was {event}")

    def check_log(self, info: dict[str, Any], driver: sqlite3.Connection) -> bool:
        """Return whether a connection that is not in use may be used: its log and the log's index are in their place.

        If they are not, what is in a deleted log is written into the database.
        """
        for suffix in (LOG, INDEX):
            if not _is_known(info, suffix, _identify(f"{self._path}{suffix}")):
                self._give_up(suffix, info, driver)
                return False
        return True

    def _give_up(self, suffix: str, info: dict[str, Any], driver: sqlite3.Connection) -> None:
        """Use no connection of now again."""
        with self._lock:
            if self.is_given_up(driver):
                return
            is_log_there = _is_known(info, LOG, _identify(f"{self._path}{LOG}"))
            outcome = "nothing is lost" if is_log_there else self._rescue(driver)
            self._given_up |= self._open
            self.close_idle()
        logger.error("%s%s was deleted or replaced while it was in use; %s", self._path, suffix, outcome)

    def _rescue(self, driver: sqlite3.Connection) -> str:
        """Write what is in the deleted log into the database; return what became of it."""
        if driver.in_transaction:
            driver.execute("rollback")
        # Another program may have written to a new log. The places of its pages are not those of the old one.
        if _measure(f"{self._path}{LOG}") == 0:
            with suppress(sqlite3.Error):
                driver.execute(f"pragma busy_timeout = {RESCUE_TIMEOUT_MS}")
                is_busy, *_ = driver.execute("pragma wal_checkpoint(restart)").fetchone()
                if not is_busy:
                    time.sleep(RESCUE_PAUSE_SECONDS)
                    return "what it held was saved"
        return "the last transactions may be lost: check the store (understudy store check)"

    def _make_error(self, suffix: str, event: str) -> StoreError:
        noun = {"": "", LOG: "the log of ", INDEX: "the index of the log of "}[suffix]
        line = f"{noun}the store {self._path} {event} while it was in use"
        return StoreError(line, what="store", which=str(self._path))


def _is_known(info: dict[str, Any], suffix: str, found: Identity | None) -> bool:
    """Return whether a file is the one that a connection has open; a connection's first look at a file makes it so."""
    known: dict[str, Identity] = info.setdefault(KEY, {})
    if suffix in known:
        return known[suffix] == found
    if found is not None:
        # On an overlay file system, opening a file for writing can change its inode; now it is open.
        known[suffix] = found
    return found is not None or bool(suffix)


def _identify(file: str) -> Identity | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _measure(file: str) -> int:
    try:
        return os.stat(file).st_size
    except OSError:
        return 0


def parse_url(text: str) -> URL:
    """Return the URL of a store that is named by a file path or a database URL; raise UserError."""
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
    except ArgumentError:
        line = f"takes a file path or a database URL such as sqlite:////data/u.db, got {text!r}"
        raise UserError(line, field="store") from None
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        line = f"this version stores its data in SQLite only, got a URL of {url.drivername!r}"
        raise UserError(line, field="store")
    return url


def is_in_memory(url: URL) -> bool:
    """Whether a store is in memory."""
    return url.database in (None, "", ":memory:")


def is_file(url: URL) -> bool:
    """Whether a store is a file of its own."""
    # SQLite itself interprets a URI that begins with "file:".
    return not is_in_memory(url) and not str(url.database).startswith("file:")
