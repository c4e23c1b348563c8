"""The revision table in SQL: written in the transaction of each change, read by programs with a compiled copy."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session as Transaction

from understudy.store.model.changes import Change, Subject
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import ACTOR, Database

KEPT_CHANGES = 10_000
LATEST = str(select(t.ClockRow.revision))


def record_change(tx: Transaction, subject: Subject, subject_id: str, collection_id: str | None = None) -> int:
    """Write a change within its transaction; return its revision."""
    actor = tx.info.get(ACTOR)
    tx.execute(update(t.ClockRow).values(revision=t.ClockRow.revision + 1))
    revision = tx.scalars(select(t.ClockRow.revision)).one()
    tx.add(
        t.ChangeRow(revision=revision, subject=subject, subject_id=subject_id, collection_id=collection_id, actor=actor)
    )
    if revision % (KEPT_CHANGES // 10) == 0:
        tx.execute(delete(t.ChangeRow).where(t.ChangeRow.revision <= revision - KEPT_CHANGES))
    return revision


class SqlChanges:
    """`store.repositories.gateways.Changes` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_latest(self) -> int:
        # Each gateway and mock server reads it thirty times a second: opening a session would take most of the time.
        return int(self._database.read_value(LATEST))

    def list_since(self, revision: int) -> list[Change] | None:
        query = select(t.ChangeRow).where(t.ChangeRow.revision > revision).order_by(t.ChangeRow.revision)
        with self._database.begin_read() as tx:
            oldest = tx.scalar(select(func.min(t.ChangeRow.revision)))
            if oldest is not None and revision < oldest - 1:
                return None
            return [
                Change(row.revision, Subject(row.subject), row.subject_id, row.collection_id, row.actor)
                for row in tx.scalars(query)
            ]
