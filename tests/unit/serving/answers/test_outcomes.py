"""The outcome of a request: a decision and the example whose turn it is, or an error."""

from __future__ import annotations

import json

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.index import compile_index
from understudy.matcher.lookup.bare_items import BareItem
from understudy.serving.answers.outcomes import Answers, Outcome, find_outcome
from understudy.serving.answers.sequences import Sequences
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.model.calls import NEEDS_EXAMPLE
from understudy.store.model.collections import Example
from understudy.store.model.messages import Request
from understudy.store.model.mock_servers import PLAIN, Behaviour, Delay, RateLimit

GET = make_request(origin=None)
MISS = make_request(target="/nothing", origin=None)
BAD = make_request(headers={"x-mock-response-code": "many"}, origin=None)
NAMED = make_request(target="/any", headers={"x-mock-response-id": "01"}, origin=None)
ONE = make_example()
FIRST, SECOND = (make_example(id=id, sequence="s") for id in ("01", "02"))
TEMPLATE = Example(
    "01", "c", "i", "t", make_request(), make_response(body=b"{{$queryParams 'a'}}"), templates=True, literal=False
)


def answers(*examples: Example, once: bool = False) -> Answers:
    templates = Templates(compile_templates(examples, lambda body: body))  # type: ignore[arg-type, return-value]
    return Answers(compile_index(examples), Sequences(once=once), templates)


def ask(request: Request, *examples: Example) -> Outcome:
    return find_outcome(answers(*(examples or (ONE,))), request)


def test_a_sequence_answers_in_turn() -> None:
    one = answers(FIRST, SECOND)
    got = [find_outcome(one, GET).example for _ in range(3)]
    assert [example.id if example else None for example in got] == ["01", "02", "02"]


@pytest.mark.parametrize(
    ("request_", "examples", "fixed", "filled"),
    [
        (GET, (ONE,), True, False),
        (MISS, (ONE,), True, False),
        (BAD, (ONE,), True, False),
        (GET, (FIRST, SECOND), False, False),
        (GET, (TEMPLATE,), False, True),
    ],
)
def test_only_answers_that_never_change_are_cacheable(
    request_: Request, examples: tuple[Example, ...], fixed: bool, filled: bool
) -> None:
    found = ask(request_, *examples)
    assert (found.is_cacheable, found.is_filled) == (fixed, filled)


def test_a_template_is_filled_in() -> None:
    found = ask(make_request(target="/users/7?a=b"), TEMPLATE)
    assert found.example is not None
    assert found.example.response.body == b"b"


@pytest.mark.parametrize(
    ("request_", "answered", "summary"),
    [
        (GET, True, "path as it is, score 110"),
        (NAMED, True, "asked for by name"),
        (MISS, False, "no match"),
        (BAD, True, "malformed header"),
    ],
)
def test_an_outcome_summarizes_the_decision(request_: Request, answered: bool, summary: str) -> None:
    found = ask(request_)
    assert (found.has_answer, found.summary) == (answered, summary)


def test_a_request_item_without_an_example_differs_from_a_miss() -> None:
    """The user has to do something else about it."""
    index = compile_index((), items=[BareItem("GET", "/later", "Later")])
    assert find_outcome(Answers(index), make_request(target="/later")).summary == NEEDS_EXAMPLE


def test_the_body_of_an_error_is_not_throttled() -> None:
    slow = Behaviour(Delay(5), bytes_per_second=1)
    assert ask(MISS).resolve_behaviour(slow) == Behaviour(Delay(5))
    assert ask(GET).resolve_behaviour(slow) == slow


def ended() -> Outcome:
    one = answers(FIRST, SECOND, once=True)
    return [find_outcome(one, GET) for _ in range(3)][-1]


