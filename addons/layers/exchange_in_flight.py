"""One request that a recording layer forwards, from its head to the last byte of its response."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from mitmproxy.proxy import events
from msgspec import Struct, field

from understudy.addons.layers.record_states import Delivery, Progress, move
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.error_replies import render_recording_failure, render_upstream_failure
from understudy.serving.http1.exchange_reader import ExchangeReader
from understudy.serving.seen_calls import CALL_LOGGER, LONGEST_METHOD, LONGEST_NOTE, CallResult, SeenCall
from understudy.store.errors import StoreError
from understudy.store.history_writer import CommitResult
from understudy.store.model.messages import Response
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(CALL_LOGGER)

# Requests up to this size are sent again when an upstream closed the connection that it kept open.
MAX_RESEND_BYTES = 64 * 1024
# RFC 9110, section 9.2.2.
IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))


class ExchangeInFlight(Struct, eq=False):
    """An exchange that is not over, in the mode that was active when its request began.

    `held` are bytes of the response that the client has not got yet. `sent` is what the upstream has got, None when
    that is too much to be sent again. `pending_bytes` are on their way to the store; `late_bytes` came after the client
    had left, at `left` (seconds since the epoch). `failure` is the reason of a failed exchange, `reply` what the client
    gets for it, `loss` the reason why the exchange cannot be kept. `entry` is its number in history.
    """

    active: ActiveMode
    reader: ExchangeReader
    progress: Progress = Progress.RUNNING
    delivery: Delivery = Delivery.WITHHELD
    held: list[bytes] = field(default_factory=list)
    sent: list[bytes] | None = field(default_factory=list)
    sent_bytes: int = 0
    pending_bytes: int = 0
    late_bytes: int = 0
    left: float | None = None
    failure: str | None = None
    reply: Response | None = None
    loss: StoreError | None = None
    entry: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether more may come from either side."""
        return self.progress is Progress.RUNNING

    @property
    def is_withheld(self) -> bool:
        """Whether the response can still be replaced by an error."""
        return self.delivery is Delivery.WITHHELD

    @property
    def is_abandoned(self) -> bool:
        """Whether the client left before the end of the response had come."""
        return self.delivery is Delivery.ABANDONED

    @property
    def is_recorded(self) -> bool:
        """Whether the exchange goes to history."""
        return self.active.is_recording

    @property
    def is_idempotent(self) -> bool:
        """Whether the upstream may get the request twice."""
        return self.reader.request.method in IDEMPOTENT

    @property
    def may_be_sent_again(self) -> bool:
        """Whether a connection that was closed before any response may be replaced (RFC 9112, section 9.3.1)."""
        return self.sent is not None and not self.reader.has_response_bytes and self.is_idempotent

    @property
    def breaks_silently(self) -> bool:
        """Whether the client would take the end of its connection for the end of the response."""
        return self.reader.response is not None and self.reader.response.framing.until_close

    @property
    def lacks_only_its_end(self) -> bool:
        """Whether the client may have all content of a response whose end has not come, such as its last chunk."""
        reader = self.reader
        unknown_size = reader.response is not None and reader.response.framing.remaining is None
        return self.is_recorded and unknown_size and reader.is_request_complete

    @property
    def may_keep_connection(self) -> bool:
        """Whether the client's connection may stay open after the exchange."""
        reader = self.reader
        ended = reader.response is not None and reader.response.ends_connection
        return reader.request.keep_alive and reader.is_request_complete and not (ended and self.failure is None)

    def take_held(self) -> bytes:
        """Return what the client gets now; the response has begun if that is anything."""
        if not self.held:
            return b""
        self.delivery = move(self.delivery, Delivery.BEGUN)
        data, self.held = b"".join(self.held), []
        return data

    def abandon(self) -> None:
        """Send the client nothing more: it has left."""
        self.delivery = move(self.delivery, Delivery.ABANDONED)
        self.held = []

    def render_error(self, loss: StoreError | None) -> Response:
        """Return what the client gets for a failed exchange, or for one that is lost."""
        if loss is not None:
            return render_recording_failure(loss)
        return self.reply or render_upstream_failure(self.reader.destination.origin, self.failure or "")

    def note_sent(self, data: bytes) -> None:
        """Remember bytes that the upstream gets, while they are few enough to be sent again."""
        self.sent_bytes += len(data)
        if self.sent is not None:
            self.sent.append(data)
            if self.sent_bytes > MAX_RESEND_BYTES:
                self.sent = None

    def see(self, now: float) -> SeenCall:
        """Return the exchange as it is shown."""
        reader = self.reader
        response, began = reader.response, reader.started
        result = CallResult.RECORDED if self.is_recorded else CallResult.FORWARDED
        if self.failure is not None or self.loss is not None:
            result = CallResult.FAILED if self.loss is None else CallResult.LOST
        return SeenCall(
            at=began,
            duration=now - began,
            method=reader.request.method[:LONGEST_METHOD],
            path=format_log_path(reader.destination.target),
            status=None if response is None else response.status,
            result=result,
            entry=self.entry,
            note=str(self.loss or self.failure or "")[:LONGEST_NOTE],
        )

    def log(self) -> None:
        """Log one line, without the query: it may hold secrets."""
        if logger.isEnabledFor(logging.INFO):
            reader = self.reader
            path = format_log_path(reader.destination.target)
            status = str(reader.response.status) if reader.response else "no response"
            outcome = f"failed, {self.failure}" if self.failure else status
            entry = f", entry {self.entry}" if self.entry else ""
            logger.info("%s %s %s: %s%s", self.active.mode, reader.request.method, path, outcome, entry)


@dataclass
class CommitEvent(events.Event):
    """What became of something that the history writer got: an exchange, or `size` bytes of its bodies."""

    exchange: ExchangeInFlight
    outcome: CommitResult
    size: int | None = None
