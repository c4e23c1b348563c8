"""A connection that has the file of a store for itself: an upgrade and VACUUM change it as a whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from understudy.store.errors import StoreError
from understudy.store.sql.database.engine import BUSY_TIMEOUT_MS, Database, get_driver_connection
from understudy.store.sql.database.store_users import describe_users, list_gateways


@contextmanager
def open_exclusively(database: Database, reason: str) -> Iterator[Connection]:
    """Open the only connection to a store; a store in memory has no other one.

    Raises StoreError while another program uses it: it states the reason, which continues the name of the store, and
    names the programs.
    """
    if not database.is_file:
        with database.connect() as connection:
            yield connection
        return
    with database.begin_read() as tx:
        gateways = list_gateways(tx.connection())
    database.disconnect()  # its own connections count as others
    file = Path(str(database.url.database))
    engine = create_engine(
        database.url, poolclass=StaticPool, creator=lambda: _connect_exclusively(file, gateways, reason)
    )
    event.listen(engine, "begin", lambda connection: get_driver_connection(connection).execute("begin immediate"))
    try:
        with database.translate_errors(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _connect_exclusively(file: Path, gateways: dict[int, str], reason: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        # Before the first access: the lock on the file is kept until the connection is closed, or its process ends.
        connection.execute("pragma locking_mode = exclusive")
        connection.execute("begin immediate")
        connection.execute("rollback")
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" not in str(error):
            raise
        line = f"the store {file} {reason}; stop {describe_users(file, gateways)}, then try again"
        raise StoreError(line, what="store", which=str(file)) from None
    return connection
