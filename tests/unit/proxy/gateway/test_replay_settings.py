"""The settings of replays, as users give them."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.matcher.settings import STRICT, MatchSettings
from understudy.proxy.gateway.replay_settings import STRICT_REPLAY, overlay_lists, parse_replay_settings
from understudy.serving.gateway.replay import MissAnswer
from understudy.store.errors import UserError


def test_by_default_everything_but_headers_is_compared() -> None:
    """No two runs of a client send the same headers."""
    settings = parse_replay_settings()
    assert (settings.once, settings.miss) == (STRICT_REPLAY.once, STRICT_REPLAY.miss)
    assert not settings.matching.headers
    assert settings.matching.body
    assert settings.matching.host
    assert settings.matching.exact_path


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"ignore_query": ["t", "a,b"]}, "ignore_query", {"t", "a,b"}),
        ({"ignore_body": ["$.at", "$.items[0].id"]}, "ignore_body", {"$.at", "$.items[0].id"}),
        ({"ignore_body": ["nonce"], "ignore_json": ["//At"]}, "ignore_body", {"nonce", "//At"}),
        ({"match_header": ["X-Team, X-Else"]}, "headers", {"X-Team", "X-Else"}),
        ({"match_header": ["*"]}, "headers", {"*"}),
        ({"match_header": ["*"], "ignore_header": ["Date"]}, "ignore_headers", {"Date"}),
        ({"match_header": ["X-Team"], "ignore_header": ["x-team"]}, "ignore_headers", {"x-team"}),
    ],
)
def test_names_are_taken_as_listed(given: dict[str, list[str]], field: str, expected: set[str]) -> None:
    """Header names may also have commas between them."""
    assert getattr(parse_replay_settings(**given).matching, field) == expected  # type: ignore[arg-type]


def test_an_api_key_can_be_compared() -> None:
    """It is a key of the API, not that of a private mock server."""
    matching: MatchSettings = parse_replay_settings(match_header=["X-Api-Key"]).matching
    assert matching.list_compared_headers() == ("x-api-key",)
    assert STRICT.key_headers


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ignore_json": ["$.a["]}, "JSON path"),
        ({"ignore_body": ["/a//b"]}, "XML elements"),
        ({"ignore_body": [" "]}, "the name of a form field"),
        ({"match_header": ["X Team"]}, "X Team"),
        ({"ignore_header": ["Date"]}, "this takes headers out of all headers, but not all are compared"),
        ({"match_header": ["X-Team"], "ignore_header": ["Date"]}, "but not all are compared"),
        ({"match_header": ["*"], "ignore_header": [""]}, "takes names of header fields"),
        ({"ignore_query": [" "]}, "takes the name of a query parameter, got ' '"),
        ({"ignore_host": ["https://a.test"]}, "takes a host such as *.example.com, got 'https://a.test'"),
        ({"miss": "500"}, "404, 502, close"),
        ({"hold": -1.0}, "takes seconds, 0 or more, got -1.0"),
        ({"hold": float("inf")}, "takes seconds, 0 or more, got inf"),
        ({"hold": float("nan")}, "takes seconds, 0 or more, got nan"),
        ({"hold": "5"}, "takes seconds, 0 or more, got '5'"),
        ({"ignore": ["t"]}, "a replay has no setting ignore; the settings are once, "),
        ({"ignore_query": "t"}, "['t']"),
    ],
)
def test_a_mistake_names_what_was_expected(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        parse_replay_settings(**given)
    assert message in str(error.value)


def test_a_miss_is_answered_as_named() -> None:
    assert parse_replay_settings(miss="close", once=True).miss is MissAnswer.CLOSE


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], {}),
        ([{"ignore_query": ["a"]}, {}], {"ignore_query": ["a"]}),
        ([{"ignore_query": ["a"]}, {"ignore_query": ()}], {"ignore_query": ["a"]}),
        ([{"ignore_query": ["a"]}, {"ignore_query": ["b"]}], {"ignore_query": ["b"]}),
        ([{"ignore_query": ["a"]}, {"ignore_json": ["$.b"]}], {"ignore_query": ["a"], "ignore_json": ["$.b"]}),
        ([{"match_header": ["*"], "ignore_header": ["Date"]}, {"match_header": ["A"]}], {"match_header": ["A"]}),
        (
            [{"match_header": ["*"]}, {"ignore_header": ["Date"]}],
            {"match_header": ["*"], "ignore_header": ["Date"]},
        ),
    ],
)
def test_each_list_is_that_of_the_last_layer_that_has_it(
    layers: list[dict[str, list[str]]], expected: dict[str, list[str]]
) -> None:
    """Lists do not add up: an option can make a replay stricter than a project file. Headers are chosen together."""
    assert overlay_lists(*layers) == expected


def test_what_is_given_beats_the_defaults() -> None:
    settings = parse_replay_settings(defaults={"ignore_query": ["a"], "ignore_json": ["$.at"]}, ignore_query=["b"])
    assert (settings.matching.ignore_query, settings.matching.ignore_body) == (
        frozenset({"b"}),
        frozenset({"$.at"}),
    )
