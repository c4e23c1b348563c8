"""The schema of a database: upgraded by Alembic alone, refused if it is newer than the program."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from understudy.store.errors import Hint, SchemaMismatch
from understudy.store.promotion import RequestKey
from understudy.store.sql.database.engine import Database

HEAD = "0008"
WAL_TIMEOUT_SECONDS = 5.0
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def ensure_schema(database: Database, request_key: RequestKey | None = None) -> None:
    """Upgrade the database to the newest schema, in one transaction; create the tables of an empty one.

    `request_key` computes the keys of request items anew, where these are those of an older schema.
    Raises SchemaMismatch for a database of another program or of a newer Understudy.
    """
    with database.begin_read() as session:
        if read_revision(session.connection(), database.location) == HEAD:
            return
    _set_wal(database)
    with database.begin_write() as session:
        # Checked again with the lock held: another process may have upgraded it in between.
        if read_revision(session.connection(), database.location) != HEAD:
            _upgrade(session.connection(), request_key)


def read_revision(connection: Connection, location: str) -> str | None:
    """Return the revision of the schema, None for an empty database.

    Raises SchemaMismatch for a database of another program or of a newer Understudy.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables or "exchanges" not in tables:
        line = f"{location} is a database of another program"
        raise SchemaMismatch(line, what="store", which=location, hint=Hint("choose_store"))
    revision = str(connection.execute(text("select version_num from alembic_version")).scalar_one())
    if revision not in list_revisions():
        line = (
            f"the store {location} was written by a newer Understudy"
            f" (schema {revision}, this one knows {HEAD}): upgrade the program"
        )
        raise SchemaMismatch(line, what="store", which=location)
    return revision


def list_revisions() -> set[str]:
    """Return the revisions that this program has migrations for: the numbers that begin the names of their files."""
    return {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}


def _set_wal(database: Database) -> None:
    # The journal mode is a property of the file; it is set once and cannot change inside a transaction.
    if database.url.drivername.startswith("sqlite"):
        with database.borrow_driver_connection() as connection:
            deadline = time.monotonic() + WAL_TIMEOUT_SECONDS
            while True:
                try:
                    connection.execute("pragma journal_mode = wal")
                except sqlite3.OperationalError:  # another process sets it now; SQLite does not wait for this lock
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
                else:
                    return


def _upgrade(connection: Connection, request_key: RequestKey | None) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    config.attributes["request_key"] = request_key
    command.upgrade(config, "head")
