"""Log lines for answers that may be those of another request, which nothing else shows.

These are answers by ids or by distance, and those where examples tie whose bodies all differ from the request's.

A load test makes thousands of them, so the lines of a second are bounded, and the next line counts the others.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from understudy.serving.answers.outcomes import Outcome
from understudy.store.model.naming import escape_unprintable

LINES_PER_SECOND = 20


class LooseMatches:
    """The loose answers of one mock, as texts for its log."""

    __slots__ = ("_lines", "_now", "_second", "_skipped")

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._second = 0
        self._lines = self._skipped = 0

    def describe(self, outcome: Outcome) -> str:
        """Return the text of a line for the answer; "" if there is to be none: for other answers, and too many."""
        if not outcome.is_loose or outcome.example is None:
            return ""
        second = int(self._now())
        if second != self._second:
            self._second, self._lines = second, 0
        if self._lines >= LINES_PER_SECOND:
            self._skipped += 1
            return ""
        skipped, self._skipped = self._skipped, 0
        self._lines += 1
        others = f"; {skipped} more such answers were not logged" if skipped else ""
        return f"{escape_unprintable(outcome.example.name)} ({outcome.summary}){others}"