@pytest.mark.parametrize(
    ("found", "status", "name"),
    [
        (ask(MISS), 404, "mockRequestNotFoundError"),
        (ask(BAD), 400, "malformedHeaderError"),
        (ended(), 404, "sequenceEndedError"),
    ],
)
def test_a_failure_explains_itself(found: Outcome, status: int, name: str) -> None:
    response = found.render_failure()
    assert isinstance(response.body, bytes)
    assert (response.status, json.loads(response.body)["error"]["name"]) == (status, name)


def test_a_sequence_that_has_ended_answers_nothing() -> None:
    found = ended()
    assert (found.has_answer, found.is_cacheable, found.summary) == (False, False, "the sequence has ended")


SLOW = make_example(behaviour=Behaviour(Delay(5)))
HURRIED = make_request(headers={"x-mock-response-delay": "9"}, origin=None)


@pytest.mark.parametrize(
    ("request_", "example", "mock", "expected"),
    [
        (GET, ONE, PLAIN, None),
        (GET, ONE, Behaviour(Delay(3)), Behaviour(Delay(3))),
        (GET, SLOW, Behaviour(Delay(3), 10), Behaviour(Delay(5), 10)),
        (HURRIED, SLOW, Behaviour(Delay(3)), Behaviour(Delay(9))),
        (HURRIED, ONE, PLAIN, Behaviour(Delay(9))),
        (MISS, SLOW, Behaviour(Delay(3)), Behaviour(Delay(3))),
    ],
)
def test_behaviours_come_from_the_request_then_the_example_then_the_mock_server(
    request_: Request, example: Example, mock: Behaviour, expected: Behaviour | None
) -> None:
    assert ask(request_, example).resolve_behaviour(mock) == expected


@pytest.mark.parametrize(
    ("request_", "behaviour", "key"),
    [
        (GET, PLAIN, "shop"),
        (GET, Behaviour(Delay(5)), "shop"),
        (GET, Behaviour(rate_limit=RateLimit(9)), "shop 01"),
        (MISS, Behaviour(rate_limit=RateLimit(9)), "shop"),
    ],
)
def test_an_example_with_a_limit_of_its_own_is_counted_by_itself(
    request_: Request, behaviour: Behaviour, key: str
) -> None:
    assert ask(request_, make_example(behaviour=behaviour)).find_limit_key("shop") == key


def give_ids(of: Answers, *requests: Request) -> list[str | None]:
    """Return the ids of the examples that answer these requests, one after the other."""
    examples = [find_outcome(of, each).example for each in requests]
    return [example.id if example else None for example in examples]


@pytest.mark.parametrize(
    "asked", [make_request("HEAD", origin=None), make_request(headers={"Range": "bytes=2-"}, origin=None)]
)
def test_what_asks_about_an_answer_takes_no_turn(asked: Request) -> None:
    """HEAD, and a range that does not start at 0, get the answer that was given last."""
    assert give_ids(answers(FIRST, SECOND), asked, GET, asked, GET, asked) == ["01", "01", "01", "02", "02"]


def test_a_range_that_starts_at_0_takes_a_turn() -> None:
    """It begins a download anew."""
    first = make_request(headers={"Range": "bytes=0-2"}, origin=None)
    assert give_ids(answers(FIRST, SECOND), first, first) == ["01", "02"]


def test_a_304_of_a_sequence_is_given_to_its_own_condition_only() -> None:
    """Other requests get the newest answer of the sequence that makes sense to them."""
    own = make_request(headers={"If-None-Match": '"1"'}, origin=None)
    changed, same = (
        make_example(own, id=id, sequence="s", response=make_response(status))
        for id, status in (("01", 200), ("02", 304))
    )
    assert give_ids(answers(changed, same), GET, own, GET, own, own) == ["01", "01", "01", "02", "02"]


def test_a_selector_takes_no_turn() -> None:
    """A selector header gets the newest example that it selects."""
    by_code, by_id = (
        make_request(headers={f"x-mock-response-{name}": value}, origin=None)
        for name, value in (("code", "200"), ("id", "01"))
    )
    assert give_ids(answers(FIRST, SECOND), by_code, by_id, GET, GET) == ["02", "01", "01", "02"]
