"""Handshakes of WebSockets."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request
from understudy.serving.websockets.handshake import answer_handshake, compute_accept
from understudy.store.model.messages import Headers, Response

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ASKED = {
    "Upgrade": "WebSocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "chat, superchat",
}
RECORDED = Response(
    101,
    Headers.of(
        [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", "of another key"),
            ("Sec-WebSocket-Extensions", "permessage-deflate"),
            ("Sec-WebSocket-Protocol", "superchat"),
            ("Set-Cookie", "a=b"),
        ]
    ),
    reason=b"Switching",
)


def test_the_key_is_answered_as_the_standard_shows() -> None:
    """RFC 6455, section 1.3."""
    assert compute_accept(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_an_upgrade_is_answered_for_the_clients_key() -> None:
    """With the recorded protocol and other fields, without extensions."""
    answer = answer_handshake(make_request(headers=ASKED), RECORDED)
    assert (answer.status, answer.reason) == (101, b"Switching")
    assert list(answer.headers) == [
        ("Set-Cookie", "a=b"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", compute_accept(KEY)),
        ("Sec-WebSocket-Protocol", "superchat"),
    ]


def test_a_protocol_that_is_not_offered_is_not_chosen() -> None:
    """A client would refuse it."""
    answer = answer_handshake(make_request(headers={**ASKED, "Sec-WebSocket-Protocol": "other"}), RECORDED)
    assert "Sec-WebSocket-Protocol" not in answer.headers


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Upgrade": "h2c"}, 426),
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Key": ""}, 400),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400),
        ({"Sec-WebSocket-Key": "?"}, 400),
    ],
)
def test_an_invalid_handshake_is_refused(change: dict[str, str], status: int) -> None:
    answer = answer_handshake(make_request(headers={**ASKED, **change}), RECORDED)
    assert answer.status == status
    assert answer.headers.get("sec-websocket-version") == ("13" if status == 426 else None)
