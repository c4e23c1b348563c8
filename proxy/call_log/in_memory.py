"""A call log in memory, of one mock server in one test: every call is in it when it is looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

from understudy.proxy.call_log.entry import CallMaker
from understudy.proxy.call_log.reader import Counted
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import Arrived
from understudy.store.model.calls import Call
from understudy.store.redaction.redactor import BUILT_IN, Redactor

KEPT = 10_000


class OwnCalls:
    """The newest calls (see `serving.site_protocol.Log` and `proxy.operations.mock_servers.verification.Logged`).

    `settled` returns when all that was answered before was taken; called by whoever reads.
    """

    def __init__(self, owner: str, redactor: Redactor = BUILT_IN) -> None:
        self.settled: Callable[[], None] = lambda: None
        self._owner = owner
        self._maker = CallMaker(at_root=True, redactor=redactor)
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._number = 0
        self._whole = True

    def __call__(self, call: bytes | Arrived, reply: Reply, at: float, duration: float) -> None:
        """Take a call; called by one thread only."""
        self._whole = self._whole and len(self._calls) < KEPT
        self._number += 1
        self._calls.append(replace(self._maker.call((call, reply, at, duration), self._owner), id=self._number))

    def all(self) -> list[Call]:
        """The calls, oldest first."""
        self.settled()
        return list(self._calls)

    def clear(self) -> None:
        """Forget them."""
        self.settled()
        self._calls.clear()
        self._whole = True

    def caught_up(self) -> Counted:
        """Wait for those that were answered; none is ever lost."""
        self.settled()
        return Counted()

    def reaches_back(self, since: float | None) -> bool:
        """Whether none was forgotten that came since then."""
        calls = list(self._calls)
        return self._whole or (since is not None and bool(calls) and calls[0].at < since)

    def since(self, since: float | None) -> Iterator[Call]:
        """The calls from then on, newest first."""
        return (call for call in reversed(list(self._calls)) if since is None or call.at >= since)
