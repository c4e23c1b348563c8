"""The upkeep of a store in SQL."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import ColumnElement, and_, exists, func, select, text

from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.repositories.maintenance import OldHistory, Pruned, StoreDescription, StoreNumbers, StoreSizes
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.checkpoints import clear_log
from understudy.store.sql.database.engine import Database
from understudy.store.sql.deletion.exchange_deletion import delete_exchanges
from understudy.store.sql.deletion.gateway_uses import build_free_condition
from understudy.store.sql.deletion.search_index_deletion import discard_search_index
from understudy.store.sql.deletion.unused_bodies import sweep_unused_bodies
from understudy.store.sql.maintenance.checks import check_bodies, check_file, check_references
from understudy.store.sql.maintenance.vacuum import vacuum_database
from understudy.store.sql.repositories.bodies import SqlBodies

CLEAR_SECONDS = 5.0
_REVISION = text("select version_num from alembic_version")


class SqlMaintenance:
    """`store.repositories.maintenance.Maintenance` in SQL."""

    def __init__(self, database: Database, bodies: SqlBodies) -> None:
        self._database = database
        self._bodies = bodies

    def describe(self) -> StoreDescription:
        return StoreDescription(self._read_sizes(), self._count())

    def check(self, report: ReportProgress = ignore_progress) -> list[str]:
        problems = check_file(self._database)
        if problems:  # what a damaged file says of its rows is of no use
            return problems
        return [*check_references(self._database), *check_bodies(self._database, self._bodies, report)]

    def count_old(self, old: OldHistory) -> int:
        with self._database.begin_read() as tx:
            return tx.execute(select(func.count()).select_from(t.ExchangeRow).where(_is_old(old))).scalar_one()

    def prune(self, old: OldHistory, report: ReportProgress = ignore_progress) -> Pruned:
        total = self.count_old(old)
        deleted = delete_exchanges(self._database, _is_old(old), report=report, total=total)
        swept = sweep_unused_bodies(self._database, lambda _done, _all: report(deleted, max(total, deleted)))
        return Pruned(deleted, swept.bodies, swept.size)

    def vacuum(self) -> None:
        discard_search_index(self._database)
        vacuum_database(self._database)

    def clear_log(self) -> bool:
        if not self._database.is_file:
            return True
        with self._database.translate_errors():
            return clear_log(Path(str(self._database.url.database)), CLEAR_SECONDS)

    def _read_sizes(self) -> StoreSizes:
        file = str(self._database.url.database) if self._database.is_file else ""
        with self._database.begin_read() as tx:
            page_bytes, pages, free = (
                int(tx.execute(text(f"pragma {name}")).scalar_one())
                for name in ("page_size", "page_count", "freelist_count")
            )
            revision = str(tx.execute(_REVISION).scalar_one())
        # Not what the file has now: some of its pages may be in the log alone.
        size = pages * page_bytes if file else 0
        return StoreSizes(size, _measure_file(f"{file}-wal"), page_bytes, pages, free, revision)

    def _count(self) -> StoreNumbers:
        exchange, body = t.ExchangeRow, t.BodyRow
        with self._database.begin_read() as tx:
            sessions, exchanges, examples, bodies, calls, deletions = (
                tx.execute(select(func.count()).select_from(row)).scalar_one()
                for row in (t.SessionRow, exchange, t.ExampleRow, body, t.CallRow, t.DeletionRow)
            )
            deleted = tx.scalar(select(func.coalesce(func.sum(t.DeletionRow.size), 0))) or 0
            size = tx.scalar(select(func.coalesce(func.sum(body.size), 0))) or 0
            # Apart: SQLite takes each from the end of an index, but not both at once.
            oldest, newest = (tx.scalar(select(end(exchange.started_at))) for end in (func.min, func.max))
        return StoreNumbers(sessions, exchanges, examples, bodies, size, calls, oldest, newest, deletions, deleted)


def _is_old(old: OldHistory) -> ColumnElement[bool]:
    exchange, mark = t.ExchangeRow, t.PromotedRow
    conditions = [exchange.started_at < old.before, build_free_condition()]
    if old.session_id is not None:
        number = select(t.SessionRow.number).where(t.SessionRow.id == old.session_id).scalar_subquery()
        conditions.append(exchange.session_number == number)
    if old.keep_promoted:
        conditions.append(~exists().where(mark.exchange_id == exchange.id, mark.example_id.is_not(None)))
    return and_(*conditions)


def _measure_file(file: str) -> int:
    with suppress(OSError):
        return os.stat(file).st_size
    return 0
