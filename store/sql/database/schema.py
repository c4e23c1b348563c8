"""The schema of a database: upgraded by Alembic alone, refused if it is newer than the program."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from understudy.store.errors import Hint, SchemaMismatch
from understudy.store.promotion import RequestKey
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.upgrade import MIGRATIONS, Report, create_schema, upgrade_schema

HEAD = "0010"


def ignore_report(_done: int, _all: int) -> None:
    """Report nothing."""


def ensure_schema(database: Database, request_key: RequestKey | None = None, report: Report = ignore_report) -> None:
    """Upgrade the database to the newest schema; create the tables of an empty one.

    `request_key` computes the keys of request items anew, where these are those of an older schema. `report` is called
    with the numbers of upgraded exchanges and of all. Raises SchemaMismatch for a database of another program or of a
    newer Understudy, StoreError for an old one that another program has open.
    """
    with database.begin_read() as session:
        revision = read_revision(session.connection(), database.location)
    if revision == HEAD:
        database.restore_write_ahead_log()
        return
    database.set_write_ahead_log()
    if revision is None:
        create_schema(database, lambda connection: read_revision(connection, database.location) is None)
    else:
        upgrade_schema(database, request_key, report)


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
