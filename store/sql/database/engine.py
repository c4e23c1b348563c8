"""The engine and its transactions. Only this module and `bulk_inserts` depend on the kind of database."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import RLock, local
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, DisconnectionError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from understudy.store.errors import Hint, NotFound, StoreError, UserError, ValueRefused
from understudy.store.sql.database.checkpoints import Checkpointer
from understudy.store.sql.database.database_errors import to_store_error
from understudy.store.sql.database.database_files import DatabaseFiles, is_file, is_in_memory, parse_url
from understudy.store.sql.database.living_gateways import add_living_function

BUSY_TIMEOUT_MS = 15_000
WAL_TIMEOUT_SECONDS = 5.0
# Of a new database. Rows of 1 to 3 KB leave a fifth of a page of SQLite's default of 4 KB empty, or more.
PAGE_BYTES = 16 * 1024
# A commit writes the log into the database itself if it is longer than this many pages; a thread does it long before
# (`checkpoints`).
CHECKPOINT_PAGES = 32_000
LONGEST_LOG_BYTES = 256 * 1024 * 1024
# How often a writer tries to get the write lock. SQLite's own waits grow to 0.1 s, in which others take it again.
LOCK_POLL_SECONDS = 0.002
# SQLite binds up to 32,766 values in a statement since 3.32 (sqlite.org/limits.html); 500 is below all limits.
IDS_PER_QUERY = 500
ACTOR = "actor"
"""The key of a session's `info` that holds the name of the actor."""


