"""Requests that are held open: how long, how many, and what is reported of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from understudy.addons.loop.held_requests import HeldRequests
from understudy.serving.answers.replies import Hold

POLL, WATCH = Hold("GET", "http://api.test/poll", 1), Hold("GET", "http://api.test/watch", 2)


@dataclass
class SetTimer:
    due: float
    callback: Callable[[], None]
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class Clock:
    """A clock whose time passes only on demand, and its timers."""

    time: float = 0.0
    timers: list[SetTimer] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def call_later(self, delay: float, callback: Callable[[], None]) -> SetTimer:
        self.timers.append(SetTimer(self.time + delay, callback))
        return self.timers[-1]

    def pass_time(self, seconds: float) -> None:
        end = self.time + seconds
        while due := sorted(self.pending(), key=lambda timer: timer.due):
            if due[0].due > end:
                break
            self.timers.remove(due[0])
            self.time = due[0].due
            due[0].callback()
        self.time = end

    def pending(self) -> list[SetTimer]:
        return [timer for timer in self.timers if not timer.is_cancelled]


class Holding:
    """Held requests on a clock; remembers which were released, and what was reported."""

    def __init__(self, seconds: float | None = None, most: int = 10) -> None:
        self.clock = Clock()
        self.released: list[Hold] = []
        self.reports: list[Sequence[Hold]] = []
        self.all = HeldRequests(
            self.clock.call_later,
            seconds,
            most=most,
            on_long=self.reports.append,
            long_seconds=10.0,
            now=self.clock.now,
        )

    def begin(self, hold: Hold) -> bool:
        return self.all.begin(hold, lambda: self.released.append(hold)) is not None


def test_a_request_is_held_without_a_limit_by_default() -> None:
    holding = Holding()
    assert holding.begin(POLL)
    holding.clock.pass_time(1_000_000)
    assert (len(holding.all), holding.released) == (1, [])


def test_each_request_is_released_after_the_limit() -> None:
    holding = Holding(5.0)
    holding.begin(POLL)
    holding.clock.pass_time(3.0)
    holding.begin(WATCH)
    holding.clock.pass_time(2.0)
    assert holding.released == [POLL]
    holding.clock.pass_time(3.0)
    assert (holding.released, len(holding.all)) == ([POLL, WATCH], 0)


def test_a_limit_of_0_holds_nothing() -> None:
    assert not Holding(0.0).begin(POLL)


def test_no_more_than_the_most_are_held() -> None:
    holding = Holding(most=2)
    assert [holding.begin(POLL) for _ in range(3)] == [True, True, False]
    holding.all.release_all()
    assert holding.begin(POLL)


def test_a_request_that_is_over_makes_room_and_is_not_released() -> None:
    holding = Holding(5.0, most=1)
    held = holding.all.begin(POLL, lambda: holding.released.append(POLL))
    assert held
    holding.all.end(held)
    assert holding.begin(WATCH)
    holding.clock.pass_time(5.0)
    assert holding.released == [WATCH]


def test_a_switch_of_the_mode_releases_all() -> None:
    holding = Holding()
    holding.begin(POLL)
    holding.begin(WATCH)
    holding.all.release_all()
    assert (holding.released, len(holding.all)) == ([POLL, WATCH], 0)


def test_nothing_is_held_after_the_end() -> None:
    holding = Holding()
    holding.begin(POLL)
    holding.all.close()
    assert (holding.released, holding.begin(WATCH)) == ([POLL], False)


def test_what_is_held_for_long_is_reported_once() -> None:
    holding = Holding()
    holding.begin(POLL)
    holding.begin(POLL)
    holding.clock.pass_time(4.0)
    holding.begin(WATCH)
    holding.clock.pass_time(6.0)
    assert holding.reports == [[POLL]]
    holding.begin(POLL)
    holding.clock.pass_time(20.0)
    assert holding.reports == [[POLL], [WATCH]]


def test_what_ends_before_is_not_reported() -> None:
    holding = Holding(5.0)
    holding.begin(POLL)
    holding.clock.pass_time(20.0)
    assert holding.reports == []


def test_after_a_switch_it_is_reported_again() -> None:
    holding = Holding()
    for _ in range(2):
        holding.begin(POLL)
        holding.clock.pass_time(10.0)
        holding.all.release_all()
    assert holding.reports == [[POLL], [POLL]]


def test_however_many_are_held_one_timer_is_set() -> None:
    holding = Holding(30.0, most=1_000)
    for number in range(1_000):
        holding.begin(Hold("GET", "/", number))
        holding.clock.pass_time(0.001)
    assert len(holding.clock.pending()) == 1
    holding.clock.pass_time(31.0)
    assert len(holding.released) == 1_000
