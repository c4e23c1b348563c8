"""The upgrade of a store to the newest schema: by Alembic, and for the rows of history piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from understudy.store.progress import ReportProgress
from understudy.store.sql.database.engine import Database, get_driver_connection
from understudy.store.sql.database.exclusive import try_exclusively

if TYPE_CHECKING:
    from understudy.store.promotion import RequestKey

MIGRATIONS = Path(__file__).parents[2] / "migrations"
# The revision after which the rows of history are moved, and before which there are none to move.
TABLES_OF_HISTORY = "0009"


def create_schema(database: Database, is_new: Callable[[Connection], bool]) -> None:
    """Create the tables of an empty database in one transaction, unless another process has done it meanwhile."""
    with database.connect() as connection, _without_foreign_keys(connection), connection.begin():
        if is_new(connection):
            migrate(connection, "head")


def upgrade_schema(
    database: Database, is_old: Callable[[Connection], bool], request_key: RequestKey | None, report: ReportProgress
) -> bool:
    """Upgrade a database, unless another program has it open: then nothing is done, and False is returned.

    After a kill, the next upgrade goes on. `is_old` is asked when the database is locked: another program may have
    upgraded it meanwhile. Raises StoreError that names the exchange or example that cannot be upgraded.
    """
    from understudy.store.migrations.history_upgrade import move_exchanges

    with try_exclusively(database) as connection:
        if connection is None:
            return False
        with _without_foreign_keys(connection):
            with connection.begin():
                if not is_old(connection):
                    return True
                migrate(connection, TABLES_OF_HISTORY, request_key)
            move_exchanges(get_driver_connection(connection), database.location, report)
            with connection.begin():
                migrate(connection, "head", request_key)
    return True


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
