"""Verdicts on calls: how many fit what is expected, which others are nearest, and that in words. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from understudy.matcher.explanation.rendering import render_difference
from understudy.matcher.normal_forms import format_for_display, text_from_bytes
from understudy.proxy.operations.mock_servers.call_expectations import ComparedCall, Expected, Times, format_times
from understudy.store.model.calls import Call

SHOWN = 3
"""Calls that a verdict lists."""


@dataclass(frozen=True, slots=True)
class MatchingCalls:
    """The numbers of calls that fit, that were cut and that were compared; the newest that fit, the nearest others."""

    number: int
    cut: int
    compared: int
    fitting: tuple[Call, ...]
    nearest: tuple[ComparedCall, ...]


def find_matching_calls(calls: Iterable[Call], expected: Expected) -> MatchingCalls:
    """Return which of the calls fit; they come newest first."""
    number = cut = compared = 0
    fitting: list[Call] = []
    nearest: list[tuple[float, ComparedCall]] = []
    for call in calls:
        other = expected.compare(call)
        compared += 1
        number += other.fits
        cut += other.cut
        if other.fits and len(fitting) < SHOWN:
            fitting.append(call)
        elif not other.fits and not other.cut:
            _add_nearest(nearest, other)
    return MatchingCalls(number, cut, compared, tuple(fitting), tuple(other for _, other in nearest))


def _add_nearest(nearest: list[tuple[float, ComparedCall]], call: ComparedCall) -> None:
    """Put a call among the nearest if it is one of them, and differs from the others."""
    distance = call.distance
    if len(nearest) == SHOWN and distance >= nearest[-1][0]:
        return
    if all(_key(other) != _key(call) for _, other in nearest):
        nearest.append((distance, call))
        nearest.sort(key=lambda pair: pair[0])
        del nearest[SHOWN:]


def _key(compared: ComparedCall) -> tuple[object, ...]:
    request = compared.call.request
    return request.method, request.target, compared.request.header_values, request.body


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a mock server was called as often as expected.

    `lost` calls never come into the log, `waiting` ones are not in it yet; `whole` is false where it forgot older ones.
    """

    expected: Expected
    times: Times
    found: MatchingCalls
    lost: int = 0
    waiting: int = 0
    whole: bool = True

    @property
    def held(self) -> bool:
        """Whether the calls are certainly as expected."""
        unknown = self.lost + self.waiting + self.found.cut if self.whole else None
        return self.times.holds_beyond(self.found.number, unknown)

    @property
    def unsure(self) -> bool:
        """Whether the calls in the log are as expected, but others may make that wrong."""
        return self.times.holds(self.found.number) and not self.held

    def as_text(self) -> str:
        """Return the verdict in a few lines, each with its line end."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        number = self.found.number
        called = f"was called {format_times(number)}" if number else "was not called"
        yield f"{format_for_display(self.expected.called)} {called}; expected: {self.times}"
        if self.expected.secret:
            names = ", ".join(map(format_for_display, self.expected.secret))
            yield f"  any value fits, as the log keeps no secrets: {names}"
        yield from self._doubts()
        if self.held:
            return
        if number < self.times.least:
            yield from self._nearest()
        elif not self.unsure:
            yield "Calls:"
            yield from (f"  {_line(call)}" for call in self.found.fitting)

    def _doubts(self) -> Iterator[str]:
        reasons = {
            f"{_calls(self.lost)} since the start of the server did not come into the log": self.lost,
            f"{_calls(self.waiting)} not in the log yet": self.waiting,
            f"{_calls(self.found.cut)} with a body that is too long to be kept whole": self.found.cut,
            "older calls than the log holds: count from a later time, or clear the log before a test": not self.whole,
        }
        doubts = [reason for reason, holds in reasons.items() if holds]
        if doubts and (self.unsure or not self.held):
            yield "This is not certain, because there are:" if self.unsure else "There are also:"
            yield from (f"  {reason}" for reason in doubts)

    def _nearest(self) -> Iterator[str]:
        if not self.found.nearest:
            yield "There are no other calls." if self.found.number else "There are no calls."
            return
        yield "Nearest:"
        for other in self.found.nearest:
            yield f"  {_line(other.call)}"
            for difference in other.differences:
                yield from render_difference(difference)


def _calls(number: int) -> str:
    return f"{number} call" if number == 1 else f"{number} calls"


def _line(call: Call) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(call.at))
    status = "no answer" if call.response is None else str(call.response.status)
    method, target = map(format_for_display, (call.request.method, text_from_bytes(call.request.target)))
    return f"call {call.id}, {at}: {method} {target} - {status}"
