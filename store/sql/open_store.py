"""Open a store: the database, its schema and its repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.repositories.store import Store
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.schema import ensure_schema
from understudy.store.sql.lookup.id_endings import SqlIds
from understudy.store.sql.maintenance.maintenance import SqlMaintenance
from understudy.store.sql.repositories.bodies import SqlBodies
from understudy.store.sql.repositories.calls import SqlCalls
from understudy.store.sql.repositories.changes import SqlChanges
from understudy.store.sql.repositories.collections import SqlCollections
from understudy.store.sql.repositories.environments import SqlEnvironments, SqlSettings
from understudy.store.sql.repositories.gateways import SqlGateways
from understudy.store.sql.repositories.history import SqlHistory
from understudy.store.sql.repositories.keys import SqlKeys
from understudy.store.sql.repositories.mock_servers import SqlMockServers
from understudy.store.sql.repositories.sessions import SqlSessions
from understudy.store.sql.trash.trash import SqlTrash

if TYPE_CHECKING:
    from understudy.store.promotion import RequestKey


def open_store(
    url: str,
    *,
    sync_full: bool = False,
    make: bool = True,
    request_key: RequestKey | None = None,
    report_upgrade: ReportProgress = ignore_progress,
) -> Store:
    """Open a store; create it if it does not exist, unless `make` is false.

    `url` is a file path or a database URL. `sync_full` makes each commit survive a power cut, which takes longer.
    `request_key` is that of promotion: to upgrade a store of an older Understudy needs it, if it has promoted examples.
    `report_upgrade` is called during an upgrade, with the numbers of upgraded exchanges and of all.
    Raises UserError for a URL or place that cannot be used, NotFound for a store that does not exist and must not be
    created, SchemaMismatch for a database of another program or of a newer Understudy, StoreError for one that cannot
    be read, or that is old and open in another program.
    """
    database = Database(url, sync_full=sync_full, make=make)
    try:
        ensure_schema(database, request_key, report_upgrade)
    except BaseException:
        database.close()
        raise
    return _build_store(database)


def _build_store(database: Database) -> Store:
    bodies = SqlBodies(database)
    return Store(
        location=database.location,
        sessions=SqlSessions(database),
        history=SqlHistory(database, bodies.read),
        bodies=bodies,
        collections=SqlCollections(database),
        environments=SqlEnvironments(database),
        settings=SqlSettings(database),
        gateways=SqlGateways(database),
        mock_servers=SqlMockServers(database),
        keys=SqlKeys(database),
        calls=SqlCalls(database),
        changes=SqlChanges(database),
        ids=SqlIds(database),
        maintenance=SqlMaintenance(database, bodies),
        trash=SqlTrash(database),
        transaction=database.transaction,
        act_as=database.act_as,
        overwriting=database.overwriting,
        close=database.close,
    )
