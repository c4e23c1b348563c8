"""What a recording layer gives to the history writer, and what it hears of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.exchange_in_flight import CommitEvent, ExchangeInFlight
from understudy.serving.http1.body_recorder import Piece
from understudy.store.errors import StoreError
from understudy.store.history_writer import CommitResult

logger = logging.getLogger(__name__)


class ExchangeCommitter:
    """For one client's connection: what the writer says comes back to it as `Told` events.

    `alone` gets them once the client has left, and nobody can be sent anything.
    """

    def __init__(
        self, shared: ForwardingSettings, client_id: str, on_orphan_commit: Callable[[CommitEvent], None]
    ) -> None:
        self._commits = shared.commits
        self._connections = shared.connections
        self._client_id = client_id
        self._on_orphan_commit = on_orphan_commit

    def keep_pieces(self, exchange: ExchangeInFlight, pieces: list[Piece]) -> None:
        """Keep pieces of large bodies; not those of an exchange that is lost already."""
        if pieces and exchange.loss is None:
            size = sum(len(content) for _, _, content in pieces)
            exchange.pending_bytes += size
            self._commits.submit_pieces(pieces, partial(self._post_commit, exchange, size))

    def keep(self, exchange: ExchangeInFlight) -> bool:
        """Keep the exchange, now or when its pieces are; returns whether there is nothing to wait for."""
        exchange.is_committing = True
        if not exchange.records:
            return True
        self.keep_pieces(exchange, exchange.reader.take_last_pieces())
        return not exchange.pending_bytes and self._submit(exchange)

    def handle_commit(self, event: CommitEvent) -> bool:
        """Take what the writer says; returns whether the exchange is over with it, kept or lost."""
        turn = event.exchange
        if isinstance(event.outcome, StoreError):
            turn.loss = event.outcome
        if event.size is None:
            turn.entry = event.outcome if isinstance(event.outcome, int) else None
            return True
        turn.pending_bytes -= event.size
        return turn.is_committing and not turn.pending_bytes and not turn.submitted and self._submit(turn)

    def _submit(self, turn: ExchangeInFlight) -> bool:
        if turn.loss is not None:
            self._commits.report_loss(turn.reader.to_exchange("", turn.failure), turn.loss)
            return True
        turn.submitted = True
        try:
            if turn.active.session_id is None:
                raise StoreError("there is no session to record to; it was deleted")
            exchange = turn.reader.to_exchange(turn.active.session_id, turn.failure)
            self._commits.submit(exchange, partial(self._post_commit, turn, None))
        except Exception as failure:  # whatever went wrong, the client must hear of it
            logger.exception("an exchange could not be kept")
            self._commits.count_loss()
            turn.loss = failure if isinstance(failure, StoreError) else StoreError(str(failure))
            return True
        return False

    def _post_commit(self, turn: ExchangeInFlight, size: int | None, outcome: CommitResult) -> None:
        told = CommitEvent(turn, outcome, size)
        self._connections.put(self._client_id, told, partial(self._on_orphan_commit, told))
