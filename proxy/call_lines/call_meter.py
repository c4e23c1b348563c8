"""The choice of the calls that are shown one by one, and the count of the others, second by second.

Up to PER_SECOND calls of a second have a line each. Further ones are counted, and shown as one line. In the second
after that, calls wait for the end of the second: if they are few again, they have a line each, else all are counted.
A miss that differs from those before has a line in any case. So each call is in exactly one line.
"""

from __future__ import annotations

from collections.abc import Callable

from understudy.proxy.call_lines.call_tally import CallTally, SlowestCall
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.seen_calls import CallResult, SeenCall, see_reply

PER_SECOND = 50
MOST_MISSES = 1_000  # different ones that are remembered, and shown within a second
MOST_REPLIES = 500  # that are counted by themselves

_Miss = tuple[str, str, str]


class CallMeter:
    """The calls of one thread, which calls `tick` once a second; it is a `CallWatch`.

    `show` gets calls and tallies; it neither blocks nor raises. `per_second` calls have a line each.
    """

    def __init__(self, show: Callable[[SeenCall | CallTally], None], *, per_second: float = PER_SECOND) -> None:
        self._show = show
        self._per_second = per_second
        self._shown = 0  # in this second
        self._held: list[SeenCall] | None = None  # calls that wait for the end of the second, if they do
        self._is_counting = False
        self._replies: dict[Reply, int] = {}  # by identity; the fast way of counting
        self._tally = CallTally()
        self._slowest = -1.0
        self._misses: dict[_Miss, None] = {}  # shown ones, the oldest first
        self._misses_shown = 0  # in this second

    def note_reply(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Count an answered call, and show it if it is due."""
        replies = self._replies
        if reply in replies and duration <= self._slowest:
            replies[reply] += 1
        elif self._is_counting and not reply.miss and duration <= self._slowest:
            self._count_reply(reply)
        else:
            self._note_seen(see_reply(call, reply, at, duration), reply)

    def note_call(self, call: SeenCall) -> None:
        """Count a call of another kind, and show it if it is due."""
        self._note_seen(call)

    def note_tally(self, tally: CallTally) -> None:
        """Count the calls that another process has counted."""
        self._begin_counting()
        self._tally.add(tally)

    def tick(self) -> None:
        """End a second: show what was counted in it."""
        was_busy = self._is_counting
        if was_busy:
            self._fold_replies()
            self._show(self._tally)
            self._tally = CallTally()
        for call in self._held or ():
            self._show(call)
        self._is_counting, self._shown, self._misses_shown, self._slowest = False, 0, 0, -1.0
        self._held = [] if was_busy else None

    def _note_seen(self, call: SeenCall, reply: Reply | None = None) -> None:
        if not self._is_counting:
            if self._held is not None and len(self._held) < self._per_second:
                self._held.append(call)
                return
            if self._held is None and self._shown < self._per_second:
                self._shown += 1
                self._is_new_miss(call)
                self._show(call)
                return
            self._begin_counting()
        self._count(call, reply)

    def _begin_counting(self) -> None:
        if not self._is_counting:
            self._is_counting = True
            held, self._held = self._held or (), None
            for call in held:
                self._count(call)

    def _count(self, call: SeenCall, reply: Reply | None = None) -> None:
        """Count a call that has no line of its own; a new miss has one."""
        if self._is_new_miss(call):
            if self._misses_shown < MOST_MISSES:
                self._misses_shown += 1
                self._show(call)
                return
            self._tally.unshown_misses += 1
        if reply is None:
            self._tally.count(call)
        else:
            self._count_reply(reply)
        if call.duration > self._slowest:
            self._slowest = call.duration
            self._tally.slowest = SlowestCall(call.duration, call.method, call.path)

    def _count_reply(self, reply: Reply) -> None:
        # A reply that may be sent again is small, and it is kept for other calls anyway.
        known = self._replies.get(reply)
        if known is not None:
            self._replies[reply] = known + 1
        elif reply.is_cacheable and reply.wire and len(self._replies) < MOST_REPLIES:
            self._replies[reply] = 1
        else:
            self._tally.count_replies(reply, 1)

    def _fold_replies(self) -> None:
        for reply, number in self._replies.items():
            self._tally.count_replies(reply, number)
        self._replies = {}

    def _is_new_miss(self, call: SeenCall) -> bool:
        """Remember a miss; return whether it is one that has not been shown."""
        if call.result is not CallResult.MISSED:
            return False
        miss = (call.method, call.path, call.note)
        if miss in self._misses:
            return False
        if len(self._misses) >= MOST_MISSES:
            del self._misses[next(iter(self._misses))]
        self._misses[miss] = None
        return True
