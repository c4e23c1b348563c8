"""Bodies in SQL: small ones in one row, large ones in pieces; and the deletion of those without references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import count

from sqlalchemy import Connection, Delete, delete, select
from sqlalchemy.orm import Session as Transaction

from understudy.store.errors import NotFound
from understudy.store.model.messages import Body, BodyRef, InlineBody
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.bulk_inserts import insert_missing, insert_rows
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.deletion.unused_bodies import build_unused_condition
from understudy.store.sql.mapping.body_rows import NewBodies

ROWS_PER_READ = 500


class SqlBodies:
    """`store.repositories.history.Bodies` in SQL."""

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
        size = 0
        for position in count():
            piece = self._select_piece(key, position)
            if piece is None:
                break
            size += len(piece)
            yield piece
        if size < body.size:
            line = f"the body {body.digest} has {size} bytes in place of {body.size}: it was deleted while it was read"
            raise NotFound(line, what="body", which=body.digest)

    def read_many(self, digests: Set[str], largest: int) -> dict[str, bytes]:
        row, ordered, contents = t.BodyRow, sorted(digests), dict[str, bytes]()
        # No condition on `pieces`: SQLite would use its index, and read all bodies without pieces.
        query = select(row.digest, row.content, row.pieces).where(row.size <= largest)
        with self._database.begin_read() as tx:
            for start in range(0, len(ordered), IDS_PER_QUERY):
                page = query.where(row.digest.in_(ordered[start : start + IDS_PER_QUERY]))
                rows = tx.connection().execute(page)
                contents.update((digest, content) for digest, content, key in rows if key is None)
        return contents

    def read_response_bodies(self, collection_id: str, largest: int) -> Iterator[tuple[str, bytes]]:
        body, example = t.BodyRow, t.ExampleRow
        query = (
            select(body.digest, body.content)
            .join(example, example.response_body == body.digest)
            .where(example.collection_id == collection_id, body.size <= largest, body.pieces.is_(None))
            .order_by(example.id)
            .execution_options(yield_per=ROWS_PER_READ)
        )
        with self._database.begin_read() as tx:
            for rows in tx.connection().execute(query).partitions():
                yield from ((row[0], row[1]) for row in rows)

    def read_piece(self, body: Body, position: int) -> bytes:
        key, content = self._look_up(body) if isinstance(body, BodyRef) else (None, body)
        piece = self._select_piece(key, position) if key is not None else content if position == 0 else None
        if piece is None:
            raise NotFound(f"there is no piece {position} of this body", what="piece", which=str(position))
        return piece

    def add_pieces(self, pieces: Sequence[tuple[str, int, bytes]]) -> None:
        columns = [{"key": key, "position": position, "content": content} for key, position, content in pieces]
        with self._database.begin_core_write() as tx:
            insert_rows(tx, t.BodyPieceRow, columns)

    def _look_up(self, body: BodyRef) -> tuple[str | None, bytes]:
        """Return the key of the pieces of a body, None for one in one row, and its content."""
        if isinstance(body, InlineBody):
            return None, self._read_inline(body)
        query = select(t.BodyRow.pieces, t.BodyRow.content).where(t.BodyRow.digest == body.digest)
        with self._database.begin_read() as tx:
            row = tx.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"there is no body {body.digest}", what="body", which=body.digest)
        return row.pieces, row.content

    def _read_inline(self, body: InlineBody) -> bytes:
        row = t.ExchangeContentRow
        column = row.request_content if body.is_request else row.response_content
        with self._database.begin_read() as tx:
            content = tx.scalar(select(column).where(row.exchange_id == body.entry))
        if content is None:
            line = f"there is no body {body.digest}: the history entry {body.entry} was deleted"
            raise NotFound(line, what="body", which=body.digest)
        return content

    def _select_piece(self, key: str, position: int) -> bytes | None:
        row = t.BodyPieceRow
        with self._database.begin_read() as tx:
            return tx.scalar(select(row.content).where(row.key == key, row.position == position))


def insert_bodies(tx: Connection | Transaction, bodies: NewBodies) -> None:
    """Store the bodies that are new; delete the pieces of those that are stored already."""
    insert_missing(tx, t.BodyRow, list(bodies.rows.values()))
    if bodies.keys:
        used = set(tx.scalars(select(t.BodyRow.pieces).where(t.BodyRow.pieces.in_(bodies.keys))))
        unused = [key for key in bodies.keys if key not in used]
        if unused:
            tx.execute(_build_piece_delete(unused))


def sweep_bodies(tx: Transaction, digests: Iterable[str | None]) -> None:
    """Delete those of a few bodies that no exchange and no example refers to."""
    ordered = sorted({digest for digest in digests if digest})
    for start in range(0, len(ordered), IDS_PER_QUERY):
        _sweep(tx, ordered[start : start + IDS_PER_QUERY])


def _sweep(tx: Transaction, digests: list[str]) -> None:
    conditions = (build_unused_condition(), t.BodyRow.digest.in_(digests))
    keys = list(tx.scalars(select(t.BodyRow.pieces).where(t.BodyRow.pieces.is_not(None), *conditions)))
    tx.execute(delete(t.BodyRow).where(*conditions).execution_options(synchronize_session=False))
    for start in range(0, len(keys), IDS_PER_QUERY):
        tx.execute(_build_piece_delete([key for key in keys[start : start + IDS_PER_QUERY] if key]))


def _build_piece_delete(keys: list[str]) -> Delete:
    return delete(t.BodyPieceRow).where(t.BodyPieceRow.key.in_(keys)).execution_options(synchronize_session=False)
