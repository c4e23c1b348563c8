"""One request that a recording layer forwards, from its head to the last byte of its answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from mitmproxy.proxy import events

from understudy.serving.gateway.active import ActiveMode
from understudy.serving.http1.exchange_reader import ExchangeReader
from understudy.store.errors import StoreError
from understudy.store.history_writer import CommitResult
from understudy.store.model.messages import Response
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)

# Requests up to this size are sent again when an upstream closed the connection that it kept open.
MAX_RESEND_BYTES = 64 * 1024
# RFC 9110, section 9.2.2.
IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))


@dataclass(slots=True, eq=False)
class ExchangeInFlight:
    """What is known of it.

    `held` are the bytes of the answer that the client has not got, `begun` says that it got some. `sent` is what the
    upstream got, None once that is too much to be sent again. `owed` counts bytes on their way to the store. `failure`
    is why it failed, `reply` what the client gets for that; `lost` why it cannot be kept. `keeping`: nothing more
    comes, and the history writer has it or will; `entry` is its number in history. `is_abandoned`: the client has left
    before the end of its answer and gets no more; `late_bytes` counts what has come since.
    """

    active: ActiveMode
    reader: ExchangeReader
    held: list[bytes] = field(default_factory=list)
    has_begun: bool = False
    sent: list[bytes] | None = field(default_factory=list)
    sent_bytes: int = 0
    pending_bytes: int = 0
    failure: str | None = None
    reply: Response | None = None
    loss: StoreError | None = None
    is_abandoned: bool = False
    late_bytes: int = 0
    is_committing: bool = False
    submitted: bool = False
    entry: int | None = None

    @property
    def records(self) -> bool:
        """Whether it is to be kept."""
        return self.active.is_recording

    @property
    def is_idempotent(self) -> bool:
        """Whether the upstream may get it twice."""
        return self.reader.request.method in IDEMPOTENT

    @property
    def may_be_sent_again(self) -> bool:
        """Whether a connection that was closed before any answer may be replaced (RFC 9112, section 9.3.1)."""
        return self.sent is not None and not self.reader.has_response_bytes and self.is_idempotent

    @property
    def breaks_silently(self) -> bool:
        """Whether the client would take the end of its connection for the end of the answer."""
        return self.reader.response is not None and self.reader.response.framing.until_close

    @property
    def may_keep_connection(self) -> bool:
        """Whether the client's connection may stay open when this is over."""
        reader = self.reader
        ended = reader.response is not None and reader.response.ends_connection
        return reader.request.keep_alive and reader.is_request_complete and not (ended and self.failure is None)

    @property
    def lacks_only_its_end(self) -> bool:
        """Whether the client can have all content of an answer whose end has not come, such as its last chunk."""
        response = self.reader.response
        return (
            self.records
            and response is not None
            and response.framing.remaining is None
            and self.reader.is_request_complete
        )

    def count_late(self, data: bytes) -> int:
        """Count bytes that came after the client had left; returns how many there are."""
        self.late_bytes += len(data)
        return self.late_bytes

    def note_sent(self, data: bytes) -> None:
        """The upstream gets these bytes."""
        self.sent_bytes += len(data)
        if self.sent is not None:
            self.sent.append(data)
            if self.sent_bytes > MAX_RESEND_BYTES:
                self.sent = None

    def log(self) -> None:
        """One line, without the query: it may hold secrets."""
        if logger.isEnabledFor(logging.INFO):
            reader = self.reader
            path = format_log_path(reader.destination.target)
            came = str(reader.response.status) if reader.response else "no response"
            outcome = f"failed, {self.failure}" if self.failure else came
            entry = f", entry {self.entry}" if self.entry else ""
            logger.info("%s %s %s: %s%s", self.active.mode, reader.request.method, path, outcome, entry)


@dataclass
class CommitEvent(events.Event):
    """What the history writer says of what it was given: an exchange, or `size` bytes of its bodies."""

    exchange: ExchangeInFlight
    outcome: CommitResult
    size: int | None = None
