"""JSON shapes of what was recorded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.messages import ORIGIN, make_response
from tests.factories.stored import make_exchange
from understudy.proxy.operations.recordings.history import EntryContent, HistoryEntry
from understudy.proxy.operations.recordings.promotion import PromotionOutcome
from understudy.proxy.operations.views.messages import iso_time
from understudy.proxy.operations.views.recordings import (
    entry_content_json,
    entry_json,
    promotion_json,
    redaction_rules_json,
    session_json,
    websocket_message_json,
)
from understudy.store.model.exchanges import Part, RedactedPlace, Session, Timings
from understudy.store.model.values import replace
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage
from understudy.store.redaction.rules import Rules
from understudy.store.repositories.history import SessionSummary

PLACE = RedactedPlace(Part.QUERY, "token")
EXCHANGE = replace(
    make_exchange("s", response=make_response(404, b"no")), id=7, timings=Timings(1.0, response_end=1.25)
)


def test_a_session() -> None:
    summary = SessionSummary(Session("s", "shop", ORIGIN, 1.0), 3, 1, None)
    assert session_json(summary) == {
        "id": "s",
        "name": "shop",
        "upstream": str(ORIGIN),
        "created_at": iso_time(1.0),
        "replay": {},
        "exchanges": 3,
        "failed": 1,
        "last_at": None,
    }


def test_an_entry_of_a_list() -> None:
    assert entry_json(HistoryEntry(EXCHANGE, "shop", "http://a/?token=REDACTED")) == {
        "id": 7,
        "session": "shop",
        "session_id": "s",
        "started_at": iso_time(1.0),
        "method": "GET",
        "url": "http://a/?token=REDACTED",
        "status": 404,
        "error": None,
        "request_size": 0,
        "response_size": 2,
        "milliseconds": 250,
    }


def test_an_entry_without_a_response() -> None:
    failed = make_exchange(response=None, error="reset")
    shape = entry_json(HistoryEntry(failed, "shop", ""))
    assert [shape[name] for name in ("status", "error", "response_size", "milliseconds")] == [None, "reset", None, None]


def test_an_entry_with_its_content() -> None:
    messages = [WebSocketMessage(1.0, True, MessageKind.TEXT, b"hello")]
    shape = entry_content_json(EntryContent(replace(EXCHANGE, redacted=frozenset([PLACE])), messages, "shop"))
    assert shape["session"] == "shop"
    assert shape["redacted"] == [{"part": "query", "name": "token"}]
    assert (shape["request"]["method"], shape["response"]["body"]) == ("GET", "no")
    assert [message["text"] for message in shape["messages"]] == ["hello"]


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (MessageKind.TEXT, b"hello", {"text": "hello"}),
        (MessageKind.BINARY, b"\xff\x00", {"base64": "/wA="}),
        (MessageKind.PING, b"", {"base64": ""}),
        (MessageKind.CLOSE, b"\x03\xe8bye", {"code": 1000, "reason": "bye"}),
        (MessageKind.CLOSE, b"", {"code": None, "reason": ""}),
        (MessageKind.CLOSE, BROKEN_OFF, {"code": 1006, "reason": ""}),
    ],
)
def test_a_websocket_message(kind: MessageKind, content: bytes, expected: dict[str, Any]) -> None:
    shape = websocket_message_json(WebSocketMessage(1.0, False, kind, content))
    assert shape == {"at": iso_time(1.0), "from": "server", "kind": str(kind), **expected}


def test_a_promotion() -> None:
    outcome = PromotionOutcome(selected=3, items=1, examples=2, skipped=[(EXCHANGE, "failed")])
    outcome.in_requests[PLACE] += 2
    assert promotion_json("shop", outcome) == {
        "collection": "shop",
        "selected": 3,
        "new_requests": 1,
        "new_examples": 2,
        "replaced": 0,
        "identical": 0,
        "promoted_before": 0,
        "skipped": [{"id": 7, "reason": "failed"}],
        "redacted_in_requests": {"query token": 2},
        "redacted_in_responses": {},
    }


def test_redaction_rules() -> None:
    shape = redaction_rules_json(Rules.of(headers=["X-Session"]))
    assert (shape["headers"], shape["query"]) == (["x-session"], [])
    assert "JSON Web Token" in shape["built_in"]["patterns"]
