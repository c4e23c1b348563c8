"""Bodies in SQL: small ones in one row, large ones in pieces; and the sweeping of what nothing refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import count

from sqlalchemy import Connection, Delete, delete, exists, or_, select
from sqlalchemy.orm import Session as Transaction

from understudy.store.errors import NotFound
from understudy.store.model.ids import id_from_age
from understudy.store.model.messages import Body, BodyRef
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.bulk_inserts import insert_missing, insert_rows
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.mapping.body_rows import NewBodies

# What came in this long ago and still is no body never will be one: its gateway has ended.
FORGOTTEN_SECONDS = 24 * 3600
ROWS = 500  # read at once


class SqlBodies:
    """`store.repositories.store.Bodies`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, body: Body) -> bytes:
        if not isinstance(body, BodyRef):
            return body
        return b"".join(self.read_pieces(body))

    def read_pieces(self, body: Body) -> Iterator[bytes]:
        if not isinstance(body, BodyRef):
            yield body
            return
        key, content = self._look_up(body)
        if key is None:
            yield content
            return
        for position in count():
            piece = self._select_piece(key, position)
            if piece is None:
                return
            yield piece

    def read_many(self, digests: Set[str], largest: int) -> dict[str, bytes]:
        row, wanted, found = t.BodyRow, sorted(digests), dict[str, bytes]()
        # Not asked for those without pieces: SQLite would look through all of these, by their index.
        query = select(row.digest, row.content, row.pieces).where(row.size <= largest)
        with self._database.begin_read() as tx:
            for start in range(0, len(wanted), IDS_PER_QUERY):
                some = query.where(row.digest.in_(wanted[start : start + IDS_PER_QUERY]))
                found.update((digest, content) for digest, content, key in tx.connection().execute(some) if key is None)
        return found

    def read_response_bodies(self, collection_id: str, largest: int) -> Iterator[tuple[str, bytes]]:
        body, example = t.BodyRow, t.ExampleRow
        query = (
            select(body.digest, body.content)
            .join(example, example.response_body == body.digest)
            .where(example.collection_id == collection_id, body.size <= largest, body.pieces.is_(None))
            .order_by(example.id)
            .execution_options(yield_per=ROWS)
        )
        with self._database.begin_read() as tx:
            for rows_at_once in tx.connection().execute(query).partitions():
                yield from ((row[0], row[1]) for row in rows_at_once)

    def read_piece(self, body: Body, position: int) -> bytes:
        key, content = self._look_up(body) if isinstance(body, BodyRef) else (None, body)
        piece = self._select_piece(key, position) if key is not None else content if position == 0 else None
        if piece is None:
            raise NotFound(f"there is no piece {position} of this body")
        return piece

    def add_pieces(self, pieces: Sequence[tuple[str, int, bytes]]) -> None:
        columns = [{"key": key, "position": position, "content": content} for key, position, content in pieces]
        with self._database.begin_core_write() as tx:
            insert_rows(tx, t.BodyPieceRow, columns)

    def _look_up(self, body: BodyRef) -> tuple[str | None, bytes]:
        query = select(t.BodyRow.pieces, t.BodyRow.content).where(t.BodyRow.digest == body.digest)
        with self._database.begin_read() as tx:
            found = tx.execute(query).one_or_none()
        if found is None:
            raise NotFound(f"there is no body {body.digest}")
        return found.pieces, found.content

    def _select_piece(self, key: str, position: int) -> bytes | None:
        row = t.BodyPieceRow
        with self._database.begin_read() as tx:
            return tx.scalar(select(row.content).where(row.key == key, row.position == position))


def insert_bodies(tx: Connection | Transaction, bodies: NewBodies) -> None:
    """Keep bodies that are not there yet; the pieces of one that is there already are dropped."""
    insert_missing(tx, t.BodyRow, list(bodies.rows.values()))
    if bodies.keys:
        kept = set(tx.scalars(select(t.BodyRow.pieces).where(t.BodyRow.pieces.in_(bodies.keys))))
        unused = [key for key in bodies.keys if key not in kept]
        if unused:
            tx.execute(_build_piece_delete(unused))


def sweep_bodies(tx: Transaction, among: Iterable[str | None] | None = None) -> None:
    """Delete the bodies that no exchange and no example refers to: all of them, or those among some digests."""
    if among is None:
        _sweep(tx)
        forgotten = ~exists().where(t.BodyRow.pieces == t.BodyPieceRow.key)
        old = t.BodyPieceRow.key < id_from_age(FORGOTTEN_SECONDS)
        tx.execute(delete(t.BodyPieceRow).where(forgotten, old).execution_options(synchronize_session=False))
        return
    digests = sorted({digest for digest in among if digest})
    for start in range(0, len(digests), IDS_PER_QUERY):
        _sweep(tx, digests[start : start + IDS_PER_QUERY])


def _sweep(tx: Transaction, digests: list[str] | None = None) -> None:
    uses = [
        exists().where(column == t.BodyRow.digest)
        for row in (t.ExchangeRow, t.ExampleRow)
        for column in (row.request_body, row.response_body)
    ]
    conditions = [~or_(*uses), *([] if digests is None else [t.BodyRow.digest.in_(digests)])]
    keys = list(tx.scalars(select(t.BodyRow.pieces).where(t.BodyRow.pieces.is_not(None), *conditions)))
    tx.execute(delete(t.BodyRow).where(*conditions).execution_options(synchronize_session=False))
    for start in range(0, len(keys), IDS_PER_QUERY):
        tx.execute(_build_piece_delete([key for key in keys[start : start + IDS_PER_QUERY] if key]))


def _build_piece_delete(keys: list[str]) -> Delete:
    return delete(t.BodyPieceRow).where(t.BodyPieceRow.key.in_(keys)).execution_options(synchronize_session=False)
