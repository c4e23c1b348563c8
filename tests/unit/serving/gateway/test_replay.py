"""The tally of a replay, and its answers to requests that were not recorded."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from tests.factories.messages import ORIGIN, make_example, make_request
from understudy.matcher.index import compile_index
from understudy.matcher.settings import STRICT
from understudy.serving.answers.outcomes import Answers, find_outcome
from understudy.serving.answers.sequences import Sequences
from understudy.serving.gateway.failed_exchanges import FailedRequests
from understudy.serving.gateway.replay import HANG_UP, MOST_MISSES, Miss, MissAnswer, Replay, Tally, UnusedExample
from understudy.store.errors import Hint
from understudy.store.model.collections import Example
from understudy.store.model.messages import Origin, Request
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import Rules

EXAMPLES = [make_example(id="01"), make_example("/users/8?password=t0ps3cret", id="02", name="the other", entry=57)]


def tally_of(tally: Tally, *targets: str, once: bool = False) -> Tally:
    """Return the tally after requests to these targets."""
    answers = Answers(compile_index(EXAMPLES, STRICT), Sequences(once=once))
    tally.examples = EXAMPLES
    for target in targets:
        request = make_request(target=target)
        tally.note(request, find_outcome(answers, request))
    return tally


def test_equal_misses_are_counted() -> None:
    """With the nearest example, in the order of the requests."""
    missed = tally_of(Tally(), "/users/9", "/users/7", "/users/9").misses
    assert missed == {Miss("GET", "http://api.example.com/users/9", 'nearest is "Example 01" (01): path differs'): 2}


def test_a_sequence_that_ended_is_a_miss() -> None:
    """Its reason is not an unknown request."""
    [missed] = tally_of(Tally(), "/users/7", "/users/7", once=True).misses
    assert missed.reason == "its recorded answers were all given"


def test_secrets_of_a_miss_are_redacted() -> None:
    [missed] = tally_of(Tally(), "/users/8?password=0th3r").misses
    assert "0th3r" not in missed.url


def test_unused_examples_are_listed_without_their_secrets() -> None:
    [unused] = tally_of(Tally(), "/users/7").unused_examples
    assert unused == UnusedExample("GET", "http://api.example.com/users/8?password=REDACTED", 57)


def test_own_redaction_rules_apply() -> None:
    """Misses are shown in terminals and CI logs."""
    rules = Rules.from_json({"query": ["sid"]})
    [missed] = tally_of(Tally(Redactor(rules)), "/users/9?sid=0th3r").misses
    assert "0th3r" not in missed.url


def test_different_misses_are_bounded() -> None:
    """A client with a million different requests must not fill the memory; the rest is only counted."""
    tally = tally_of(Tally(), *(f"/{number}" for number in range(MOST_MISSES + 5)), "/0")
    assert (len(tally.misses), tally.misses.total(), tally.further) == (MOST_MISSES, MOST_MISSES + 1, 5)


@pytest.mark.parametrize(
    ("answer", "status", "behaviour"),
    [(MissAnswer.NOT_FOUND, 404, None), (MissAnswer.BAD_GATEWAY, 502, None), (MissAnswer.CLOSE, 404, HANG_UP)],
)
def test_a_miss_is_answered_as_configured(answer: MissAnswer, status: int, behaviour: object) -> None:
    """With the explanation, or by closing the connection."""
    what = find_outcome(Answers(compile_index(EXAMPLES, STRICT)), make_request(target="/other"))
    replay = Replay(answer)
    assert replay.render_failure(what).status == status
    assert b"explanation" in replay.render_failure(what).body  # type: ignore[operator]
    assert replay.resolve_behaviour(what) == behaviour


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (make_request("POST", "/buy?t=2", body=b'{"n": 1}', content_type="application/json"), "query differs at t"),
        (
            make_request("POST", "/buy?t=2", body=b'{"n": 2}', content_type="application/json"),
            "query (t) and body ($.n) differ",
        ),
        (make_request("POST", "/buy?t=1", body=b'{"n": 2}', content_type="application/json"), "body differs at $.n"),
        (make_request("PUT", "/buy?t=1", body=b'{"n": 1}', content_type="application/json"), "method differs"),
    ],
)
def test_the_message_of_a_miss_has_the_first_difference(request_: Request, why: str) -> None:
    """Postman's text is about method and path only."""
    bought = make_request("POST", "/buy?t=1", body=b'{"n": 1}', content_type="application/json")
    replay = Replay(tally=Tally())
    replay.tally.source = "session shop"
    message = error_of(replay, make_example(bought, name="Buy", entry=57), request_)["message"]
    assert message == f'This request is not in session shop: nearest is "Buy" (entry 57): {why}.'