class Database:
    """A database engine with two kinds of transactions, for reading and for writing. Threads may share it.

    `url` is a file path or a database URL. `sync_full` makes each commit survive a power cut; without `make` the store
    has to exist. Raises UserError for a URL or place that cannot be used, NotFound for a store that has to exist and
    does not. Errors of the driver become StoreError with one line.
    """

    def __init__(self, url: str, *, sync_full: bool = False, make: bool = True) -> None:
        self.url = parse_url(url)
        if is_file(self.url):
            _check_file(str(self.url.database), make=make)
        self.checkpointer = Checkpointer(Path(str(self.url.database)), PAGE_BYTES) if is_file(self.url) else None
        self._files = DatabaseFiles(Path(str(self.url.database))) if is_file(self.url) else None
        self.engine = _make_engine(self.url, self.checkpointer, self._files, sync_full=sync_full)
        self._write_engine = self.engine.execution_options(writes=True)
        # A store in memory has one connection, and a connection has one transaction at a time.
        self._lock = RLock() if is_in_memory(self.url) else nullcontext()
        self._open = _OpenTransaction()

    @property
    def location(self) -> str:
        """The place of the data, for display: a file path, or the URL without its password."""
        return self.url.database or "memory" if self.url.drivername.startswith("sqlite") else str(self.url)

    @contextmanager
    def begin_read(self) -> Iterator[Session]:
        """Open a session that reads one snapshot; nothing is committed."""
        bind = self._open.connection or self.engine
        with (
            self.translate_errors(),
            Session(bind, expire_on_commit=False, join_transaction_mode="rollback_only") as session,
        ):
            yield session

    @contextmanager
    def begin_write(self) -> Iterator[Session]:
        """Open a session that holds the write lock from its start, and commit it at its end; roll it back on any error.

        Inside `transaction` it is a savepoint of that transaction.
        """
        bind = self._open.connection or self._write_engine
        with (
            self.translate_errors(),
            Session(
                bind,
                expire_on_commit=False,
                join_transaction_mode="create_savepoint",
                info={ACTOR: self._open.actor},
            ) as session,
        ):
            self._set_overwriting(session.connection())
            yield session
            session.commit()

    @contextmanager
    def begin_core_write(self) -> Iterator[Connection]:
        """Do what `begin_write` does without SQLAlchemy's unit of work, which costs more than a commit."""
        if self._open.connection is not None:
            with self.translate_errors(), self._open.connection.begin_nested():
                self._set_overwriting(self._open.connection)
                yield self._open.connection
            return
        with self.translate_errors(), self._write_engine.begin() as connection:
            self._set_overwriting(connection)
            yield connection

    @contextmanager
    def transaction(self, actor: str) -> Iterator[None]:
        """Open one transaction for all reads and writes of this thread; see `Store.transaction`."""
        if self._open.connection is not None:
            yield
            return
        with self.act_as(actor), self.translate_errors(), self._write_engine.begin() as connection:
            self._open.connection = connection
            try:
                yield
            finally:
                self._open.connection = None

    @property
    def is_in_transaction(self) -> bool:
        """Whether this thread has a transaction open."""
        return self._open.connection is not None

    @contextmanager
    def act_as(self, actor: str) -> Iterator[None]:
        """Give the changes of this thread an actor, each in a transaction of its own; see `Store.act_as`."""
        before = self._open.actor
        self._open.actor = before if self.is_in_transaction else actor
        try:
            yield
        finally:
            self._open.actor = before

    @contextmanager
    def overwriting(self) -> Iterator[None]:
        """Let what this thread deletes be overwritten (sqlite.org/pragma.html#pragma_secure_delete)."""
        before, self._open.overwrites = self._open.overwrites, True
        try:
            yield
        finally:
            self._open.overwrites = before

    def _set_overwriting(self, connection: Connection) -> None:
        if self._open.overwrites:
            get_driver_connection(connection).execute("pragma secure_delete = on")

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open a connection whose transactions write."""
        with self.translate_errors(), self._write_engine.connect() as connection:
            yield connection

    def read_value(self, query: str) -> Any:
        """Return the one value of a query, outside any transaction; it is the cheapest way to read.

        Raises StoreError if the files of the database were deleted or replaced.
        """
        with self.translate_errors():
            raw = self.engine.raw_connection()
            try:
                driver: Any = raw.driver_connection
                [value] = driver.execute(query).fetchone()
                if self._files is not None:
                    self._files.check(raw.info, driver)
                return value
            finally:
                raw.close()

    @contextmanager
    def borrow_driver_connection(self) -> Iterator[Any]:
        """Lend a connection of the driver, outside any transaction."""
        with self.translate_errors():
            raw = self.engine.raw_connection()
            try:
                yield raw.driver_connection
            finally:
                raw.close()

    @property
    def is_file(self) -> bool:
        """Whether it is a file of its own, which other processes can open."""
        return is_file(self.url)

    def set_write_ahead_log(self) -> None:
        """Make the file of an SQLite database use a write-ahead log, which is a property of the file."""
        if self.is_file:
            with self.borrow_driver_connection() as connection:
                _set_write_ahead_log(connection)

    def restore_write_ahead_log(self) -> None:
        """Use a write-ahead log again in a file that lost it: a VACUUM was killed. A read-only file stays as it is."""
        if self.is_file:
            with self.borrow_driver_connection() as connection:
                [mode] = connection.execute("pragma journal_mode").fetchone()
                if mode != "wal":
                    with suppress(sqlite3.Error):
                        _set_write_ahead_log(connection)

    def close(self) -> None:
        """Close every connection."""
        self.disconnect()
        if self.checkpointer is not None:
            self.checkpointer.close()

    def disconnect(self) -> None:
        """Close every connection that is not in use; the next access opens another one."""
        self.engine.dispose()

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise errors of the driver, and of values that it does not take, as StoreError."""
        try:
            with self._lock:
                yield
        except (DataError, IntegrityError) as error:
            raise self._make_value_error(error.orig) from error
        except (sqlite3.DataError, sqlite3.IntegrityError) as error:
            raise self._make_value_error(error) from error
        except DBAPIError as error:
            raise to_store_error(str(error.orig), self.location, BUSY_TIMEOUT_MS) from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise to_store_error(str(error), self.location, BUSY_TIMEOUT_MS) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise self._make_value_error(error) from error

    def _make_value_error(self, reason: object) -> ValueRefused:
        return ValueRefused(
            f"the store {self.location} cannot hold a value: {reason}", what="store", which=self.location
        )


def get_driver_connection(connection: Connection) -> Any:
    """Return the driver's connection of a SQLAlchemy connection, which shares its transaction and error handling."""
    return connection.connection.driver_connection


def _make_engine(
    url: URL, checkpointer: Checkpointer | None, files: DatabaseFiles | None, *, sync_full: bool
) -> Engine:
    if is_file(url):
        _create_private(Path(str(url.database)))
    pool = StaticPool if is_in_memory(url) else QueuePool
    engine = create_engine(url, poolclass=pool, connect_args={"check_same_thread": False})
    if files is not None:
        _watch_files(engine, files)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        _set_pragmas(connection, sync_full=sync_full)
        add_living_function(connection, Path(str(url.database)) if is_file(url) else None)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first cannot wait for the write lock later: a writing one takes it at once.
        driver = get_driver_connection(connection)
        if not connection.get_execution_options().get("writes", False):
            driver.execute("begin")
            return
        _begin_writing(driver)
        if files is not None:
            files.check(connection.info, driver)
        if checkpointer is not None:
            checkpointer.note_commit()

    return engine


