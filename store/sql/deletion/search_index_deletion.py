"""The deletion of the full-text index, whose words must not outlive their exchanges, in pieces.

To drop the table at once would hold the write lock for seconds. So it gets another name first, under which nothing
looks for it, and its rows are deleted then.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from understudy.store.sql.database.engine import Database
from understudy.store.sql.deletion.pieces import Pieces

RETIRED = "history_search_retired"
_EXISTS = text("select 1 from sqlite_master where name = :name")
_RETIRE = text(f"alter table history_search rename to {RETIRED}")
_DROP_NEW = text("drop table if exists history_search")
_DROP = text(f"drop table if exists {RETIRED}")
# FTS5's own tables; it reads the first ten rows of its data when it opens the table to drop it.
_ROWS = (
    text(f"delete from {RETIRED}_data where id in (select id from {RETIRED}_data where id > 10 limit :rows)"),  # noqa: S608
    text(f"delete from {RETIRED}_docsize where id in (select id from {RETIRED}_docsize limit :rows)"),  # noqa: S608
)


def retire_search_index(tx: Connection) -> None:
    """Take the index away from searches, if there is one, in the transaction that deletes exchanges."""
    if not _exists(tx, "history_search"):
        return
    if _exists(tx, RETIRED):  # another program deletes exchanges at the same time
        tx.execute(_DROP_NEW)
    else:
        tx.execute(_RETIRE)


def discard_search_index(database: Database) -> None:
    """Delete the index with all its words, if there is one; a former deletion that was interrupted is completed."""
    complete_retirement(database)
    with database.begin_read() as session:
        exists = _exists(session.connection(), "history_search")
    if exists:
        with database.begin_core_write() as tx:
            retire_search_index(tx)
        _clear(database)


def complete_retirement(database: Database) -> None:
    """Delete an index that an interrupted deletion took away from searches, and left."""
    with database.begin_read() as session:
        is_left = _exists(session.connection(), RETIRED)
    if is_left:
        _clear(database)


def _clear(database: Database) -> None:
    for statement in _ROWS:
        pieces, deleted = Pieces(database, most=2_000), 1
        while deleted:
            size = pieces.choose_size()
            with pieces.write() as tx:
                # Another program may have completed it meanwhile.
                deleted = tx.execute(statement, {"rows": size}).rowcount if _exists(tx, RETIRED) else 0
    with database.begin_core_write() as tx:
        tx.execute(_DROP)


def _exists(tx: Connection, name: str) -> bool:
    return tx.scalar(_EXISTS, {"name": name}) is not None
