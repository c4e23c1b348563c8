"""A call log in memory, for one mock server in one test; a reader finds every answered call in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from understudy.proxy.call_log.entry import CallBuilder
from understudy.proxy.call_log.reader import CallCounts
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.store.model.calls import Call
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

MAX_CALLS = 10_000
MAX_MISSES = 1_000


@dataclass(frozen=True, slots=True)
class MissedCall:
    """A call that no example answered, why, and the body of the answer."""

    call: Call
    why: str
    answer: bytes


class InMemoryCallLog:
    """The newest calls of one mock server.

    It is a `CallLogger` for a site, and the log that `proxy.operations.mock_servers.verification` reads. `settle` is
    called before each read, and returns once every answered call is logged.
    """

    def __init__(self, owner: str, redactor: Redactor = BUILT_IN_REDACTOR) -> None:
        self.settle: Callable[[], None] = lambda: None
        self._owner = owner
        self._builder = CallBuilder(at_root=True, redactor=redactor)
        self._calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self._misses: deque[MissedCall] = deque(maxlen=MAX_MISSES)
        self._number = 0
        self._is_complete = True

    def __call__(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Log a call; called by one thread only."""
        self._is_complete = self._is_complete and len(self._calls) < MAX_CALLS
        self._number += 1
        logged = replace(self._builder.build((call, reply, at, duration), self._owner), id=self._number)
        self._calls.append(logged)
        if reply.miss:
            self._misses.append(MissedCall(logged, reply.miss, reply.body))

    def list_calls(self) -> list[Call]:
        """Return the calls, oldest first."""
        self.settle()
        return list(self._calls)

    def list_misses(self, since: float = 0.0) -> list[MissedCall]:
        """Return the newest calls since then that no example answered, oldest first."""
        self.settle()
        return [missed for missed in list(self._misses) if missed.call.at >= since]

    def clear(self) -> None:
        """Forget all calls."""
        self.settle()
        self._calls.clear()
        self._misses.clear()
        self._is_complete = True

    def catch_up(self) -> CallCounts:
        """Wait until every answered call is logged; no call is ever lost."""
        self.settle()
        return CallCounts()

    def is_complete_since(self, since: float | None) -> bool:
        """Return whether the log has every call since then; None is the first call."""
        calls = list(self._calls)
        return self._is_complete or (since is not None and bool(calls) and calls[0].at < since)

    def read_since(self, since: float | None) -> Iterator[Call]:
        """Return the calls since then, newest first."""
        return (call for call in reversed(list(self._calls)) if since is None or call.at >= since)
