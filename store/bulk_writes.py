"""Store many exchanges, as an import does: in pieces, so that a gateway can record beside it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from hashlib import sha256

from understudy.store.model.exchanges import Exchange
from understudy.store.model.ids import new_id
from understudy.store.model.messages import LARGE_BODY, Body, PiecedBody
from understudy.store.model.values import replace
from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.repositories.history import Bodies, History
from understudy.store.write_pieces import PieceSize

BODY_PIECE_BYTES = 256 * 1024
MOST_PIECE_BYTES = 2 * 1024 * 1024
"""Of bodies that one transaction stores."""


class BulkWriter:
    """Adds exchanges to a store: each piece of them is a transaction of its own, and short."""

    def __init__(self, history: History, bodies: Bodies) -> None:
        self._history = history
        self._bodies = bodies
        self._size = PieceSize(100)

    def add_all(self, exchanges: Iterable[Exchange], report: ReportProgress = ignore_progress) -> int:
        """Store exchanges, which are taken one by one; return how many were stored.

        `report` is called after each piece with that number so far, twice: the number of all is not known. What was
        stored before an error stays; exchanges that have a `key` can be added again. Raises what `History.add` raises.
        """
        done = 0
        for piece in self._split(exchanges):
            started = time.monotonic()
            self._history.add(piece)
            self._size.note(time.monotonic() - started)
            done += len(piece)
            report(done, done)
        return done

    def _split(self, exchanges: Iterable[Exchange]) -> Iterator[list[Exchange]]:
        piece: list[Exchange] = []
        size = 0
        for exchange in map(self._store_large_bodies, exchanges):
            piece.append(exchange)
            size += _measure(exchange)
            if len(piece) >= self._size.rows or size >= MOST_PIECE_BYTES:
                yield piece
                piece, size = [], 0
        if piece:
            yield piece

    def _store_large_bodies(self, exchange: Exchange) -> Exchange:
        request, response = exchange.request, exchange.response
        if len(_get_bytes(request.body)) > LARGE_BODY:
            request = replace(request, body=self._store_body(_get_bytes(request.body)))
        if response is not None and len(_get_bytes(response.body)) > LARGE_BODY:
            response = replace(response, body=self._store_body(_get_bytes(response.body)))
        return replace(exchange, request=request, response=response)

    def _store_body(self, body: bytes) -> PiecedBody:
        key, position = new_id(), 0
        for start in range(0, len(body), MOST_PIECE_BYTES):
            part = body[start : start + MOST_PIECE_BYTES]
            pieces = [part[at : at + BODY_PIECE_BYTES] for at in range(0, len(part), BODY_PIECE_BYTES)]
            started = time.monotonic()
            self._bodies.add_pieces([(key, position + number, piece) for number, piece in enumerate(pieces)])
            self._size.pause(time.monotonic() - started)
            position += len(pieces)
        return PiecedBody(sha256(body).hexdigest(), len(body), key)


def _measure(exchange: Exchange) -> int:
    response = exchange.response
    return len(_get_bytes(exchange.request.body)) + (len(_get_bytes(response.body)) if response else 0)


def _get_bytes(body: Body) -> bytes:
    return body if isinstance(body, bytes) else b""
