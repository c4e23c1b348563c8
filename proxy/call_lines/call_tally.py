"""The counts of calls that have no line of their own."""

from __future__ import annotations

import msgspec

from understudy.serving.answers.replies import Reply
from understudy.serving.seen_calls import CallResult, SeenCall

NO_STATUS = "no answer"


class SlowestCall(msgspec.Struct, frozen=True):
    """The call that took longest; `duration` is in seconds."""

    duration: float
    method: str
    path: str


class CallTally(msgspec.Struct, tag=True):
    """The calls of about a second: how many, by status, how many misses, failures and losses, and the slowest.

    `unshown_misses` are different misses that have no line, because there were too many of them.
    """

    calls: int = 0
    statuses: dict[str, int] = {}
    misses: int = 0
    failed: int = 0
    lost: int = 0
    unshown_misses: int = 0
    slowest: SlowestCall | None = None

    def count(self, call: SeenCall) -> None:
        """Count a call."""
        self._count_status(call.status, 1)
        self.misses += call.result is CallResult.MISSED
        self.failed += call.result is CallResult.FAILED
        self.lost += call.result is CallResult.LOST

    def count_replies(self, reply: Reply, number: int) -> None:
        """Count calls that were answered by this reply."""
        self._count_status(None if reply.response is None else reply.response.status, number)
        self.misses += number if reply.miss else 0

    def add(self, other: CallTally) -> None:
        """Add the calls of another tally."""
        for status, number in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + number
        self.calls += other.calls
        self.misses += other.misses
        self.failed += other.failed
        self.lost += other.lost
        self.unshown_misses += other.unshown_misses
        if other.slowest and (self.slowest is None or other.slowest.duration > self.slowest.duration):
            self.slowest = other.slowest

    def _count_status(self, status: int | None, number: int) -> None:
        key = NO_STATUS if status is None else str(status)
        self.calls += number
        self.statuses[key] = self.statuses.get(key, 0) + number
