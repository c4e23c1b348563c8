"""The way of exchanges from a recording layer to the history writer, and of their commits back to the layer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.exchange_in_flight import CommitEvent, ExchangeInFlight
from understudy.addons.layers.record_states import Progress, move
from understudy.serving.http1.body_recorder import Piece
from understudy.store.errors import StoreError
from understudy.store.history_writer import CommitResult

logger = logging.getLogger(__name__)

# Bytes of large bodies on their way to the store; a side that sends more has to wait.
MAX_PENDING_BYTES = 4 * 1024 * 1024


class ExchangeCommitter:
    """Hands the exchanges of one client's connection to the history writer.

    What became of them comes to the connection's layers as `CommitEvent`s; after the client has left, to
    `on_orphan_commit`. `is_behind`: more waits for the store than may.
    """

    def __init__(
        self, settings: ForwardingSettings, client_id: str, on_orphan_commit: Callable[[CommitEvent], None]
    ) -> None:
        self._commits = settings.commits
        self._connections = settings.connections
        self._client_id = client_id
        self._on_orphan_commit = on_orphan_commit
        self.is_behind = False

    def begin(self, exchange: ExchangeInFlight) -> None:
        """Note that an exchange has begun, which `keep` will end."""
        if exchange.is_recorded:
            self._commits.begin()

    def keep_pieces(self, exchange: ExchangeInFlight, pieces: list[Piece]) -> None:
        """Keep pieces of large bodies, unless the exchange is lost already."""
        if pieces and exchange.loss is None:
            size = sum(len(content) for _, _, content in pieces)
            self._add_pending(exchange, size)
            self._commits.submit_pieces(pieces, partial(self._post_commit, exchange, size))

    def keep(self, exchange: ExchangeInFlight) -> bool:
        """Keep an exchange to which nothing more comes; return whether it is over at once, without a commit."""
        exchange.progress = move(exchange.progress, Progress.ENDED)
        if not exchange.is_recorded:
            return True
        self.keep_pieces(exchange, exchange.reader.take_last_pieces())
        return not exchange.pending_bytes and self._submit(exchange)

    def handle_commit(self, event: CommitEvent) -> bool:
        """Note what became of an exchange or its pieces; return whether the exchange is over, kept or lost."""
        exchange = event.exchange
        if isinstance(event.outcome, StoreError):
            exchange.loss = event.outcome
        if event.size is None:
            exchange.entry = event.outcome if isinstance(event.outcome, int) else None
            return True
        self._add_pending(exchange, -event.size)
        return exchange.progress is Progress.ENDED and not exchange.pending_bytes and self._submit(exchange)

    def _add_pending(self, exchange: ExchangeInFlight, size: int) -> None:
        exchange.pending_bytes += size
        self.is_behind = exchange.pending_bytes > MAX_PENDING_BYTES

    def _submit(self, exchange: ExchangeInFlight) -> bool:
        self._commits.settle()
        if exchange.loss is not None:
            self._commits.report_loss(exchange.reader.to_exchange("", exchange.failure), exchange.loss)
            return True
        exchange.progress = move(exchange.progress, Progress.SUBMITTED)
        try:
            if exchange.active.session_id is None:
                raise StoreError("there is no session to record to; it was deleted")
            whole = exchange.reader.to_exchange(exchange.active.session_id, exchange.failure, exchange.left)
            self._commits.submit(whole, partial(self._post_commit, exchange, None))
        except Exception as failure:  # the client must learn of any failure
            logger.exception("an exchange could not be kept")
            self._commits.count_loss()
            exchange.loss = failure if isinstance(failure, StoreError) else StoreError(str(failure))
            return True
        return False

    def _post_commit(self, exchange: ExchangeInFlight, size: int | None, outcome: CommitResult) -> None:
        event = CommitEvent(exchange, outcome, size)
        self._connections.put(self._client_id, event, partial(self._on_orphan_commit, event))
