"""Hop-by-hop fields are dropped; volatile fields do not change the fingerprint of a response."""

from __future__ import annotations

import pytest

from understudy.store.model.header_fields import compute_fingerprint, drop_hop_by_hop
from understudy.store.model.messages import Headers, Response
from understudy.store.model.values import replace

BASE = Response(200, Headers.of([("Content-Type", "text/plain"), ("ETag", "a"), ("Vary", "x"), ("Vary", "y")]))


def plus(name: str, value: str) -> Response:
    return replace(BASE, headers=Headers((*BASE.headers.fields, (name.encode(), value.encode()))))


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
        "proxy-authenticate",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        ":authority",
    ],
)
def test_hop_by_hop_and_pseudo_fields_are_left_out(name: str) -> None:
    assert drop_hop_by_hop(Headers.of([("Accept", "*/*"), (name, "x")])) == Headers.of([("Accept", "*/*")])


def test_fields_that_connection_names_are_left_out() -> None:
    headers = Headers.of([("Connection", "close, X-Hop"), ("connection", "X-Two"), ("x-hop", "1"), ("x-two", "2")])
    assert len(drop_hop_by_hop(headers)) == 0


def test_end_to_end_fields_keep_order_case_and_repetition() -> None:
    assert drop_hop_by_hop(BASE.headers) is BASE.headers


@pytest.mark.parametrize(
    "same",
    [
        plus("Date", "Sat, 01 Feb 2025 00:00:00 GMT"),
        plus("Age", "12"),
        plus("X-Request-Id", "1"),
        plus("x-amzn-RequestId", "1"),
        plus("X-RateLimit-Remaining", "59"),
        plus("Server-Timing", "db;dur=53"),
        plus("X-Runtime", "0.02"),
        replace(BASE, reason=b"Fine"),
        replace(BASE, headers=Headers((*BASE.headers.fields[2:], *BASE.headers.fields[:2]))),
        replace(BASE, headers=Headers(tuple((name.upper(), value) for name, value in BASE.headers.fields))),
    ],
)
def test_equal_responses_have_one_fingerprint(same: Response) -> None:
    assert compute_fingerprint(same, "d") == compute_fingerprint(BASE, "d")


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, status=201),
        plus("X-Color", "red"),
        plus("Set-Cookie", "a=1"),
        replace(BASE, trailers=Headers.of([("grpc-status", "0")])),
        replace(BASE, headers=BASE.headers.replace("ETag", "b")),
        replace(BASE, headers=Headers(tuple(reversed(BASE.headers.fields)))),
    ],
)
def test_different_responses_have_different_fingerprints(other: Response) -> None:
    assert compute_fingerprint(other, "d") != compute_fingerprint(BASE, "d")


def test_another_body_has_another_fingerprint() -> None:
    assert compute_fingerprint(BASE, "e") != compute_fingerprint(BASE, "d")


def test_only_setting_or_deleting_a_cookie_counts() -> None:
    one, other = plus("Set-Cookie", "a=1; Expires=Sat"), plus("Set-Cookie", "a=2; Expires=Sun")
    assert compute_fingerprint(one, "d") == compute_fingerprint(other, "d")
    assert compute_fingerprint(one, "d") != compute_fingerprint(plus("Set-Cookie", "a=; Expires=Sat"), "d")