def _set_pragmas(connection: sqlite3.Connection, *, sync_full: bool) -> None:
    # Transactions are begun by `_make_engine`: the driver would begin none for reads and for DDL.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("pragma foreign_keys = on")
    cursor.execute(f"pragma page_size = {PAGE_BYTES}")
    # Statement journals go to memory: a file for them costs more than the statement.
    cursor.execute("pragma temp_store = memory")
    # With a write-ahead log, NORMAL survives every end of the process; only a power cut can lose the last commits.
    cursor.execute(f"pragma synchronous = {'full' if sync_full else 'normal'}")
    cursor.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
    cursor.execute(f"pragma journal_size_limit = {LONGEST_LOG_BYTES}")
    if cursor.execute("pragma secure_delete").fetchone() == (0,):
        # Pages keep no copies of what was on them; `overwriting` also writes to those that become free.
        cursor.execute("pragma secure_delete = fast")
    cursor.close()


def _watch_files(engine: Engine, files: DatabaseFiles) -> None:
    """Have `files` know the connections, and none used again that it gave up."""
    files.close_idle = engine.dispose
    event.listen(engine, "do_connect", lambda *_: files.check_connect())
    event.listen(engine, "connect", lambda driver, _: files.note_open(driver))
    event.listen(engine, "close", lambda driver, _: files.note_closed(driver))

    @event.listens_for(engine, "checkout")
    def check_log(driver: sqlite3.Connection, record: ConnectionPoolEntry, _: object) -> None:
        if not files.check_log(record.info, driver):
            raise DisconnectionError  # the pool opens another one

    @event.listens_for(engine, "checkin")
    def close_if_given_up(driver: sqlite3.Connection | None, record: ConnectionPoolEntry) -> None:
        if driver is not None and files.is_given_up(driver):
            record.invalidate()


def _begin_writing(driver: sqlite3.Connection) -> None:
    """Begin a transaction with the write lock; raise OperationalError if others hold it for `BUSY_TIMEOUT_MS`."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    driver.execute("pragma busy_timeout = 0")
    try:
        while True:
            try:
                driver.execute("begin immediate")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(LOCK_POLL_SECONDS)
            else:
                return
    finally:
        driver.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")


def _set_write_ahead_log(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + WAL_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:  # another process sets it now; SQLite does not wait for this lock
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


class _OpenTransaction(local):
    """The transaction that a thread has open across repositories, if any, and the actor of its changes."""

    connection: Connection | None = None
    actor: str | None = None
    overwrites = False


def _check_file(file: str, *, make: bool) -> None:
    """Raise UserError if a store cannot be this file, NotFound if it does not exist and must not be created."""
    try:
        mode = os.stat(file).st_mode  # once: another process may create the file at this moment
    except (OSError, ValueError):
        mode = None
    if mode is not None:
        if stat.S_ISREG(mode):
            _check_begun(file, make=make)
            return
        kind = "a folder" if stat.S_ISDIR(mode) else "a device or the like"
        raise UserError(f"takes a file, and {file} is {kind}", field="store")
    if not make:
        raise NotFound(f"there is no store at {file}", what="store", which=file, hint=Hint("record"))
    folder = os.path.dirname(file) or "."
    if os.path.isdir(folder):
        return
    # The folder is not created: its name may be a typing mistake.
    if os.path.exists(folder):
        raise UserError(f"takes a file in a folder, and {folder} is a file", field="store")
    raise UserError(f"the folder {folder} does not exist; create it first", field="store")


def _check_begun(file: str, *, make: bool) -> None:
    """Raise StoreError for an empty file where a store has to exist: it was cut off, or never written."""
    if not make and os.stat(file).st_size == 0 and not os.path.exists(f"{file}-wal"):
        raise StoreError(f"the file {file} is empty: there is no store in it", what="store", which=file)


def _create_private(file: Path) -> None:
    # History holds secrets: only the owner may read the file. SQLite gives its other files the same mode.
    with suppress(OSError):  # the file exists, or SQLite raises a better error
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
