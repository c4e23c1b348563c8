"""What a recording layer gives to the history writer, and what it hears of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from understudy.addons.forwarding_settings import Forwarding
from understudy.addons.layers.exchange_in_flight import Told, Turn
from understudy.serving.http1.body_recorder import Piece
from understudy.store.errors import StoreError
from understudy.store.history_writer import Outcome

logger = logging.getLogger(__name__)


class Keeper:
    """For one client's connection: what the writer says comes back to it as `Told` events.

    `alone` gets them once the client has left, and nobody can be sent anything.
    """

    def __init__(self, shared: Forwarding, client_id: str, alone: Callable[[Told], None]) -> None:
        self._commits = shared.commits
        self._connections = shared.connections
        self._client_id = client_id
        self._alone = alone

    def keep_pieces(self, turn: Turn, pieces: list[Piece]) -> None:
        """Keep pieces of large bodies; not those of an exchange that is lost already."""
        if pieces and turn.lost is None:
            size = sum(len(content) for _, _, content in pieces)
            turn.owed += size
            self._commits.submit_pieces(pieces, partial(self._hear, turn, size))

    def keep(self, turn: Turn) -> bool:
        """Keep the exchange, now or when its pieces are; returns whether there is nothing to wait for."""
        turn.keeping = True
        if not turn.records:
            return True
        self.keep_pieces(turn, turn.reader.last_pieces())
        return not turn.owed and self._end(turn)

    def told(self, told: Told) -> bool:
        """Take what the writer says; returns whether the exchange is over with it, kept or lost."""
        turn = told.turn
        if isinstance(told.outcome, StoreError):
            turn.lost = told.outcome
        if told.size is None:
            turn.entry = told.outcome if isinstance(told.outcome, int) else None
            return True
        turn.owed -= told.size
        return turn.keeping and not turn.owed and not turn.submitted and self._end(turn)

    def _end(self, turn: Turn) -> bool:
        if turn.lost is not None:
            self._commits.lose(turn.reader.exchange("", turn.failure), turn.lost)
            return True
        turn.submitted = True
        try:
            if turn.active.session_id is None:
                raise StoreError("there is no session to record to; it was deleted")
            exchange = turn.reader.exchange(turn.active.session_id, turn.failure)
            self._commits.submit(exchange, partial(self._hear, turn, None))
        except Exception as failure:  # whatever went wrong, the client must hear of it
            logger.exception("an exchange could not be kept")
            self._commits.count_loss()
            turn.lost = failure if isinstance(failure, StoreError) else StoreError(str(failure))
            return True
        return False

    def _hear(self, turn: Turn, size: int | None, outcome: Outcome) -> None:
        told = Told(turn, outcome, size)
        self._connections.put(self._client_id, told, partial(self._alone, told))
