"""A history that redacts exchanges before they are stored; all recorders use it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from understudy.store.grpc.framing import get_coding
from understudy.store.head_blocks import redact_received_head
from understudy.store.model.exchanges import Degradation, Exchange
from understudy.store.model.media_types import is_grpc_type
from understudy.store.model.messages import Body, Headers, Request, Response
from understudy.store.model.values import replace
from understudy.store.model.websockets import WebSocketMessage
from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.redaction.bodies import count_unread_messages
from understudy.store.redaction.redactor import Redactor
from understudy.store.repositories.history import History, HistoryFilter, HistoryPosition

logger = logging.getLogger(__name__)


class RedactingHistory:
    """`store.repositories.history.History` that redacts exchanges and messages when they are added.

    The redacted places of a request are stored with its exchange. A body in pieces is in the store already and is not
    searched: a warning is logged, and stored with the exchange.
    """

    def __init__(self, history: History, redactor: Redactor) -> None:
        self._history = history
        self._redactor = redactor

    def add(self, exchanges: Sequence[Exchange]) -> list[int]:
        return self._history.add([redact_exchange(exchange, self._redactor) for exchange in exchanges])

    def add_messages(self, messages: Sequence[tuple[int, WebSocketMessage]]) -> None:
        self._history.add_messages([(number, self._redactor.redact_message(message)) for number, message in messages])

    def mark_degraded(self, degradations: Sequence[Degradation]) -> None:
        self._history.mark_degraded(degradations)

    def list_messages(self, exchange_id: int) -> list[WebSocketMessage]:
        return self._history.list_messages(exchange_id)

    def get(self, exchange_id: int) -> Exchange:
        return self._history.get(exchange_id)

    def read_heads(self, exchange_id: int) -> tuple[bytes, bytes]:
        return self._history.read_heads(exchange_id)

    def select(self, criteria: HistoryFilter) -> Iterator[Exchange]:
        return self._history.select(criteria)

    def select_ids(self, criteria: HistoryFilter) -> list[int]:
        return self._history.select_ids(criteria)

    def index_for_search(self, report: ReportProgress = ignore_progress) -> None:
        self._history.index_for_search(report)

    def list_newest(self, criteria: HistoryFilter, limit: int, before: HistoryPosition | None = None) -> list[Exchange]:
        return self._history.list_newest(criteria, limit, before)

    def list_oldest(self, criteria: HistoryFilter, limit: int, after: HistoryPosition | None = None) -> list[Exchange]:
        return self._history.list_oldest(criteria, limit, after)


def redact_exchange(exchange: Exchange, redactor: Redactor) -> Exchange:
    """Return the exchange without its secrets."""
    request, places = redactor.redact_request(exchange.request, _get_inline_bytes(exchange.request.body))
    response = exchange.response
    if response is not None:
        response, _ = redactor.redact_response(response, _get_inline_bytes(response.body))
    notes = [
        exchange.degraded,
        _note_unread_body("request", exchange.request),
        _note_unread_body("response", exchange.response),
    ]
    return replace(
        exchange,
        request=request,
        response=response,
        redacted=exchange.redacted | places,
        degraded="; ".join(filter(None, notes)),
        request_head=_redact_request_head(exchange, request),
        response_head=_redact_response_head(exchange, response),
    )


def _redact_request_head(exchange: Exchange, redacted: Request) -> bytes:
    if not exchange.request_head:
        return b""
    # The first line is written anew: in absolute form it may have a password before the host.
    line = b"%s %s %s" % (redacted.method.encode("latin-1"), redacted.target, redacted.http_version.encode("latin-1"))
    before, after = exchange.request.headers.fields, redacted.headers.fields
    return redact_received_head(exchange.request_head, before, after, line)


def _redact_response_head(exchange: Exchange, redacted: Response | None) -> bytes:
    if exchange.response is None or redacted is None:
        return b""
    return redact_received_head(exchange.response_head, exchange.response.headers.fields, redacted.headers.fields)


def _get_inline_bytes(body: Body) -> bytes:
    return body if isinstance(body, bytes) else b""


def _note_unread_body(noun: str, message: Request | Response | None) -> str:
    if message is None:
        return ""
    if isinstance(message.body, bytes):
        return _note_unread_messages(noun, message.headers, message.body)
    note = f"secrets were not looked for in the {noun}'s body of {message.body.size} bytes"
    logger.warning("%s, which came in pieces", note)
    return note


def _note_unread_messages(noun: str, headers: Headers, body: bytes) -> str:
    unread = count_unread_messages(body, headers) if is_grpc_type(headers.get("content-type")) else 0
    if not unread:
        return ""
    note = f"secrets were not looked for in {unread} compressed messages of the {noun}"
    logger.warning("%s, whose coding %s cannot be read", note, get_coding(headers))
    return note
