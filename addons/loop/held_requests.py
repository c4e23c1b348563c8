"""The requests that a replay holds open: what their clients gave up when it was recorded.

A held request costs an entry in a dictionary. All of them share one timer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from math import inf
from typing import Protocol

from understudy.serving.answers.replies import Hold

MOST_HELD = 10_000
LONG_SECONDS = 10.0
"""A request that is held for so long is reported."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldRequest:
    """One request that is held since `began`; `release` ends its answer."""

    hold: Hold
    release: Callable[[], None]
    began: float


class TimerHandle(Protocol):
    """A timer that is set, as `asyncio.TimerHandle`."""

    def cancel(self) -> None:
        """Do not call its function."""
        ...


CallLater = Callable[[float, Callable[[], None]], TimerHandle]
"""Calls a function after some seconds, as `asyncio.AbstractEventLoop.call_later`."""


class HeldRequests:
    """All held requests, for one event loop, whose `call_later` is the timer.

    Each is released after `seconds`, if that is set. No more than `most` are held at a time. `on_long` gets what has
    been held for `long_seconds`, each recorded request once until `release_all`. `now` returns seconds.
    """

    def __init__(
        self,
        call_later: CallLater,
        seconds: float | None = None,
        *,
        most: int = MOST_HELD,
        on_long: Callable[[Sequence[Hold]], None] | None = None,
        long_seconds: float = LONG_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._call_later = call_later
        self._seconds = inf if seconds is None else seconds
        self._most = most if self._seconds > 0 else 0
        self._on_long = on_long
        self._long_seconds = long_seconds
        self._now = now
        self._held: dict[HeldRequest, None] = {}  # oldest first
        self._unreported: dict[HeldRequest, None] = {}  # oldest first
        self._reported: set[Hold] = set()
        self._timer: TimerHandle | None = None
        self._timer_due = inf

    def __len__(self) -> int:
        """Return the number of held requests."""
        return len(self._held)

    def begin(self, hold: Hold, release: Callable[[], None]) -> HeldRequest | None:
        """Hold a request until `end`; None if it is not held.

        `release` is called, once, if it is to end for another reason than that its client has left.
        """
        if len(self._held) >= self._most:
            return None
        held = HeldRequest(hold, release, self._now())
        self._held[held] = None
        is_reported = self._on_long is None or hold in self._reported
        if not is_reported:
            self._unreported[held] = None
        self._set_timer(held.began + (self._seconds if is_reported else min(self._seconds, self._long_seconds)))
        return held

    def end(self, held: HeldRequest) -> None:
        """Forget a request that is over."""
        self._held.pop(held, None)
        self._unreported.pop(held, None)

    def release_all(self) -> None:
        """Release every request: the mode was switched."""
        for held in list(self._held):
            self.end(held)
            held.release()
        self._reported.clear()

    def close(self) -> None:
        """Release every request, and hold no other."""
        self._most = 0
        self.release_all()

    def _handle_timer(self) -> None:
        self._timer, self._timer_due = None, inf
        self._report_long()
        for held in list(takewhile(partial(self._is_due, seconds=self._seconds), self._held)):
            self.end(held)
            held.release()
        next_end = next((held.began + self._seconds for held in self._held), inf)
        next_report = next((held.began + self._long_seconds for held in self._unreported), inf)
        self._set_timer(min(next_end, next_report))

    def _set_timer(self, due: float) -> None:
        if due >= self._timer_due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = self._call_later(max(0.0, due - self._now()), self._handle_timer)

    def _report_long(self) -> None:
        long = list(takewhile(partial(self._is_due, seconds=self._long_seconds), self._unreported))
        for held in long:
            del self._unreported[held]
        holds = [hold for hold in dict.fromkeys(held.hold for held in long) if hold not in self._reported]
        self._reported.update(holds)
        if holds and self._on_long is not None:
            self._on_long(holds)

    def _is_due(self, held: HeldRequest, seconds: float) -> bool:
        return held.began + seconds <= self._now()
