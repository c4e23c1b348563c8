"""Read the call log of one mock server: its calls, and how many calls are lost or still to be written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from understudy.proxy.call_log.counts_reader import CountsReader
from understudy.proxy.settings import locate_counts_file
from understudy.store.model.calls import Call
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store

PAGE = 200
CATCH_UP_SECONDS = 3.0
_STEP = 0.01


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Exact numbers of calls since the mock servers of the store were started.

    `calls` is the sum of `kept`, `failed` (the store refused them), `dropped` (they came too fast), `unlogged` (the log
    was off), `gone` (their process was killed before it wrote them), and of those that wait to be written.
    """

    calls: int = 0
    kept: int = 0
    failed: int = 0
    dropped: int = 0
    unlogged: int = 0
    gone: int = 0

    @property
    def lost(self) -> int:
        """The number of calls that are never logged."""
        return self.failed + self.dropped + self.unlogged + self.gone

    @property
    def waiting(self) -> int:
        """The number of calls that are not in the log yet."""
        return max(0, self.calls - self.kept - self.lost)


KINDS = ("calls", "kept", "failed", "dropped", "unlogged")


class StoredCallLog:
    """The log of one mock server, for verification; `counts` is None if it was never served."""

    def __init__(self, store: Store, mock: MockServer, counts: CountsReader | None) -> None:
        self.mock = mock
        self._store = store
        self._counts = counts

    def read_counts(self) -> CallCounts:
        """Return the numbers as they are now."""
        if self._counts is None:
            return CallCounts()
        served = self._counts.is_served()  # read first: a process that ends after this has already counted
        numbers = CallCounts(**{kind: self._counts.sum_group(f"{self.mock.id} {kind}") for kind in KINDS})
        return numbers if served else replace(numbers, gone=numbers.waiting)

    def is_counted(self) -> bool:
        """Return whether the numbers are known: not those of mock servers that started on a full disk."""
        return self._counts is None or self._counts.is_counted()

    def catch_up(self, seconds: float = CATCH_UP_SECONDS) -> CallCounts:
        """Wait, at most so long, until every answered call is in the log or lost; return the numbers."""
        deadline = time.monotonic() + seconds
        while True:
            before, now = self.read_counts(), self.read_counts()
            # Two equal reads: else a call that was just kept might hide one that waits.
            if (not now.waiting and before.calls == now.calls) or time.monotonic() > deadline:
                return now
            time.sleep(_STEP)

    def read_since(self, since: float | None) -> Iterator[Call]:
        """Return the calls since then, newest first."""
        return self.read_newest_first(CallFilter(self.mock.id, since=since))

    def read_newest_first(self, call_filter: CallFilter) -> Iterator[Call]:
        """Yield the calls that fit, newest first, read in pages."""
        while True:
            page = self._store.calls.list_newest(call_filter, PAGE)
            yield from reversed(page)
            if len(page) < PAGE:
                return
            call_filter = replace(call_filter, before=page[0].id)

    def is_complete_since(self, since: float | None) -> bool:
        """Return whether the log still holds every kept call since then; None is the first call."""
        everything = CallFilter(self.mock.id)
        if self._store.calls.count(everything) < self.mock.log_limit:
            return True
        return since is not None and self._store.calls.count(replace(everything, until=since)) > 0


@contextmanager
def open_call_log(store: Store, mock: MockServer) -> Iterator[StoredCallLog]:
    """Yield the log of a mock server that any process may serve; raises StoreError if the counters cannot be read."""
    file = locate_counts_file(store.location)
    if not file.exists():
        yield StoredCallLog(store, mock, None)
        return
    counts = CountsReader(file)
    try:
        yield StoredCallLog(store, mock, counts)
    finally:
        counts.close()
