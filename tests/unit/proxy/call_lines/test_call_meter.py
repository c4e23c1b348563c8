"""Which calls have a line of their own, and which are counted."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_response
from understudy.proxy.call_lines.call_meter import MOST_MISSES, PER_SECOND, CallMeter
from understudy.proxy.call_lines.call_tally import CallTally
from understudy.serving.answers.replies import Reply, make_reply
from understudy.serving.seen_calls import CallResult, SeenCall
from understudy.store.model.values import replace

CALL = SeenCall(0.0, 0.001, "GET", "/users/1", 200, CallResult.ANSWERED, example="one", example_id="1")
MISS = replace(CALL, path="/nope", status=404, result=CallResult.MISSED, note="nearest is none")
REPLY = replace(make_reply(make_response(), summary=""), is_cacheable=True, example_id="1")
MISSING = replace(make_reply(make_response(404), summary="no match"), is_cacheable=True, miss="nearest is none")


def ask(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


class Shown:
    """A meter and what it shows."""

    def __init__(self) -> None:
        self.lines: list[SeenCall | CallTally] = []
        self.meter = CallMeter(self.lines.append)

    def answer(self, number: int, reply: Reply = REPLY, path: str = "/users/1", duration: float = 0.001) -> None:
        for _ in range(number):
            self.meter.note_reply(ask(path), reply, 0.0, duration)

    def end_second(self) -> list[SeenCall | CallTally]:
        """End a second, and return what was shown since the last one."""
        self.meter.tick()
        lines, self.lines[:] = self.lines[:], []
        return lines

    @property
    def tally(self) -> CallTally:
        """What the only tally of a second has."""
        (tally,) = [line for line in self.end_second() if isinstance(line, CallTally)]
        return tally


def test_a_few_calls_of_a_second_have_a_line_each() -> None:
    shown = Shown()
    for _ in range(2):
        shown.answer(PER_SECOND)
        assert [type(line) for line in shown.end_second()] == [SeenCall] * PER_SECOND


@pytest.mark.parametrize("reply", [REPLY, replace(REPLY, is_cacheable=False)])
def test_further_calls_of_a_second_are_counted_in_one_line(reply: Reply) -> None:
    shown = Shown()
    shown.answer(PER_SECOND + 1_000, reply)
    *calls, tally = shown.end_second()
    assert len(calls) == PER_SECOND
    assert isinstance(tally, CallTally)
    assert (tally.calls, tally.statuses, tally.misses) == (1_000, {"200": 1_000}, 0)


def test_a_load_that_goes_on_has_one_line_a_second() -> None:
    shown = Shown()
    shown.answer(PER_SECOND * 3)
    shown.end_second()
    for _ in range(2):
        shown.answer(PER_SECOND * 3)
        (tally,) = shown.end_second()
        assert isinstance(tally, CallTally)
        assert tally.calls == PER_SECOND * 3


def test_calls_after_a_load_have_lines_again() -> None:
    shown = Shown()
    shown.answer(PER_SECOND * 3)
    shown.end_second()
    shown.answer(2)
    assert not shown.lines  # they might be many
    assert [type(line) for line in shown.end_second()] == [SeenCall] * 2
    shown.answer(1)
    assert len(shown.lines) == 1


def test_each_different_miss_has_a_line_under_load_too() -> None:
    shown = Shown()
    shown.answer(PER_SECOND)
    for path in ("/a", "/b", "/a", "/a?page=2"):
        shown.answer(2, replace(MISSING), path)
    *lines, tally = shown.end_second()[PER_SECOND:]
    assert [line.path for line in lines if isinstance(line, SeenCall)] == ["/a", "/b"]
    assert isinstance(tally, CallTally)
    assert (tally.misses, tally.statuses) == (6, {"404": 6})
    shown.answer(PER_SECOND * 2)
    shown.answer(1, MISSING, "/a")
    assert shown.tally.misses == 1


def test_different_misses_are_remembered_and_shown_up_to_a_limit() -> None:
    shown = Shown()
    shown.answer(PER_SECOND)
    for number in range(MOST_MISSES + 5):
        shown.answer(1, replace(MISSING), f"/{number}")
    *lines, tally = shown.end_second()[PER_SECOND:]
    assert len(lines) == MOST_MISSES
    assert isinstance(tally, CallTally)
    assert (tally.unshown_misses, tally.misses) == (5, 5)


def test_the_slowest_call_is_named() -> None:
    shown = Shown()
    shown.answer(PER_SECOND * 2)
    shown.answer(1, path="/slow", duration=0.5)
    shown.answer(5, duration=0.1)
    slowest = shown.tally.slowest
    assert slowest is not None
    assert (slowest.path, slowest.duration) == ("/slow", 0.5)


def test_what_another_process_counted_is_added() -> None:
    shown = Shown()
    for number in (3, 4):
        tally = CallTally()
        tally.count_replies(REPLY, number)
        shown.meter.note_tally(tally)
    shown.meter.note_call(CALL)
    assert shown.tally.calls == 8


def test_failed_and_lost_calls_are_counted() -> None:
    shown = Shown()
    shown.answer(PER_SECOND)
    for result in (CallResult.FAILED, CallResult.LOST, CallResult.LOST):
        shown.meter.note_call(replace(CALL, status=None, result=result))
    tally = shown.tally
    assert (tally.failed, tally.lost, tally.statuses) == (1, 2, {"no answer": 3})


def test_replies_that_are_not_sent_again_are_not_held() -> None:
    shown = Shown()
    for _ in range(PER_SECOND * 2):
        shown.answer(1, replace(REPLY, is_cacheable=False))
    assert not shown.meter._replies
