"""A redacting history removes secrets before it stores exchanges."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from tests.factories.messages import make_request, make_response
from understudy.store.model.exchanges import Exchange, Part, RedactedPlace, Timings
from understudy.store.model.messages import Chunk, PiecedBody
from understudy.store.model.values import replace
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.placeholders import Placeholders
from understudy.store.redaction.redacting_history import RedactingHistory, redact_exchange
from understudy.store.redaction.redactor import Redactor

SECRET = "Kq3xV8mZ-2rTw6LbN"
PLACEHOLDER = Placeholders(b"k")(SECRET)


class FakeHistory:
    """A history that remembers what was added."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.sent: list[tuple[int, WebSocketMessage]] = []

    def add(self, exchanges: Sequence[Exchange]) -> list[int]:
        self.exchanges += exchanges
        return list(range(len(exchanges)))

    def add_messages(self, messages: Sequence[tuple[int, WebSocketMessage]]) -> None:
        self.sent += messages


def redactor() -> Redactor:
    return Redactor(placeholder=Placeholders(b"k"), remembers=True)


def exchange(target: str = "/", response_body: bytes = b"{}", **parts: object) -> Exchange:
    complete = Exchange("s", make_request(target=target), make_response(body=response_body), Timings(1.0))
    return replace(complete, **parts)


def test_an_exchange_has_the_redacted_places_of_its_request() -> None:
    redacted = redact_exchange(
        exchange(f"/?token={SECRET}", redacted=frozenset({RedactedPlace(Part.FORM, "a")})), redactor()
    )
    assert redacted.request.target == f"/?token={PLACEHOLDER}".encode()
    assert redacted.redacted == {RedactedPlace(Part.QUERY, "token"), RedactedPlace(Part.FORM, "a")}


def test_a_secret_of_a_response_is_recognised_in_a_later_request() -> None:
    """Even under a name that is not secret."""
    history = FakeHistory()
    redacting = RedactingHistory(history, redactor())  # type: ignore[arg-type]
    redacting.add([exchange(response_body=b'{"access_token": "%s"}' % SECRET.encode())])
    redacting.add([exchange(f"/things?q={SECRET}"), exchange(f"/things/{SECRET}/x")])
    login, by_query, by_path = history.exchanges
    assert login.response
    assert login.response.body == b'{"access_token": "%s"}' % PLACEHOLDER.encode()
    assert by_query.request.target == f"/things?q={PLACEHOLDER}".encode()
    assert by_query.redacted == {RedactedPlace(Part.QUERY, "q")}
    assert by_path.request.target == f"/things/{PLACEHOLDER}/x".encode()
    assert by_path.redacted == {RedactedPlace(Part.PATH, PLACEHOLDER)}


def test_a_failed_exchange_is_redacted_too() -> None:
    redacted = redact_exchange(exchange(f"/?token={SECRET}", response=None, error="reset"), redactor())
    assert SECRET not in repr(redacted)


def test_the_sizes_of_chunks_add_up_to_the_redacted_body() -> None:
    body = b'data: {"n": 1}\n\ndata: {"token": "%s"}\n\n' % SECRET.encode()
    streamed = make_response(body=body, headers={"Content-Type": "text/event-stream"})
    chunks = (Chunk(0.0, 16), Chunk(0.5, 20), Chunk(1.0, len(body) - 36))
    redacted = redact_exchange(exchange(response=replace(streamed, chunks=chunks)), redactor()).response
    assert redacted
    assert isinstance(redacted.body, bytes)
    assert SECRET.encode() not in redacted.body
    assert sum(chunk.size for chunk in redacted.chunks) == len(redacted.body)
    assert [chunk.at for chunk in redacted.chunks] == [0.0, 0.5, 1.0]


def test_a_body_in_pieces_is_logged_and_noted(caplog: pytest.LogCaptureFixture) -> None:
    pieced = make_response(body=PiecedBody("0" * 64, 5_000_000, "key"), headers={"Set-Cookie": f"a={SECRET}"})
    with caplog.at_level(logging.WARNING):
        redacted = redact_exchange(exchange(response=pieced, degraded="cut"), redactor())
    assert redacted.degraded == "cut; secrets were not looked for in the response's body of 5000000 bytes"
    assert "5000000 bytes" in caplog.text
    assert SECRET not in repr(redacted)


def test_messages_of_websockets_are_redacted() -> None:
    history = FakeHistory()
    texts = [b'{"token": "%s"}' % SECRET.encode(), b"key AKIA" + b"ABCDEFGH234567XY", b"\xff\0"]
    messages = [WebSocketMessage(1.0, True, MessageKind.TEXT, text) for text in texts]
    RedactingHistory(history, redactor()).add_messages([(7, message) for message in messages])  # type: ignore[arg-type]
    assert [number for number, _ in history.sent] == [7, 7, 7]
    secret_text, key, binary = (message.content for _, message in history.sent)
    assert secret_text == b'{"token": "%s"}' % PLACEHOLDER.encode()
    assert key.startswith(b"key REDACTED-")
    assert binary == b"\xff\0"
