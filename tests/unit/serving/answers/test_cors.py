"""CORS headers: any page may read any answer, and recorded Access-Control-* headers are kept."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.factories.messages import make_headers, make_request
from understudy.serving.answers.cors import (
    PREFLIGHT_SECONDS,
    add_cors_headers,
    allow_headers,
    answer_preflight,
    is_preflight,
)
from understudy.store.model.messages import Headers, Request

ORIGIN = "https://app.test"
ASKING = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}


def asking(method: str = "OPTIONS", **headers: str) -> Request:
    """A preflight with these headers, written with _ for -, more."""
    return make_request(method, headers=ASKING | {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("OPTIONS", ASKING, True),
        ("OPTIONS", {name.lower(): value for name, value in ASKING.items()}, True),
        ("PUT", ASKING, False),
        ("OPTIONS", {"Origin": ORIGIN}, False),
        ("OPTIONS", {"Access-Control-Request-Method": "PUT"}, False),
        ("OPTIONS", {}, False),
    ],
)
def test_a_preflight_has_its_method_an_origin_and_a_requested_method(
    method: str, headers: Mapping[str, str], expected: bool
) -> None:
    assert is_preflight(make_request(method, headers=headers)) is expected


def test_a_preflight_gets_what_it_asks_for() -> None:
    response = answer_preflight(asking())
    assert (response.status, response.body) == (204, b"")
    assert dict(response.headers) == {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "PUT",
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }


@pytest.mark.parametrize(
    ("requested", "value", "name"),
    [
        ("Access_Control_Request_Headers", "x-key, content-type", "Access-Control-Allow-Headers"),
        ("Access_Control_Request_Private_Network", "true", "Access-Control-Allow-Private-Network"),
    ],
)
def test_some_things_are_allowed_only_if_asked_for(requested: str, value: str, name: str) -> None:
    assert answer_preflight(asking(**{requested: value})).headers.get(name) == value
    assert name not in answer_preflight(asking()).headers


def test_a_request_without_an_origin_gets_an_answer_for_all_origins() -> None:
    headers = add_cors_headers(make_headers({"Content-Type": "text/plain"}), None)
    assert list(headers) == [("Content-Type", "text/plain"), ("Access-Control-Allow-Origin", "*")]


def test_a_page_is_answered_by_name_and_may_read_every_header() -> None:
    """With `*` a page cannot read an answer to a request with cookies."""
    headers = add_cors_headers(make_headers([("X-B", "1"), ("X-A", "2"), ("x-a", "3")]), ORIGIN)
    assert list(headers)[3:] == [
        ("Access-Control-Allow-Origin", ORIGIN),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "x-a, x-b"),
        ("Vary", "Origin"),
    ]


@pytest.mark.parametrize(
    ("allowed", "origin"), [("https://other.test", None), ("*", ORIGIN), (ORIGIN, ORIGIN), ("*", None)]
)
def test_recorded_headers_win_if_they_allow_the_origin(allowed: str, origin: str | None) -> None:
    recorded = Headers.of([("Vary", "Accept"), ("Access-Control-Allow-Origin", allowed)])
    assert add_cors_headers(recorded, origin) is recorded


def test_an_origin_that_the_recorded_headers_do_not_allow_is_allowed() -> None:
    recorded = Headers.of(
        [
            ("access-control-allow-origin", "https://other.test"),
            ("Access-Control-Expose-Headers", "x"),
            ("Vary", "Accept"),
        ]
    )
    assert list(add_cors_headers(recorded, ORIGIN)) == [
        ("access-control-allow-origin", ORIGIN),
        ("Access-Control-Expose-Headers", "x"),
        ("Vary", "Accept"),
        ("Vary", "Origin"),
    ]


@pytest.mark.parametrize("name", ["access-control-max-age", "ACCESS-CONTROL-X"])
def test_an_origin_is_allowed_where_other_fields_of_cors_were_recorded(name: str) -> None:
    recorded = Headers.of([(name, "5"), ("Vary", "accept, ORIGIN")])
    assert add_cors_headers(recorded, None) is recorded
    assert list(add_cors_headers(recorded, ORIGIN))[2:] == [
        ("Access-Control-Allow-Origin", ORIGIN),
        ("Access-Control-Allow-Credentials", "true"),
    ]


@pytest.mark.parametrize(
    ("recorded", "requested", "expected"),
    [
        ("x-a", "x-a, X-Key", "x-a, x-key"),
        ("x-a, X-KEY", "x-key", "x-a, X-KEY"),
        ("x-a", "x-b", "x-a"),
    ],
)
def test_header_names_are_allowed_if_they_are_requested(recorded: str, requested: str, expected: str) -> None:
    headers = Headers.of([("Access-Control-Allow-Headers", recorded)])
    request = asking(Access_Control_Request_Headers=requested)
    assert allow_headers(headers, request, ["x-key"]).get("access-control-allow-headers") == expected
