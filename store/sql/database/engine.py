"""The engine and its transactions. With `inserts`, the only module that knows which database it talks to."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import RLock, local
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool

from understudy.store.errors import NotFound, SchemaMismatch, StoreError, UserError, ValueRefused

BUSY_TIMEOUT_MS = 15_000
# Of 4 KB: what the write-ahead log grows to, and what is written into the database at a time.
CHECKPOINT_PAGES = 8_000
# One statement may bind 32,766 values in SQLite since 3.32 (sqlite.org/limits.html); 500 stays below on all.
IDS_PER_QUERY = 500
ACTOR = "actor"
"""The key of a session's `info` that holds the name of who acts."""


class Database:
    """An engine with two kinds of transactions: `reading` and `writing`.

    Driver errors become StoreError with one line that says what to do. Threads may share it.
    """

    def __init__(self, url: str, *, sync_full: bool = False, make: bool = True) -> None:
        self.url = _parse_url(url)
        if _is_file(self.url):
            _check_file(str(self.url.database), make=make)
        self.engine = _make_engine(self.url, sync_full=sync_full)
        self._write_engine = self.engine.execution_options(writes=True)
        # A store in memory is one connection, which has one transaction at a time.
        self._lock = RLock() if _is_in_memory(self.url) else nullcontext()
        self._open = _OpenTransaction()

    @property
    def location(self) -> str:
        """Where the data lies, for people: a file path, or the URL without its password."""
        return self.url.database or "memory" if self.url.drivername.startswith("sqlite") else str(self.url)

    @contextmanager
    def begin_read(self) -> Iterator[Session]:
        """A session on one snapshot; nothing is committed."""
        bind = self._open.connection or self.engine
        with (
            self._translate_errors(),
            Session(bind, expire_on_commit=False, join_transaction_mode="rollback_only") as session,
        ):
            yield session

    @contextmanager
    def begin_write(self) -> Iterator[Session]:
        """A session that holds the write lock from its start and commits at its end; rolled back on any error.

        Inside `transaction` it is a savepoint of that.
        """
        bind = self._open.connection or self._write_engine
        with (
            self._translate_errors(),
            Session(
                bind,
                expire_on_commit=False,
                join_transaction_mode="create_savepoint",
                info={ACTOR: self._open.actor},
            ) as session,
        ):
            yield session
            session.commit()

    @contextmanager
    def begin_core_write(self) -> Iterator[Connection]:
        """As `writing`, without the unit of work, which costs more than the commit: for what is on the hot path."""
        if self._open.connection is not None:
            with self._translate_errors(), self._open.connection.begin_nested():
                yield self._open.connection
            return
        with self._translate_errors(), self._write_engine.begin() as connection:
            yield connection

    @contextmanager
    def transaction(self, actor: str) -> Iterator[None]:
        """One transaction for all that this thread reads and writes inside; see `Store.transaction`."""
        if self._open.connection is not None:
            yield
            return
        with self._translate_errors(), self._write_engine.begin() as connection:
            self._open.connection, self._open.actor = connection, actor
            try:
                yield
            finally:
                self._open.connection, self._open.actor = None, None

    @contextmanager
    def borrow_driver_connection(self) -> Iterator[Any]:
        """The driver's own connection, outside any transaction."""
        with self._translate_errors():
            raw = self.engine.raw_connection()
            try:
                yield raw.driver_connection
            finally:
                raw.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (DataError, IntegrityError) as error:
            raise ValueRefused(f"the store {self.location} refuses a value: {error.orig}") from error
        except (sqlite3.DataError, sqlite3.IntegrityError) as error:
            raise ValueRefused(f"the store {self.location} refuses a value: {error}") from error
        except DBAPIError as error:
            raise _to_store_error(str(error.orig), self.location) from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise _to_store_error(str(error), self.location) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise ValueRefused(f"the store {self.location} has no place for that value: {error}") from error


def get_driver_connection(connection: Connection) -> Any:
    """The driver's own connection, in the transaction of this one: what it raises becomes a StoreError, too."""
    return connection.connection.driver_connection


