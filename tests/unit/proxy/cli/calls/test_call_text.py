"""A call as people read it."""

from __future__ import annotations

import re

import pytest

from understudy.proxy.call_lines.call_display import ShownLine
from understudy.proxy.call_lines.call_tally import CallTally, SlowestCall
from understudy.proxy.cli.calls.call_text import CallText, describe_tally, format_duration
from understudy.serving.seen_calls import CallResult, SeenCall
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

HIT = SeenCall(0.0, 0.0123, "GET", "/users/1", 200, CallResult.ANSWERED, "shop", "GET /users/1 - 200", "1")
MISS = replace(HIT, status=404, result=CallResult.MISSED, example="", example_id=None, note="nearest is X")


def render(line: ShownLine, **settings: bool) -> str:
    text = CallText(**{"styled": False, **settings}).render(line, BUILT_IN_REDACTOR.redact_text).decode()  # type: ignore[arg-type]
    assert text.endswith("\n")
    return text[:-1]


def read(call: SeenCall) -> str:
    """A line without its time, with single spaces."""
    return re.sub(" +", " ", render(call)[9:])


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (HIT, 'GET /users/1 200 12 ms "GET /users/1 - 200"'),
        (MISS, "GET /users/1 404 12 ms no match: nearest is X"),
        (replace(MISS, note="no match"), "GET /users/1 404 12 ms no match"),
        (replace(HIT, example="", entry=57, result=CallResult.RECORDED), "GET /users/1 200 12 ms entry 57"),
        (replace(HIT, example="", result=CallResult.FORWARDED), "GET /users/1 200 12 ms"),
        (replace(MISS, status=None, result=CallResult.FAILED), "GET /users/1 --- 12 ms failed: nearest is X"),
        (replace(HIT, status=None, note="fault reset"), 'GET /users/1 --- 12 ms "GET /users/1 - 200", fault reset'),
    ],
)  # fmt: skip
def test_a_line_has_method_path_status_duration_and_what_became_of_the_call(call: SeenCall, line: str) -> None:
    assert read(call) == line


def test_a_line_begins_with_the_time() -> None:
    assert re.match(r"\d\d:\d\d:\d\d GET ", render(HIT))


def test_the_mock_server_is_named_among_several() -> None:
    assert "shop /users/1" in render(HIT, names_mocks=True)


def test_colors_are_for_terminals() -> None:
    assert "\x1b[32m200\x1b[0m" in render(HIT, styled=True)
    assert "\x1b[33m404\x1b[0m" in render(MISS, styled=True)
    assert re.sub(r"\x1b\[\d*m", "", render(MISS, styled=True)) == render(MISS)
    assert "\x1b" not in render(MISS)


def test_what_came_from_outside_is_shown_escaped() -> None:
    evil = "a\x1b[2J\x07\x9b1m\u202e\n"
    shown = render(replace(MISS, method=evil, path=evil, note=evil, mock=evil))
    assert shown.isprintable()


def test_secrets_do_not_reach_a_line() -> None:
    token = "ghp_" + "a1B2" * 9
    assert token not in render(replace(MISS, path=f"/x/{token}", note=f"nearest is {token}"))
    assert token not in render(CallTally(1, {}, slowest=SlowestCall(1.0, "GET", f"/x/{token}")))


def test_a_tally_counts_in_words() -> None:
    tally = CallTally(98_412, {"404": 12, "200": 98_400}, 12, 1, 2, 3, SlowestCall(0.012, "GET", "/users/1"))
    assert describe_tally(tally) == (
        "98,412 calls: 98,400 with 200, 12 with 404; 12 misses; 1 failed; 2 lost; 3 different misses not shown; "
        "slowest 12 ms, GET /users/1"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00004, "0.04 ms"), (0.0056, "5.6 ms"), (0.0561, "56 ms"), (1.52, "1.5 s"), (75.2, "75 s")],
)
def test_durations_have_few_digits(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
