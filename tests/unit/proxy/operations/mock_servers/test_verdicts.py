"""Verdicts on calls, in words and as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.messages import make_request
from tests.factories.stored import make_call
from understudy.proxy.operations.mock_servers.call_expectations import Expected, Times
from understudy.proxy.operations.mock_servers.verdicts import Verdict, find_matching_calls
from understudy.proxy.operations.views.verdicts import verdict_json
from understudy.store.model.calls import KEPT_BODY, Call
from understudy.store.model.messages import Request
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

JSON = "application/json"


def make_logged_call(target: str = "/orders", method: str = "POST", **fields: Any) -> Call:
    """A call as the log keeps it: without its secrets."""
    request = make_request(method, target, origin=None, **fields)
    body = request.body
    assert isinstance(body, bytes)
    return make_call("mock", request=BUILT_IN_REDACTOR.redact_request(request, body)[0], request_size=len(body))


def verdict(
    times: Times, *calls: Call, called: str = "POST /orders", body: bytes | None = None, **more: Any
) -> Verdict:
    expected = Expected(called, body=body)
    numbered = [replace(call, id=number, at=0.0) for number, call in enumerate(calls, 1)]
    return Verdict(expected, times, find_matching_calls(reversed(numbered), expected), **more)


def test_what_holds_is_said_in_a_line() -> None:
    said = verdict(Times(2, 2), make_logged_call(), make_logged_call(), make_logged_call("/other"))
    assert said.held
    assert said.as_text() == "POST /orders was called 2 times; expected: exactly 2 times\n"


def test_too_few_calls_show_the_nearest_and_what_differed() -> None:
    others = (
        make_logged_call("/users", "GET"),
        make_logged_call(body=b'{"item": 8}', content_type=JSON),
        make_logged_call("/order", "POST"),
    )
    said = verdict(Times(), *others, body=b'{"item": 7}')
    text = said.as_text()
    assert not said.held
    assert text.startswith("POST /orders was not called; expected: at least once\nNearest:\n  call 2, ")
    assert '    body    expected  {"item":7}\n            actual    {"item":8}\n' in text
    assert text.index("call 2") < text.index("call 3") < text.index("call 1")
    [nearest, *_] = verdict_json(said)["nearest"]
    assert nearest["id"] == 2
    [difference] = nearest["differences"]
    assert difference == {"part": "body", "expected": '{"item":7}', "actual": '{"item":8}', "places": ["$.item"]}


def test_too_many_calls_are_shown() -> None:
    said = verdict(Times(0, 0), make_logged_call(), make_logged_call("/other"), make_logged_call("/orders?page=2"))
    assert not said.held
    assert "Calls:\n  call 3, " in said.as_text()
    assert "POST /orders?page=2 - 200" in said.as_text()
    assert [call["id"] for call in verdict_json(said)["matching"]] == [3, 1]


def test_of_calls_alike_the_newest_is_shown() -> None:
    said = verdict(Times(), *(make_logged_call("/order") for _ in range(5)), make_logged_call("/users/7", "GET"))
    assert [seen.call.id for seen in said.found.nearest] == [5, 6]


def test_no_calls_at_all() -> None:
    assert verdict(Times()).as_text().endswith("There are no calls.\n")


UNKNOWN = [
    (Times(1), {"lost": 3}, True),
    (Times(1, 1), {"lost": 3}, False),
    (Times(1, 4), {"lost": 3}, True),
    (Times(1, 3), {"waiting": 3}, False),
    (Times(1), {"whole": False}, True),
    (Times(1, 5), {"whole": False}, False),
]


@pytest.mark.parametrize(("times", "more", "held"), UNKNOWN)
def test_calls_that_are_not_in_the_log_may_be_among_them(times: Times, more: dict[str, Any], held: bool) -> None:
    """What they could make wrong does not hold, and is said to be unsure."""
    said = verdict(times, make_logged_call(), **more)
    assert (said.held, said.unsure) == (held, not held)
    assert ("is not certain" in said.as_text()) is not held


def test_a_body_that_was_cut_may_be_the_one() -> None:
    long = b"x" * (KEPT_BODY + 1)
    call = replace(make_logged_call(), request=Request("POST", b"/orders", body=long[:-1]), request_size=len(long))
    said = verdict(Times(0, 0), call, body=b"x")
    assert said.found.cut == 1
    assert said.unsure
    assert "1 call with a body that is too long to be kept whole" in said.as_text()


def test_secrets_of_calls_are_not_shown() -> None:
    said = verdict(Times(), make_logged_call("/orders?pin=secret&page=1"), called="POST /orders?page=2")
    assert "secret" not in said.as_text()
    assert "secret" not in str(verdict_json(said))


def test_control_characters_are_not_printed() -> None:
    text = verdict(Times(), make_logged_call("/\x1b[2J")).as_text()
    assert "\x1b" not in text