def _parse_url(text: str) -> URL:
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
    except ArgumentError:
        raise UserError(
            f"--store takes a file path or a database URL such as sqlite:////data/u.db, got {text!r}"
        ) from None
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise UserError(f"--store: this version keeps its data in SQLite only, got a URL of {url.drivername!r}")
    return url


def _make_engine(url: URL, *, sync_full: bool) -> Engine:
    if _is_file(url):
        _create_private(Path(str(url.database)))
    pool = StaticPool if _is_in_memory(url) else QueuePool
    engine = create_engine(url, poolclass=pool, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        # Transactions are begun below, by hand: the driver's own way never begins one for a read or for DDL.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("pragma foreign_keys = on")
        # What a statement that fails has to undo is noted down: not in a file, which costs more than the statement.
        cursor.execute("pragma temp_store = memory")
        # With WAL, NORMAL survives every end of the process; only a power cut can take the last commits.
        cursor.execute(f"pragma synchronous = {'full' if sync_full else 'normal'}")
        # A checkpoint waits for the disk; at SQLite's own 1,000 pages recording would do little else.
        cursor.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
        cursor.close()

    file = _DatabaseFile(Path(str(url.database)).absolute()) if _is_file(url) else None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later can find the lock taken and cannot wait for it: lock first.
        writes = connection.get_execution_options().get("writes", False)
        get_driver_connection(connection).execute("begin immediate" if writes else "begin")
        if writes and file is not None:
            file.check()

    return engine


class _OpenTransaction(local):
    """The transaction that a thread has open across repositories, if any, and whose it is."""

    connection: Connection | None = None
    actor: str | None = None


class _DatabaseFile:
    """The file of a database, which an open connection writes to even when nobody will find it again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise StoreError if it is not the one any more that was written to first."""
        try:
            found = os.stat(self._path)
        except OSError:
            raise StoreError(f"the store {self._path} was moved or deleted while it was in use") from None
        # Not asked for before the first write: where layers of a file system are put together, opening changes it.
        self._known = self._known or (found.st_dev, found.st_ino)
        if self._known != (found.st_dev, found.st_ino):
            raise StoreError(f"the store {self._path} was replaced by another file while it was in use")


def _is_in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _is_file(url: URL) -> bool:
    return not _is_in_memory(url) and not str(url.database).startswith("file:")  # a URI, which makes no folders


def _check_file(file: str, *, make: bool) -> None:
    """Raise UserError when a store cannot be this file, NotFound when there is none and none may be made."""
    if os.path.isfile(file):
        return
    if os.path.exists(file):
        kind = "a folder" if os.path.isdir(file) else "a device or the like"
        raise UserError(f"--store takes a file, and {file} is {kind}")
    if not make:
        raise NotFound(f"there is no store at {file}; understudy record makes one")
    folder = os.path.dirname(file) or "."
    if not os.path.isdir(folder):  # it may be a name that was mistyped
        raise UserError(f"--store takes a file in a folder that is there, and {folder} is none; make it first")


def _create_private(file: Path) -> None:
    # History holds secrets: what we make is for its owner alone. SQLite gives its other files the mode of this one.
    with suppress(OSError):  # it is there already; or SQLite will say what is wrong
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _to_store_error(reason: str, place: str) -> StoreError:
    known = {
        "not a database": SchemaMismatch(f"{place} is not an Understudy store; name another file with --store"),
        "readonly": StoreError(f"the store {place} is read-only; make it writable, or name another with --store"),
        "unable to open": StoreError(f"cannot open the store {place}; does the folder exist and may you write to it?"),
        "disk is full": StoreError(f"no space left on the disk of the store {place}"),
        "disk I/O error": StoreError(
            f"the disk of the store {place} cannot be read or written: it is full, read-only or broken"
        ),
        "locked": StoreError(f"the store {place} was locked by another program for {BUSY_TIMEOUT_MS // 1000} s"),
        "malformed": StoreError(f"the store {place} is damaged; try: sqlite3 {place} .recover"),
    }
    return next((error for part, error in known.items() if part in reason), StoreError(f"store {place}: {reason}"))
