"""CORS headers: any page may read any answer, and recorded Access-Control-* headers are kept."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.factories.messages import make_headers, make_request
from understudy.serving.answers.cors import PREFLIGHT_SECONDS, add_cors_headers, answer_preflight, is_preflight
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


@pytest.mark.parametrize("origin", [None, ORIGIN])
@pytest.mark.parametrize("name", ["Access-Control-Allow-Origin", "access-control-max-age", "ACCESS-CONTROL-X"])
def test_recorded_headers_win(name: str, origin: str | None) -> None:
    recorded = Headers.of([("Vary", "Accept"), (name, "https://other.test")])
    assert add_cors_headers(recorded, origin) == recorded
