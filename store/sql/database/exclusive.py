"""A database for one program alone, which an upgrade and VACUUM need: nobody else reads or writes it meanwhile."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from understudy.store.errors import StoreError
from understudy.store.sql.database.checkpoints import connect_existing
from understudy.store.sql.database.engine import Database, get_driver_connection
from understudy.store.sql.database.store_users import describe_users, find_exclusive_user, list_gateways

# What is kept in memory: the pages of the tables that rows leave, and of those that they come to.
CACHE_KIB = 64 * 1024
# Commands have a store open for a moment. A try takes some milliseconds more.
LOCK_TRIES = 100
LOCK_RETRY_SECONDS = 0.02


@contextmanager
def try_exclusively(database: Database) -> Iterator[Connection | None]:
    """Open a connection whose transactions write, and which locks all others out, those of `database` too.

    It is None if another program has the database open.
    """
    if not database.is_file:
        with database.connect() as connection:
            yield connection
        return
    database.disconnect()  # its own connections count as others
    with database.translate_errors():
        driver = _lock(Path(str(database.url.database)))
        if driver is None:
            yield None
            return
        engine = create_engine(database.url, poolclass=StaticPool, creator=lambda: driver)
        event.listen(engine, "begin", lambda connection: get_driver_connection(connection).execute("begin immediate"))
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


def _lock(file: Path) -> sqlite3.Connection | None:
    """Return a connection that has the database for itself until it is closed; None if another one is open.

    It does not wait: one that fails keeps a lock until it is closed, and two programs would wait for each other.
    """
    # SQLite says of such a file only that a lock failed.
    if not os.access(file, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise sqlite3.OperationalError("attempt to write a readonly database")
    connection = connect_existing(file, 0)
    try:
        # Before the first access: the lock on the file is kept until the connection is closed, or its process ends.
        connection.execute("pragma locking_mode = exclusive")
        connection.execute("begin exclusive")
        connection.execute("rollback")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma temp_store = memory")
        connection.execute(f"pragma cache_size = -{CACHE_KIB}")
    except sqlite3.Error as error:
        connection.close()
        if "locked" not in str(error):
            raise
        return None
    return connection


@contextmanager
def open_exclusively(database: Database, reason: str) -> Iterator[Connection]:
    """Do what `try_exclusively` does, and wait some seconds for other programs.

    Raises StoreError that states the reason, which continues the name of the store, and names the programs.
    """
    with database.begin_read() as tx:
        gateways = list_gateways(tx.connection())
    for _ in range(LOCK_TRIES):
        with try_exclusively(database) as connection:
            if connection is not None:
                yield connection
                return
        time.sleep(LOCK_RETRY_SECONDS)
    raise make_user_error(database, gateways, reason)


def make_user_error(database: Database, gateways: Mapping[int, str], reason: str) -> StoreError:
    """Return the error that names the programs that have a database open, and why none may.

    `gateways` are the running ones by the ids of their processes.
    """
    file = Path(str(database.url.database))
    line = f"the store {file} {reason}; stop {describe_users(file, gateways)}, then try again"
    return StoreError(line, what="store", which=str(file))


@contextmanager
def name_upgrade(database: Database) -> Iterator[None]:
    """Raise the StoreError of a locked database as one that names the process that upgrades it, if one does."""
    try:
        yield
    except StoreError as error:
        file = Path(str(database.url.database))
        is_locked = database.is_file and "locked" in str(error.__cause__)
        upgrader = find_exclusive_user(file) if is_locked else None
        if upgrader is None:
            raise
        line = f"the store {file} is being upgraded by {upgrader}; try again when that has ended"
        raise StoreError(line, what="store", which=str(file)) from error
