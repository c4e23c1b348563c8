"""The head of a request for its upstream: the received bytes, except for Host."""

from __future__ import annotations

import pytest

from understudy.serving.gateway.forwarded_heads import rewrite_request_head
from understudy.serving.http1.heads import RequestHead, read_request
from understudy.store.model.messages import Origin

API = Origin("http", "api.test", 8080)


def sent(fields: bytes, version: bytes = b"1.1") -> bytes:
    """Return the head of a request that a reverse proxy sends to its upstream."""
    begin = b"GET /a?b HTTP/" + version + b"\r\n"
    head = read_request(begin + fields + b"\r\n")
    assert isinstance(head, RequestHead)
    made = rewrite_request_head(head, head.target, API, reverse=True)
    assert made.startswith(begin)
    assert made.endswith(b"\r\n\r\n")
    return made.removeprefix(begin)[:-2]


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"A: 1\r\nHost: here:1\r\nB: 2\r\n", b"A: 1\r\nHost: api.test:8080\r\nB: 2\r\n"),
        (b"hOsT:here:1\r\nA:  1 \r\n", b"hOsT:api.test:8080\r\nA:  1 \r\n"),
        (b"X-Host: here:1\r\nHost: here:1\r\n", b"X-Host: here:1\r\nHost: api.test:8080\r\n"),
        (b"Host: \r\n", b"Host: api.test:8080\r\n"),
    ],
)
def test_only_the_value_of_host_is_changed(received: bytes, expected: bytes) -> None:
    assert sent(received) == expected


def test_a_request_without_host_gets_one() -> None:
    assert sent(b"A: 1\r\n", b"1.0") == b"A: 1\r\nHost: api.test:8080\r\n"
