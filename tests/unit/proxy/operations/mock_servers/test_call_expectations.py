"""Which calls are those that were expected."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.messages import make_request
from tests.factories.stored import make_call
from understudy.proxy.operations.mock_servers.call_expectations import Expected, Times
from understudy.store.errors import UserError
from understudy.store.model.calls import Call
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def made(target: str = "/orders", method: str = "POST", **fields: Any) -> Call:
    """A call as the log keeps it: without its secrets."""
    request = make_request(method, target, origin=None, **fields)
    body = request.body
    assert isinstance(body, bytes)
    return make_call("mock", request=BUILT_IN_REDACTOR.redact_request(request, body)[0], request_size=len(body))


def fits(expected: Expected, call: Call) -> bool:
    return expected.compare(call).fits


PATHS = [
    ("POST /orders", made(), True),
    ("post /orders", made(), True),
    ("GET /orders", made(), False),
    ("HEAD /orders", made(method="GET"), False),
    ("POST /orders", made("/orders/"), True),
    ("POST /orders", made("/%6frders"), True),
    ("POST /orders", made("/orders/7"), False),
    ("POST /orders/{{id}}", made("/orders/7"), True),
    ("POST /orders/:id/lines", made("/orders/7/lines"), True),
    ("POST /orders/{{id}}", made("/orders/7/8"), False),
    ("POST /orders/7", made("/orders/8"), False),
    ("POST /orders", made("/orders?page=2"), True),
    ("POST /orders?page=2&size=1", made("/orders?size=1&page=2"), True),
    ("POST /orders?page=2", made("/orders?page=3"), False),
    ("POST /orders?page=2", made("/orders?page=2&size=1"), False),
    ("POST /orders?page={{any}}", made("/orders?page=3"), True),
    ("POST /orders?", made("/orders"), True),
    ("POST /orders?", made("/orders?page=2"), False),
    ("POST /orders?pin=abc", made("/orders?pin=other"), True),
    ("POST /orders?pin=abc", made("/orders"), False),
]


@pytest.mark.parametrize(("called", "call", "expected"), PATHS)
def test_method_path_and_query(called: str, call: Call, expected: bool) -> None:
    """A query counts only if one is given; a secret in it fits any."""
    assert fits(Expected(called), call) is expected


HEADERS = [
    (["X-Team: a"], {"x-team": "A"}, True),
    (["X-Team: a"], {"x-team": "b"}, False),
    (["X-Team: a"], {}, False),
    (["X-Team: {{any}}"], {"X-Team": "b"}, True),
    (["X-Team: a", "X-Other: b"], {"X-Team": "a", "X-Other": "b", "Z": "c"}, True),
    (["X-Team: a", "X-Other: b"], {"X-Team": "a"}, False),
    (["Authorization: Bearer abc"], {"Authorization": "Bearer other"}, True),
    (["Authorization: Bearer abc"], {}, False),
    (["X-Api-Key: abc"], {"X-Api-Key": "abc"}, True),
    (["X-Api-Key: abc"], {}, False),
    (["Content-Type: text/plain"], {"Content-Type": "text/plain"}, True),
    (["Content-Type: text/plain"], {"Content-Type": JSON}, False),
]


@pytest.mark.parametrize(("headers", "came", "expected"), HEADERS)
def test_headers(headers: list[str], came: dict[str, str], expected: bool) -> None:
    """Those that are given count; a secret one has to be there."""
    assert fits(Expected("POST /orders", headers), made(headers=came)) is expected


BODIES = [
    (b'{"a": 1, "b": 2}', b'{"b":2,"a":1.0}', JSON, True),
    (b'{"a": 1}', b'{"a":2}', JSON, False),
    (b'{"a": 1}', b'{"a":1,"b":2}', JSON, False),
    (b'{"a": "{{any}}"}', b'{"a":2}', JSON, True),
    (b'{"a": 1}', b'{ "a": 1 }', FORM, True),
    (b'{"a": 1}', b'{ "a": 1 }', None, True),
    (b'{"a": 1}', b"a=1", FORM, False),
    (b"a=1&b=2", b"b=2&a=1", FORM, True),
    (b"a=1", b"a=2", FORM, False),
    (b"hello", b"hello", "text/plain", True),
    (b"", b"", None, True),
    (b"", b"x", "text/plain", False),
    (b"x", b"", None, False),
    (b'{"password": "a", "n": 1}', b'{"password": "b", "n": 1}', JSON, True),
    (b'{"password": "a", "n": 1}', b'{"password": "a", "n": 2}', JSON, False),
    (b'{"password": "a"}', b"{}", JSON, False),
]


@pytest.mark.parametrize(("wanted", "came", "content_type", "expected"), BODIES)
def test_bodies(wanted: bytes, came: bytes, content_type: str | None, expected: bool) -> None:
    """As the matcher compares them; a body that looks like JSON is compared as JSON."""
    call = made(body=came, content_type=content_type)
    assert fits(Expected("POST /orders", body=wanted), call) is expected


def test_no_body_given_is_any_body() -> None:
    assert fits(Expected("POST /orders"), made(body=b"x"))


def test_body_and_content_type_both_count() -> None:
    expected = Expected("POST /orders", ["Content-Type: application/json"], b'{"a": 1}')
    assert fits(expected, made(body=b'{"a":1}', content_type=JSON))
    assert not fits(expected, made(body=b'{"a":1}', content_type=FORM))


def test_secret_places_are_listed() -> None:
    expected = Expected("POST /orders?pin=a", ["Authorization: b"], b'{"password": "c"}')
    assert expected.secret == ["header authorization", "json $.password", "query pin"]


BAD = [
    ("/orders", [], "a call is written 'METHOD PATH', such as 'POST /orders', not '/orders'"),
    ("POST orders", [], "a call is written"),
    ("POST /orders 201", [], "a call is written"),
    ("", [], "a call is written"),
    ("POST /orders", ["X"], "a header is written Name: value"),
    (
        "POST /orders",
        ["x-mock-response-code: 404"],
        "the header x-mock-response-code is for Understudy itself and is not compared",
    ),
]


@pytest.mark.parametrize(("called", "headers", "message"), BAD)
def test_bad_input(called: str, headers: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Expected(called, headers)


TIMES = [
    (Times(), "at least once", "0123", "123"),
    (Times(2), "at least 2 times", "0123", "23"),
    (Times(2, 2), "exactly 2 times", "0123", "2"),
    (Times(1, 1), "exactly once", "0123", "1"),
    (Times(0, 0), "never", "0123", "0"),
    (Times(0, 1), "at most once", "0123", "01"),
    (Times(1, 2), "1 to 2 times", "0123", "12"),
]


@pytest.mark.parametrize(("times", "words", "numbers", "right"), TIMES)
def test_times(times: Times, words: str, numbers: str, right: str) -> None:
    assert str(times) == words
    assert "".join(number for number in numbers if times.holds(int(number))) == right
