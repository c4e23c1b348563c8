"""Dates of recorded answers, moved by the time since the recording."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from math import inf

import pytest

from tests.factories.messages import make_example, make_response
from understudy.serving.fields.dates import Dates
from understudy.store.model.collections import Example
from understudy.store.model.ids import new_id, time_from_id
from understudy.store.model.values import replace
from understudy.store.redaction.placeholders import Placeholders

RECORDED = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
AT = 784111777  # seconds since the epoch
DAY = 24 * 60 * 60
NEXT_DAY = ("Date", "Mon, 07 Nov 1994 08:49:37 GMT")


def recorded(*fields: tuple[str, str], id: str = "01", body: bytes = b"") -> Example:
    return replace(make_example(id=id, response=make_response(body=body, headers=fields)), fingerprint="f")


def moved(example: Example, now: float = AT + DAY) -> list[tuple[str, str]]:
    """Return the header fields that are sent at this time, by default a day later."""
    return list(Dates(now=lambda: now).apply(example.response, example).headers)


def redacted_token(**claims: object) -> str:
    """Return the placeholder of a JWT with these claims."""
    secret = urlsafe_b64encode(json.dumps({"sub": "ann", **claims}).encode()).rstrip(b"=").decode()
    return Placeholders(b"k")(f"eyJhbGciOiJIUzI1NiJ9.{secret}.c2lnbmF0dXJl")


def read_claims(token: str) -> dict[str, object]:
    claims = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims.pop("redacted")
    return dict(claims)


def move_text(body: str, now: float = AT + DAY) -> str:
    """Return the body that is sent at this time."""
    example = recorded(RECORDED, body=body.encode())
    sent = Dates(now=lambda: now).apply(example.response, example).body
    assert isinstance(sent, bytes)
    return sent.decode()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Expires", "Sun, 06 Nov 1994 09:49:37 GMT", "Mon, 07 Nov 1994 09:49:37 GMT"),
        ("expires", "Fri, 30 Dec 1994 23:59:59 GMT", "Sat, 31 Dec 1994 23:59:59 GMT"),
        ("Set-Cookie", "a=; Expires=Sun, 06 Nov 1994 09:49:37 GMT; A", "a=; Expires=Mon, 07 Nov 1994 09:49:37 GMT; A"),
        ("Set-Cookie", "a=1;expires=Sun, 06-Nov-1994 09:49:37 GMT", "a=1;expires=Mon, 07-Nov-1994 09:49:37 GMT"),
        ("Set-Cookie", "a=1; expires=Sunday, 06-Nov-94 09:49:37 GMT", "a=1; expires=Mon, 07-Nov-1994 09:49:37 GMT"),
        ("Expires", "0", "0"),
        ("Expires", "-1", "-1"),
        ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Expires", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("Expires", "Sun, 06 Foo 1994 09:49:37 GMT", "Sun, 06 Foo 1994 09:49:37 GMT"),
        ("Set-Cookie", "expires=Sun, 06 Nov 1994 09:49:37 GMT", "expires=Sun, 06 Nov 1994 09:49:37 GMT"),
        ("Last-Modified", "Sun, 06 Nov 1994 07:49:37 GMT", "Sun, 06 Nov 1994 07:49:37 GMT"),
        ("X-Date", "Sun, 06 Nov 1994 07:49:37 GMT", "Sun, 06 Nov 1994 07:49:37 GMT"),
    ],
)  # fmt: skip
def test_dates_are_moved_by_the_time_since_the_recording(name: str, value: str, expected: str) -> None:
    assert moved(recorded(RECORDED, (name, value))) == [NEXT_DAY, (name, expected)]


def test_without_a_date_a_recording_is_as_old_as_its_id() -> None:
    id = new_id()
    made = time_from_id(id)
    assert made is not None
    example = recorded(("Expires", "Sun, 06 Nov 1994 09:49:37 GMT"), id=id)
    assert moved(example, int(made) + DAY) == [("Expires", "Mon, 07 Nov 1994 09:49:37 GMT")]
    assert time_from_id("9a1f7c4e-0c1d-4a59-9d8a-0f1e2d3c4b5a") is None


def test_a_typed_in_example_keeps_its_dates() -> None:
    example = replace(recorded(RECORDED), fingerprint="")
    assert Dates().apply(example.response, example) is example.response
    assert moved(replace(example, entry=1)) == [NEXT_DAY]


def test_no_date_is_moved_if_that_is_switched_off() -> None:
    example = recorded(RECORDED)
    assert Dates(is_shifted=False).apply(example.response, example) is example.response


def test_a_reply_with_dates_ends_with_the_second() -> None:
    dates = Dates(now=lambda: AT + 0.5)
    ends = [AT + 1, AT + 1, inf, AT + 1]
    examples = [
        recorded(RECORDED),
        recorded(("Set-Cookie", "a=1; Expires=Sun, 06 Nov 1994 09:49:37 GMT")),
        recorded(("Set-Cookie", "a=1")),
        recorded(body=f'{{"id_token":"{redacted_token(exp=AT)}"}}'.encode()),
    ]
    assert [dates.find_end(example.response, example) for example in examples] == ends
    assert Dates(is_shifted=False).find_end(examples[0].response, examples[0]) == inf


def test_the_times_of_a_redacted_token_are_moved_likewise() -> None:
    sent = move_text(redacted_token(exp=AT + 300, iat=AT, nbf=AT - 5))
    assert read_claims(sent) == {"exp": AT + 300 + DAY, "iat": AT + DAY, "nbf": AT - 5 + DAY}


def test_all_tokens_of_a_body_are_moved_and_nothing_else() -> None:
    tokens = [redacted_token(exp=AT + more) for more in (1, 2)]
    before = '{"a":"%s","exp":%d,"b":["%s"]}'
    sent = move_text(before % (tokens[0], AT, tokens[1]))
    first, second = json.loads(sent)["a"], json.loads(sent)["b"][0]
    assert sent == before % (first, AT, second)
    assert [read_claims(one) for one in (first, second)] == [{"exp": AT + more + DAY} for more in (1, 2)]


@pytest.mark.parametrize(("name", "form"), [("Set-Cookie", "t={}; Path=/"), ("Location", "/cb#id_token={}&x=1")])
def test_a_redacted_token_in_a_field_is_moved(name: str, form: str) -> None:
    sent = moved(recorded(RECORDED, (name, form.format(redacted_token(exp=AT)))))[1][1]
    before, after = form.split("{}")
    assert read_claims(sent.removeprefix(before).removesuffix(after)) == {"exp": AT + DAY}


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": 0},
        {"exp": 1},
        {"exp": True, "iat": "1994"},
        {"exp": float("nan")},
        {"exp": 10**30},
        {"exp": -(10**9)},
    ],
)
def test_a_token_without_times_keeps_none(claims: dict[str, object]) -> None:
    token = redacted_token(**claims)
    assert read_claims(token) == {}
    assert move_text(token) == token


def test_a_time_that_would_become_longer_stays() -> None:
    token = redacted_token(exp=AT)
    assert move_text(token, now=10**10) == token


def test_the_time_of_a_token_may_become_shorter() -> None:
    """The length of a body is in its header already."""
    token = redacted_token(exp=10**9 + 5)
    sent = move_text(token, now=AT - 100)
    assert (read_claims(sent), len(sent)) == ({"exp": 10**9 - 95}, len(token))


def test_a_token_that_is_not_redacted_stays() -> None:
    """Its signature would be wrong."""
    token = "eyJhbGciOiJub25lIn0.eyJleHAiOjc4NDExMTc3N30.c2lnbmF0dXJl"
    assert move_text(token) == token


def test_no_token_is_moved_if_that_is_switched_off() -> None:
    example = recorded(RECORDED, body=redacted_token(exp=AT).encode())
    assert Dates(is_shifted=False).apply(example.response, example) is example.response