RED = {"X-Team": "red"}


@pytest.mark.parametrize(
    ("request_", "hint"),
    [
        (make_request(target="/users?t=2&u=1", headers=RED), Hint("ignore_places", {"query": "t\nu"})),
        (make_request(target="/users?t=1"), Hint("ignore_places", {"header": "x-team"})),
        (make_request(target="/users?t=1", headers=RED, body=b"x"), None),
        (make_request(target="/other?t=2", headers=RED), None),
        (make_request(target="/users?a=1&b=2&c=3&d=4", headers=RED), None),
    ],
)
def test_a_miss_has_the_places_to_ignore(request_: Request, hint: Hint | None) -> None:
    """Only where ignoring a few places would make it a hit."""
    example = make_example(make_request(target="/users?t=1", headers=RED))
    settings = replace(STRICT, headers=frozenset({"x-team"}))
    replay, index = Replay(tally=Tally()), compile_index([example], settings)
    outcome = find_outcome(Answers(index), request_)
    replay.note(request_, outcome)
    [missed] = replay.tally.misses
    assert missed.hint == hint
    shown = json.loads(cast("bytes", replay.render_failure(outcome).body))["error"].get("hint")
    assert shown == (hint and {"action": hint.action, **hint.values})


def test_the_message_of_a_miss_has_the_recorded_failure() -> None:
    """Instead of the nearest example."""
    failed = FailedRequests(compile_index([make_example("/cut", id="02", entry=58)], STRICT), {"02": "reset"})
    error = error_of(Replay(failed=failed), make_example(), make_request(target="/cut"))
    assert error["message"] == f"This request is not in the session: {error['note']}."
    assert "entry 58: reset" in error["note"]
    assert error["hint"] == {"action": "replay_failures", "entry": "58"}


def test_a_request_without_a_host_gets_a_hint_if_several_were_recorded() -> None:
    """The nearest example would only differ in its host."""
    hosts = frozenset({ORIGIN, Origin.parse("https://pay.example.com")})
    replay, request = Replay(hosts=hosts, tally=Tally()), make_request(origin=None)
    error = error_of(replay, make_example(), request)
    assert error["message"] == f"This request is not in the session: {error['note']}."
    assert error["note"] == ("it is for none of the recorded hosts, http://api.example.com and https://pay.example.com")
    assert error["hint"] == {"action": "name_upstream"}
    replay.note(request, find_outcome(Answers(compile_index([make_example()], STRICT)), request))
    [missed] = replay.tally.misses
    assert (missed.reason, missed.hint) == (error["note"], Hint("name_upstream"))


def test_of_many_hosts_the_first_are_listed() -> None:
    hosts = frozenset(Origin.parse(f"http://{number}.example.com") for number in range(1, 9))
    note = error_of(Replay(hosts=hosts), make_example(), make_request(origin=None))["note"]
    assert "http://1.example.com, http://2.example.com, http://3.example.com and 5 more" in note


def test_an_empty_session_has_no_nearest_example() -> None:
    assert error_of(Replay(), None, make_request())["message"] == "This request is not in the session."


def error_of(replay: Replay, example: Example | None, request: Request) -> dict[str, Any]:
    """Return the error for this request, with this example or without any."""
    examples = [example] if example else []
    response = replay.render_failure(find_outcome(Answers(compile_index(examples, STRICT)), request))
    assert isinstance(response.body, bytes)
    error: dict[str, Any] = json.loads(response.body)["error"]
    return error


def test_a_hit_has_no_behaviour() -> None:
    what = find_outcome(Answers(compile_index(EXAMPLES, STRICT)), make_request())
    assert Replay(MissAnswer.CLOSE).resolve_behaviour(what) is None
