"""The call log of one mock server as others read it: what is kept, and how much is not, or not yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from understudy.proxy.settings import locate_counts_file
from understudy.proxy.shared_counts import SharedCounts
from understudy.store.model.calls import Call
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store

PAGE = 200
CATCH_UP_SECONDS = 3.0
_STEP = 0.01


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Exact numbers of calls since the mock servers of the store were started.

    `kept`, `failed` (the store refused them), `dropped` (they came too fast), `unlogged` (the log was off) and `gone`
    (their process was killed before it wrote them) add up to `calls`, but for those that wait to be written.
    """

    calls: int = 0
    kept: int = 0
    failed: int = 0
    dropped: int = 0
    unlogged: int = 0
    gone: int = 0

    @property
    def lost(self) -> int:
        """Calls that never come into the log."""
        return self.failed + self.dropped + self.unlogged + self.gone

    @property
    def waiting(self) -> int:
        """Calls that are not in the log yet."""
        return max(0, self.calls - self.kept - self.lost)


KINDS = ("calls", "kept", "failed", "dropped", "unlogged")


class StoredCallLog:
    """The log of one mock server, as verification reads it; without `counts`, nothing ever served it."""

    def __init__(self, store: Store, mock: MockServer, counts: SharedCounts | None) -> None:
        self.mock = mock
        self._store = store
        self._counts = counts

    def read_counts(self) -> CallCounts:
        """The numbers as they are."""
        if self._counts is None:
            return CallCounts()
        served = self._counts.is_served()  # asked first: who ends now has still counted
        numbers = CallCounts(**{kind: self._counts.sum_group(f"{self.mock.id} {kind}") for kind in KINDS})
        return numbers if served else replace(numbers, gone=numbers.waiting)

    def catch_up(self, seconds: float = CATCH_UP_SECONDS) -> CallCounts:
        """Wait, at most so long, until every call that was answered is in the log or lost; returns the numbers."""
        deadline = time.monotonic() + seconds
        while True:
            before, now = self.read_counts(), self.read_counts()
            # Equal only while nothing is called: a call kept just now must not stand in for one that waits.
            if (not now.waiting and before.calls == now.calls) or time.monotonic() > deadline:
                return now
            time.sleep(_STEP)

    def read_since(self, since: float | None) -> Iterator[Call]:
        """The calls from then on, newest first."""
        return self.read_newest_first(CallFilter(self.mock.id, since=since))

    def read_newest_first(self, call_filter: CallFilter) -> Iterator[Call]:
        """The calls that fit, read in pages."""
        while True:
            page = self._store.calls.list_newest(call_filter, PAGE)
            yield from reversed(page)
            if len(page) < PAGE:
                return
            call_filter = replace(call_filter, before=page[0].id)

    def is_complete_since(self, since: float | None) -> bool:
        """Whether the log still holds every kept call since then, or since the first."""
        everything = CallFilter(self.mock.id)
        if self._store.calls.count(everything) < self.mock.log_limit:
            return True
        return since is not None and self._store.calls.count(replace(everything, until=since)) > 0


@contextmanager
def open_call_log(store: Store, mock: MockServer) -> Iterator[StoredCallLog]:
    """The log of a mock server, whoever serves it. Raises StoreError when the counters cannot be read."""
    file = locate_counts_file(store.location)
    if not file.exists():
        yield StoredCallLog(store, mock, None)
        return
    counts = SharedCounts(file, serve=False)
    try:
        yield StoredCallLog(store, mock, counts)
    finally:
        counts.close()
