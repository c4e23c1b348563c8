"""Which schema a database has: brought up to date by Alembic alone, refused when newer than the program."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from understudy.store.errors import SchemaMismatch
from understudy.store.sql.database.engine import Database

HEAD = "0004"
WAL_PATIENCE_SECONDS = 5.0
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def ensure_schema(database: Database) -> None:
    """Bring the database to the newest schema, a new file from nothing.

    Raises SchemaMismatch when it belongs to another program or was written by a newer Understudy.
    """
    with database.begin_read() as session:
        if read_revision(session.connection(), database.location) == HEAD:
            return
    _set_wal(database)
    with database.begin_write() as session:
        # Asked again with the lock held: another process may have been quicker.
        if read_revision(session.connection(), database.location) != HEAD:
            _upgrade(session.connection())


def read_revision(connection: Connection, place: str) -> str | None:
    """The revision of the database, None for an empty one; raises SchemaMismatch for a foreign or newer one."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables or "exchanges" not in tables:
        raise SchemaMismatch(f"{place} is a database of another program; name another file with --store")
    revision = str(connection.execute(text("select version_num from alembic_version")).scalar_one())
    if revision not in list_revisions():
        raise SchemaMismatch(
            f"the store {place} was written by a newer Understudy"
            f" (schema {revision}, this one knows {HEAD}): upgrade the program"
        )
    return revision


def list_revisions() -> set[str]:
    """The revisions this program has migrations for: the number that begins each file's name."""
    return {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}


def _set_wal(database: Database) -> None:
    # A property of the file, set once; it cannot change inside a transaction.
    if database.url.drivername.startswith("sqlite"):
        with database.borrow_driver_connection() as connection:
            until = time.monotonic() + WAL_PATIENCE_SECONDS
            while True:
                try:
                    connection.execute("pragma journal_mode = wal")
                except sqlite3.OperationalError:  # another process does the same: SQLite does not wait for this lock
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.02)
                else:
                    return


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
