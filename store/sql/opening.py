"""Opening a store: the database, its schema, its repositories."""

from __future__ import annotations

from understudy.store.repository import Store
from understudy.store.sql.bodies import SqlBodies
from understudy.store.sql.calls import SqlCalls
from understudy.store.sql.collections import SqlCollections
from understudy.store.sql.engine import Database
from understudy.store.sql.gateways import SqlGateways
from understudy.store.sql.history import SqlHistory, SqlSessions
from understudy.store.sql.keys import SqlKeys
from understudy.store.sql.mock_servers import SqlMockServers
from understudy.store.sql.revisions import SqlChanges
from understudy.store.sql.schema import ensure_schema
from understudy.store.sql.settings import SqlEnvironments, SqlSettings


def open_store(url: str, *, sync_full: bool = False, make: bool = True) -> Store:
    """Open a store, made first when it is not there yet, if it may be.

    `url` is a file path or a database URL. `sync_full` makes every commit survive a power cut too, for its price.
    Raises UserError for a URL or place that cannot be used, NotFound for a store that is not there and may not be made,
    StoreError or SchemaMismatch for a database that cannot be used.
    """
    database = Database(url, sync_full=sync_full, make=make)
    try:
        ensure_schema(database)
    except BaseException:
        database.close()
        raise
    return Store(
        place=database.place,
        sessions=SqlSessions(database),
        history=SqlHistory(database),
        bodies=SqlBodies(database),
        collections=SqlCollections(database),
        environments=SqlEnvironments(database),
        settings=SqlSettings(database),
        gateways=SqlGateways(database),
        mock_servers=SqlMockServers(database),
        keys=SqlKeys(database),
        calls=SqlCalls(database),
        changes=SqlChanges(database),
        close=database.close,
    )
