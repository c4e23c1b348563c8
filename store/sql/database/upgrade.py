"""The upgrade of a store to the newest schema: by Alembic, and for the rows of history piece by piece."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from understudy.store.errors import StoreError
from understudy.store.promotion import RequestKey
from understudy.store.sql.database.engine import BUSY_TIMEOUT_MS, Database, get_driver_connection
from understudy.store.sql.database.store_users import describe_users, list_gateways

MIGRATIONS = Path(__file__).parents[2] / "migrations"
# The revision after which the rows of history are moved, and before which there are none to move.
TABLES_OF_HISTORY = "0009"

Report = Callable[[int, int], None]
"""Takes the number of exchanges that are upgraded, and of all."""


def create_schema(database: Database, is_new: Callable[[Connection], bool]) -> None:
    """Create the tables of an empty database in one transaction, unless another process has done it meanwhile."""
    with database.connect() as connection, _without_foreign_keys(connection), connection.begin():
        if is_new(connection):
            migrate(connection, "head")


def upgrade_schema(database: Database, request_key: RequestKey | None, report: Report) -> None:
    """Upgrade a database that no other program has open; after a kill, the next upgrade goes on.

    Raises StoreError that names the programs that have it open.
    """
    from understudy.store.migrations.history_upgrade import move_exchanges

    with _open_exclusively(database) as connection, _without_foreign_keys(connection):
        with connection.begin():
            migrate(connection, TABLES_OF_HISTORY, request_key)
        move_exchanges(get_driver_connection(connection), report)
        with connection.begin():
            migrate(connection, "head")


@contextmanager
def _open_exclusively(database: Database) -> Iterator[Connection]:
    if not database.is_file:
        with database.connect() as connection:
            yield connection
        return
    with database.begin_read() as tx:
        gateways = list_gateways(tx.connection())
    database.disconnect()  # its own connections count as others
    file = Path(str(database.url.database))
    engine = create_engine(database.url, poolclass=StaticPool, creator=lambda: _connect_exclusively(file, gateways))
    event.listen(engine, "begin", lambda connection: get_driver_connection(connection).execute("begin immediate"))
    try:
        with database.translate_errors(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _connect_exclusively(file: Path, gateways: dict[int, str]) -> sqlite3.Connection:
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
        line = (
            f"the store {file} was written by an older Understudy, and to upgrade it no other program may use it;"
            f" stop {describe_users(file, gateways)}, then try again"
        )
        raise StoreError(line, what="store", which=str(file)) from None
    return connection


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    # Tables that others refer to are made anew; the setting cannot change inside a transaction.
    driver = get_driver_connection(connection)
    driver.execute("pragma foreign_keys = off")
    try:
        yield
    finally:
        driver.execute("pragma foreign_keys = on")


def migrate(connection: Connection, revision: str, request_key: RequestKey | None = None) -> None:
    """Run the migrations up to a revision, in the transaction of a connection that does not check foreign keys."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    config.attributes["request_key"] = request_key
    command.upgrade(config, revision)
