"""The deletion of all bodies that nothing refers to, and of pieces that belong to no body.

They are looked for in transactions that read, page by page; those that delete look again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy import func as sql

from understudy.store.model.ids import id_from_age
from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.database.trash_tables import DELETED_EXAMPLES
from understudy.store.sql.deletion.gateway_uses import find_earliest_start
from understudy.store.sql.deletion.pieces import Pieces, delete_rows

# Pieces that are older and belong to no body are deleted: their gateway ended before the body was complete.
ABANDONED_SECONDS = 24 * 3600
DIGESTS_PER_PAGE = 5_000
# Each body is at a random place of the file and of its indexes.
BODIES_PER_PIECE = 200
# Deleted bytes are overwritten where SQLite is built so, and that takes as long as writing them.
BYTES_PER_PIECE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SweptBodies:
    """The number of deleted bodies, and of their bytes."""

    bodies: int = 0
    size: int = 0

    def __add__(self, other: SweptBodies) -> SweptBodies:
        return SweptBodies(self.bodies + other.bodies, self.size + other.size)


def sweep_unused_bodies(database: Database, report: ReportProgress = ignore_progress) -> SweptBodies:
    """Delete the bodies that no exchange and no example refers to, and abandoned pieces.

    `report` is called with the numbers of deleted and of found bodies.
    """
    pieces, swept = Pieces(database, BODIES_PER_PIECE), SweptBodies()
    for page in _read_unused(database):
        left = page
        while left:
            chosen = _take_piece(left, pieces.choose_size())
            left = left[len(chosen) :]
            swept += _delete_bodies(database, pieces, [row.digest for row in chosen])
            report(swept.bodies, swept.bodies + len(left))
        report(swept.bodies, swept.bodies)
    for keys in _read_abandoned_keys(database):
        _delete_pieces(database, keys)
        report(swept.bodies, swept.bodies)
    return swept


def build_unused_condition() -> ColumnElement[bool]:
    """Return the condition on bodies that no exchange and no example refers to them, in the trash either."""
    uses = [
        exists().where(column == t.BodyRow.digest)
        for row in (t.ExchangeContentRow.__table__, t.ExampleRow.__table__, DELETED_EXAMPLES)
        for column in (row.c.request_body, row.c.response_body)
    ]
    return ~or_(*uses)


def build_abandoned_condition(database: Database) -> ColumnElement[bool]:
    """Return the condition on pieces that they belong to no body, and are not being received.

    They may be until the gateways have ended that ran when their first piece came.
    """
    earliest = find_earliest_start(database)
    running = 0.0 if earliest is None else time.time() - earliest
    is_old = t.BodyPieceRow.key < id_from_age(max(ABANDONED_SECONDS, running))
    return is_old & ~exists().where(t.BodyRow.pieces == t.BodyPieceRow.key)


def _read_unused(database: Database) -> Iterator[Sequence[Any]]:
    """Yield pages of the digests, the keys of pieces and the sizes of unused bodies; most pages may be empty."""
    body, last = t.BodyRow, ""
    while True:
        page = select(body.digest).where(body.digest > last).order_by(body.digest).limit(DIGESTS_PER_PAGE)
        with database.begin_read() as tx:
            end = tx.scalar(select(sql.max(page.subquery().c.digest)))
            if end is None:
                return
            is_on_page = (body.digest > last) & (body.digest <= end)
            unused = select(body.digest, body.pieces, body.size).where(is_on_page, build_unused_condition())
            found = tx.execute(unused.order_by(body.digest)).all()
        yield found
        last = end


def _take_piece(rows: Sequence[Any], size: int) -> Sequence[Any]:
    """Return the first rows, at least one, whose own contents are not too long together."""
    total = 0
    for number, row in enumerate(rows[:size]):
        total += 0 if row.pieces else row.size
        if number and total > BYTES_PER_PIECE:
            return rows[:number]
    return rows[:size]


def _delete_bodies(database: Database, pieces: Pieces, digests: list[str]) -> SweptBodies:
    is_unused = t.BodyRow.digest.in_(digests) & build_unused_condition()
    with pieces.write() as tx:
        gone = tx.execute(select(t.BodyRow.digest, t.BodyRow.pieces, t.BodyRow.size).where(is_unused)).all()
        tx.execute(delete(t.BodyRow).where(t.BodyRow.digest.in_([row.digest for row in gone])))
    # Last: who ends between the two leaves abandoned pieces, but no body without its pieces.
    _delete_pieces(database, [row.pieces for row in gone if row.pieces])
    return SweptBodies(len(gone), sum(row.size for row in gone))


def _delete_pieces(database: Database, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), IDS_PER_QUERY):
        delete_rows(database, t.BodyPieceRow, t.BodyPieceRow.key.in_(keys[start : start + IDS_PER_QUERY]))


def _read_abandoned_keys(database: Database) -> Iterator[Sequence[str]]:
    row, last = t.BodyPieceRow, ""
    is_abandoned = build_abandoned_condition(database)
    while True:
        query = select(row.key).distinct().where(row.key > last, is_abandoned).order_by(row.key)
        with database.begin_read() as tx:
            keys = tx.scalars(query.limit(IDS_PER_QUERY)).all()
        if not keys:
            return
        yield keys
        last = keys[-1]
