"""JSON shapes of what was recorded: sessions, history entries, WebSocket messages, promotions and redaction rules."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from understudy.proxy.operations.views.messages import iso_time, request_json, response_json
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import measure_body
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.repositories.history import SessionSummary

if TYPE_CHECKING:
    from understudy.proxy.operations.recordings.history import EntryContent, HistoryEntry
    from understudy.proxy.operations.recordings.promotion import PromotionOutcome
    from understudy.store.redaction.rules import Rules


def session_json(summary: SessionSummary) -> dict[str, Any]:
    """Return a session with its numbers."""
    session = summary.session
    return {
        "id": session.id,
        "name": session.name,
        "upstream": str(session.upstream) if session.upstream else None,
        "created_at": iso_time(session.created_at),
        "replay": {name: list(listed) for name, listed in session.replay.items()},
        "exchanges": summary.exchanges,
        "failed": summary.failed,
        "last_at": iso_time(summary.last_at),
    }


def entry_json(entry: HistoryEntry) -> dict[str, Any]:
    """Return a history entry as a list shows it, without headers and bodies."""
    return _summary_json(entry.exchange, entry.url, entry.session)


def entry_content_json(content: EntryContent) -> dict[str, Any]:
    """Return a history entry with its request, its response and the messages of its WebSocket."""
    exchange = content.exchange
    response = exchange.response
    return {
        **_summary_json(exchange, exchange.request.url, content.session),
        "redacted": [{"part": place.part, "name": place.name} for place in sorted(exchange.redacted)],
        "request": request_json(exchange.request, content.request_body),
        "response": response_json(response, content.response_body) if response else None,
        "degraded": exchange.degraded,
        "messages": [websocket_message_json(message) for message in content.messages],
    }


def websocket_message_json(message: WebSocketMessage) -> dict[str, Any]:
    """Return a WebSocket message: a text as text, a close as its code and reason, other content in Base64."""
    common: dict[str, Any] = {
        "at": iso_time(message.at),
        "from": "client" if message.from_client else "server",
        "kind": str(message.kind),
    }
    if message.kind is MessageKind.CLOSE:
        code, reason = split_close(message.content)
        return {**common, "code": code, "reason": reason}
    if message.kind is MessageKind.TEXT:
        return {**common, "text": message.content.decode("utf-8", "replace")}
    return {**common, "base64": b64encode(message.content).decode()}


def promotion_json(collection: str, outcome: PromotionOutcome) -> dict[str, Any]:
    """Return what a promotion to this collection did."""
    from understudy.store.redaction.report import count_places

    return {
        "collection": collection,
        "selected": outcome.selected,
        "new_requests": outcome.items,
        "new_examples": outcome.examples,
        "replaced": outcome.replaced,
        "identical": outcome.identical,
        "promoted_before": outcome.already,
        "skipped": [{"id": exchange.id, "reason": reason} for exchange, reason in outcome.skipped],
        "redacted_in_requests": count_places(outcome.in_requests),
        "redacted_in_responses": count_places(outcome.in_responses),
    }


def redaction_rules_json(rules: Rules) -> dict[str, Any]:
    """Return the rules of a store with the names and patterns that are built in."""
    from understudy.store.redaction.secret_names import SECRET_ENDINGS, SECRET_WORDS
    from understudy.store.redaction.secret_patterns import BUILT_IN_PATTERNS

    return {
        **rules.as_json(),
        "built_in": {
            "names": [*SECRET_ENDINGS, *sorted(SECRET_WORDS)],
            "patterns": {name: regex for name, _, regex in BUILT_IN_PATTERNS},
        },
    }


def measure_milliseconds(exchange: Exchange) -> int | None:
    """Return how long an exchange took from its start to the end of its response, or until its client left.

    None if neither is known.
    """
    end = exchange.timings.response_end
    return None if end is None else round((end - exchange.timings.started) * 1000)


def split_close(content: bytes) -> tuple[int | None, str]:
    """Return the status code and the reason of a close frame (RFC 6455, section 5.5.1); an empty frame has no code."""
    return (int.from_bytes(content[:2], "big") if content else None), content[2:].decode("utf-8", "replace")


def _summary_json(exchange: Exchange, url: str, session: str) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    return {
        "id": exchange.id,
        "session": session,
        "session_id": exchange.session_id,
        "started_at": iso_time(exchange.timings.started),
        "method": request.method,
        "url": url,
        "status": response.status if response else None,
        "error": exchange.error,
        "request_size": measure_body(request.body),
        "response_size": measure_body(response.body) if response else None,
        "milliseconds": measure_milliseconds(exchange),
    }
