"""Tests of the keys that equal requests share in a replay."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.index import compile_index
from understudy.matcher.replay_keys import compute_replay_key, expand_headers
from understudy.matcher.settings import STRICT, MatchSettings
from understudy.store.model.messages import Request
from understudy.store.model.values import replace


def make_post(target: str = "/a?x=1&t=1", body: bytes = b'{"id": 1, "at": 5}', **headers: str) -> Request:
    """Return a POST request with two query parameters and a JSON body."""
    kind = headers.pop("Content_Type", "application/json")
    return make_request("POST", target, headers=headers, content_type=kind, body=body)


OK = frozenset[str]()
STRICTLY = STRICT
NO_T = replace(STRICT, ignore_query=frozenset({"t"}))
NO_AT = replace(STRICT, ignore_body=frozenset({"$.at"}))
TEAM = replace(STRICT, headers=frozenset({"X-Team"}))
EVERY = replace(STRICT, headers=frozenset({"*"}))
NOT_TEAM = replace(EVERY, ignore_headers=frozenset({"X-Team"}))

TABLE = [
    ("the same", STRICTLY, make_post(), True),
    ("another query", STRICTLY, make_post("/a?x=1&t=2"), False),
    ("an ignored parameter", NO_T, make_post("/a?x=1&t=2"), True),
    ("an ignored parameter that is not there", NO_T, make_post("/a?x=1"), True),
    ("another parameter beside an ignored one", NO_T, make_post("/a?x=2&t=1"), False),
    ("the query in another order", STRICTLY, make_post("/a?t=1&x=1"), True),
    ("another body", STRICTLY, make_post(body=b'{"id": 1, "at": 6}'), False),
    ("an ignored place", NO_AT, make_post(body=b'{"at": 6, "id": 1}'), True),
    ("an ignored place that is not there", NO_AT, make_post(body=b'{"id": 1}'), True),
    ("another place beside an ignored one", NO_AT, make_post(body=b'{"id": 2, "at": 5}'), False),
    ("another name of JSON", STRICTLY, make_post(body=b'{"id": 1, "at": 5.0}', Content_Type="text/json"), True),
    ("another media type", STRICTLY, make_post(Content_Type="application/x-ndjson"), False),
    ("a header that is not compared", STRICTLY, make_post(X_Team="b"), True),
    ("another host", STRICTLY, replace(make_post(), origin=None), False),
    ("another method", STRICTLY, replace(make_post(), method="PUT"), False),
]


@pytest.mark.parametrize(("settings", "other", "same"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_requests_share_a_key_if_a_replay_takes_them_for_one(
    settings: MatchSettings, other: Request, same: bool
) -> None:
    """Requests share a key exactly if the matcher, under the same settings, accepts one for the other."""
    one = make_post()
    assert isinstance(one.body, bytes)
    assert isinstance(other.body, bytes)
    assert (
        compute_replay_key(one, one.body, OK, settings) == compute_replay_key(other, other.body, OK, settings)
    ) is same
    decision = compile_index([make_example(one)], settings).decide(other)
    assert (decision.match is not None) is same


@pytest.mark.parametrize(
    ("settings", "one", "other", "same"),
    [
        (TEAM, {"X-Team": "a"}, {"X-Team": "a", "X-Else": "b"}, True),
        (TEAM, {"X-Team": "a"}, {"X-Team": "b"}, False),
        (TEAM, {"X-Team": "a"}, {}, False),
        (EVERY, {"X-Team": "a"}, {"X-Team": "b"}, False),
        (EVERY, {"X-Team": "a"}, {}, False),
        (EVERY, {"Host": "a", "Content-Length": "1"}, {"Host": "b", "Content-Length": "2"}, True),
        (NOT_TEAM, {"X-Team": "a"}, {"X-Team": "b"}, True),
        (NOT_TEAM, {"X-Else": "a"}, {"X-Else": "b"}, False),
    ],
)
def test_headers_count_where_they_are_compared(
    settings: MatchSettings, one: dict[str, str], other: dict[str, str], same: bool
) -> None:
    """Listed headers count; with `*` all recorded ones except those that frame the message."""
    first, second = make_request(headers=one), make_request(headers=other)
    assert (compute_replay_key(first, b"", OK, settings) == compute_replay_key(second, b"", OK, settings)) is same
    compared = expand_headers(settings, [first.headers, second.headers])
    assert (compile_index([make_example(first)], compared).decide(second).match is not None) is same


def test_settings_without_a_star_stay_as_they_are() -> None:
    """Settings without `*` stay the same object."""
    assert expand_headers(TEAM, [make_request(headers={"X-Else": "a"}).headers]) is TEAM
