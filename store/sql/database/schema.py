"""The schema of a database: upgraded by Alembic alone, refused if it is newer than the program."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from understudy.store.errors import Hint, SchemaMismatch
from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.exclusive import LOCK_RETRY_SECONDS, LOCK_TRIES, make_user_error, name_upgrade
from understudy.store.sql.database.store_users import list_gateways
from understudy.store.sql.database.upgrade import MIGRATIONS, create_schema, upgrade_schema

if TYPE_CHECKING:
    from understudy.store.promotion import RequestKey

HEAD = "0011"
REASON = "was written by an older Understudy, and to upgrade it no other program may use it"


def ensure_schema(
    database: Database, request_key: RequestKey | None = None, report: ReportProgress = ignore_progress
) -> None:
    """Upgrade the database to the newest schema; create the tables of an empty one.

    `request_key` computes the keys of request items anew, where these are those of an older schema. `report` is called
    with the numbers of upgraded exchanges and of all. Raises SchemaMismatch for a database of another program or of a
    newer Understudy, StoreError for an old one that another program has open or upgrades, or that has an exchange that
    cannot be read.
    """
    gateways: dict[int, str] = {}
    for _ in range(LOCK_TRIES):
        with name_upgrade(database):  # it waits while another program upgrades the database
            revision, gateways = _read_state(database)
        if revision == HEAD:
            database.restore_write_ahead_log()
            return
        if revision is None:
            database.set_write_ahead_log()
            create_schema(database, lambda connection: read_revision(connection, database.location) is None)
            return
        if upgrade_schema(database, lambda one: read_revision(one, database.location) != HEAD, request_key, report):
            return
        time.sleep(LOCK_RETRY_SECONDS)
    raise make_user_error(database, gateways, REASON)


def _read_state(database: Database) -> tuple[str | None, dict[int, str]]:
    """Return the revision, and for an old one the gateways that run on the database."""
    with database.begin_read() as session:
        revision = read_revision(session.connection(), database.location)
        return revision, {} if revision in (None, HEAD) else list_gateways(session.connection())


def read_revision(connection: Connection, location: str) -> str | None:
    """Return the revision of the schema, None for an empty database.

    Raises SchemaMismatch for a database of another program or of a newer Understudy.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables or not tables & {"exchanges", "all_exchanges"}:
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
