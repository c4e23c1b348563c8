"""Sessions in SQL."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, case, delete, func, or_, select, update
from sqlalchemy.orm import Session as Transaction

from understudy.store.model.exchanges import Session
from understudy.store.model.ids import IdKind, new_id
from understudy.store.model.messages import Origin
from understudy.store.repositories.history import SessionSummary
from understudy.store.repositories.paging import WHOLE_LIST, Page, PageRequest
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.database.paged_queries import read_page
from understudy.store.sql.deletion.exchange_deletion import delete_exchanges
from understudy.store.sql.deletion.gateway_uses import check_unused
from understudy.store.sql.deletion.unused_bodies import sweep_unused_bodies
from understudy.store.sql.lookup.find_by_name import check_name, find_named, make_name_conflict, require_row
from understudy.store.sql.mapping.exchange_rows import session_from_row
from understudy.store.sql.mapping.message_rows import origin_to_text


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
            tx.add(t.KeptSessionRow(id=session.id, name=name, upstream=upstream_text, created_at=session.created_at))
        return session

    def find(self, text: str) -> Session:
        with self._database.begin_read() as tx:
            return session_from_row(find_named(tx, IdKind.SESSION, text))

    def list_summaries(self) -> list[SessionSummary]:
        return list(self.read_summary_page(WHOLE_LIST).items)

    def read_summary_page(self, request: PageRequest[str]) -> Page[SessionSummary, str]:
        row = t.SessionRow
        with self._database.begin_read() as tx:
            page = read_page(tx, select(row), (row.id,), request, lambda found: found, lambda found: str(found.id))
            counts = _count_exchanges(tx, [found.number for found in page.items])
            return page.convert(
                lambda found: SessionSummary(session_from_row(found), *counts.get(found.number, (0, 0, None)))
            )

    def rename(self, session_id: str, name: str) -> None:
        check_name("session", name)
        with self._database.begin_write() as tx:
            row = _get_session_row(tx, session_id)
            if row.name != name and tx.scalar(select(t.SessionRow.id).where(t.SessionRow.name == name)):
                raise make_name_conflict("session", name)
            tx.execute(update(t.KeptSessionRow).where(t.KeptSessionRow.id == session_id).values(name=name))

    def set_replay(self, session_id: str, lists: Mapping[str, Sequence[str]]) -> None:
        with self._database.begin_write() as tx:
            _get_session_row(tx, session_id)
            text = json.dumps({name: list(listed) for name, listed in lists.items()}) if lists else None
            tx.execute(update(t.KeptSessionRow).where(t.KeptSessionRow.id == session_id).values(replay=text))

    def delete(self, session_id: str) -> None:
        with self._database.begin_read() as tx:
            is_own = t.KeptExchangeRow.session_number == _get_session_row(tx, session_id).number
        is_deleted = False
        while not is_deleted:
            delete_exchanges(self._database, is_own, t.KeptExchangeRow)
            sweep_unused_bodies(self._database)
            is_deleted = self._delete_emptied(session_id, is_own)

    def _delete_emptied(self, session_id: str, is_own: ColumnElement[bool]) -> bool:
        """Delete the row of a session, unless an exchange was recorded into it meanwhile; return whether it is gone."""
        with self._database.begin_write() as tx:
            row = _get_session_row(tx, session_id)
            check_unused(tx, t.GatewayRow.session_id, session_id, "session", row.name)
            if tx.scalar(select(t.KeptExchangeRow.id).where(is_own).limit(1)) is not None:
                return False
            tx.execute(delete(t.KeptSessionRow).where(t.KeptSessionRow.id == session_id))
        return True


def _count_exchanges(tx: Transaction, numbers: Sequence[int]) -> dict[int, tuple[int, int, float | None]]:
    """Return the numbers of exchanges and failed ones of sessions, and when the last one started.

    Sessions without exchanges are left out.
    """
    row = t.ExchangeRow
    has_failed = or_(row.error.is_not(None), row.status.is_(None))
    failed, last = func.sum(case((has_failed, 1), else_=0)), func.max(row.started_at)
    counts = dict[int, tuple[int, int, float | None]]()
    for start in range(0, len(numbers), IDS_PER_QUERY):
        is_listed = row.session_number.in_(numbers[start : start + IDS_PER_QUERY])
        query = select(row.session_number, func.count(), failed, last).where(is_listed).group_by(row.session_number)
        counts.update((number, (n, bad, at)) for number, n, bad, at in tx.execute(query))
    return counts


def _get_session_row(tx: Transaction, session_id: str) -> t.SessionRow:
    row = tx.scalars(select(t.SessionRow).where(t.SessionRow.id == session_id)).one_or_none()
    return require_row(row, "session", session_id)
