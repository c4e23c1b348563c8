"""Sessions in SQL."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select
from sqlalchemy.orm import Session as Transaction

from understudy.store.model.exchanges import Session
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Origin
from understudy.store.repositories.history import SessionSummary
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.deletion.exchange_deletion import delete_exchanges
from understudy.store.sql.deletion.unused_bodies import sweep_unused_bodies
from understudy.store.sql.mapping.exchange_rows import session_from_row
from understudy.store.sql.mapping.message_rows import origin_to_text
from understudy.store.sql.repositories.find_by_name import check_name, find_named, make_name_conflict, require_row


class SqlSessions:
    """`store.repositories.history.Sessions` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, upstream: Origin | None) -> Session:
        check_name("session", name)
        session = Session(new_id(), name, upstream, time.time())
        with self._database.begin_write() as tx:
            if tx.scalar(select(t.SessionRow).where(t.SessionRow.name == name)):
                raise make_name_conflict("session", name)
            upstream_text = origin_to_text(upstream)
            tx.add(t.SessionRow(id=session.id, name=name, upstream=upstream_text, created_at=session.created_at))
        return session

    def find(self, text: str) -> Session:
        with self._database.begin_read() as tx:
            return session_from_row(find_named(tx, t.SessionRow, "session", text))

    def list_summaries(self) -> list[SessionSummary]:
        has_failed = or_(t.ExchangeRow.error.is_not(None), t.ExchangeRow.status.is_(None))
        query = (
            select(
                t.SessionRow,
                func.count(t.ExchangeRow.id),
                func.sum(case((and_(t.ExchangeRow.id.is_not(None), has_failed), 1), else_=0)),
                func.max(t.ExchangeRow.started_at),
            )
            .outerjoin(t.ExchangeRow, t.ExchangeRow.session_number == t.SessionRow.number)
            .group_by(t.SessionRow.number)
            .order_by(t.SessionRow.id)
        )
        with self._database.begin_read() as tx:
            return [SessionSummary(session_from_row(row), n, bad or 0, last) for row, n, bad, last in tx.execute(query)]

    def set_replay(self, session_id: str, lists: Mapping[str, Sequence[str]]) -> None:
        with self._database.begin_write() as tx:
            row = _get_session_row(tx, session_id)
            row.replay = json.dumps({name: list(listed) for name, listed in lists.items()}) if lists else None

    def delete(self, session_id: str) -> None:
        with self._database.begin_read() as tx:
            is_own = t.ExchangeRow.session_number == _get_session_row(tx, session_id).number
        is_deleted = False
        while not is_deleted:
            delete_exchanges(self._database, is_own)
            sweep_unused_bodies(self._database)
            is_deleted = self._delete_emptied(session_id, is_own)

    def _delete_emptied(self, session_id: str, is_own: ColumnElement[bool]) -> bool:
        """Delete the row of a session, unless a gateway has recorded into it meanwhile; return whether it is gone."""
        with self._database.begin_write() as tx:
            _get_session_row(tx, session_id)
            if tx.scalar(select(t.ExchangeRow.id).where(is_own).limit(1)) is not None:
                return False
            tx.execute(delete(t.SessionRow).where(t.SessionRow.id == session_id))
        return True


def _get_session_row(tx: Transaction, session_id: str) -> t.SessionRow:
    row = tx.scalars(select(t.SessionRow).where(t.SessionRow.id == session_id)).one_or_none()
    return require_row(row, "session", session_id)
