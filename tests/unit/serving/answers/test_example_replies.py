"""What mock servers and gateways have in common when they reply to a decided request."""

from __future__ import annotations

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.index import compile_index
from understudy.serving.answers.answer import render_error
from understudy.serving.answers.example_replies import (
    make_failure_reply,
    make_reply_key,
    may_cache,
    refuse_over_limit,
    render_example_reply,
)
from understudy.serving.answers.outcomes import Answers, Outcome, find_outcome
from understudy.serving.answers.rate_limits import LocalRateCounts
from understudy.store.model.mock_servers import Behaviour, Delay, RateLimit

EXAMPLE = make_example("/users/7", response=make_response(body=b"hit"))
LIMITED = Behaviour(rate_limit=RateLimit(1))
SLOW = Behaviour(Delay(5))


def find(target: str = "/users/7") -> Outcome:
    return find_outcome(Answers(compile_index([EXAMPLE])), make_request(target=target))


def test_a_rate_limit_makes_an_answer_depend_on_time() -> None:
    assert may_cache(find(), None)
    assert may_cache(find(), SLOW)
    assert not may_cache(find(), LIMITED)


def test_a_reply_that_was_filled_in_has_no_key() -> None:
    outcome = find()
    filled = Outcome(outcome.decision, outcome.example, is_filled=True)
    assert make_reply_key(filled, None, False) is None
    assert make_reply_key(outcome, None, True, "a") != make_reply_key(outcome, None, True, "b")


def test_calls_beyond_a_rate_limit_are_refused() -> None:
    rates = LocalRateCounts()
    refusals = [refuse_over_limit(LIMITED, find(), rates, "shop", lambda: 0.0) for _ in range(2)]
    assert [refusal and refusal.status for refusal in refusals] == [None, 429]
    assert refuse_over_limit(SLOW, find(), rates, "shop", lambda: 0.0) is None


def test_a_reply_names_its_example() -> None:
    reply = render_example_reply(EXAMPLE.response, find(), SLOW, 1.0, True, interim=b"early")
    assert (reply.example_id, reply.example_name, reply.interim) == (EXAMPLE.id, EXAMPLE.name, b"early")
    assert reply.behaviour is SLOW


def test_a_failure_is_held_up_as_an_answer_is_and_has_no_body_for_head() -> None:
    failure = render_error(404, "missing", "Not here.")
    reply = make_failure_reply(failure, make_request("HEAD"), find(), SLOW)
    assert (reply.behaviour, reply.body, reply.response) == (SLOW, b"", failure)
    assert make_failure_reply(failure, make_request(), find(), None).body == failure.body
