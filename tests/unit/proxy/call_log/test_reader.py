"""Reading the call log: its numbers, which must add up, and how far it reaches back."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example
from tests.factories.stored import collect, make_call, serve
from understudy.proxy.call_log.reader import CallCounts, StoredCallLog
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store


class Counts:
    """A table of counters: these numbers, and whether a process serves."""

    def __init__(self, *, served: bool, **numbers: int) -> None:
        self._served = served
        self._numbers = numbers

    def is_served(self) -> bool:
        return self._served

    def sum_group(self, group: str) -> int:
        return self._numbers.get(group.rpartition(" ")[2], 0)


def kept_calls(store: Store, counts: Counts | None, log_limit: int = 10) -> StoredCallLog:
    mock = serve(store, collect(store, make_example()), log_limit=log_limit)
    return StoredCallLog(store, mock, counts)  # type: ignore[arg-type]  # in place of SharedCounts


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (None, CallCounts()),
        (Counts(served=True, calls=9, kept=3, failed=1, dropped=2, unlogged=1), CallCounts(9, 3, 1, 2, 1)),
        (Counts(served=False, calls=9, kept=3, failed=1, dropped=2, unlogged=1), CallCounts(9, 3, 1, 2, 1, gone=2)),
        (Counts(served=False, calls=3, kept=3), CallCounts(3, 3)),
    ],
)
def test_calls_that_wait_are_gone_when_no_process_serves(
    store: Store, counts: Counts | None, expected: CallCounts
) -> None:
    assert kept_calls(store, counts).read_counts() == expected


@pytest.mark.parametrize(
    ("numbers", "lost", "waiting"),
    [
        (CallCounts(9, 9), 0, 0),
        (CallCounts(9, 3, 1, 2, 1), 4, 2),
        (CallCounts(9, 3, 1, 2, 1, gone=2), 6, 0),
        (CallCounts(9, 10), 0, 0),
    ],
)
def test_a_call_that_is_neither_kept_nor_lost_waits(numbers: CallCounts, lost: int, waiting: int) -> None:
    """A call that is kept before it is counted does not make the number negative."""
    assert (numbers.lost, numbers.waiting) == (lost, waiting)


@pytest.mark.parametrize("served", [True, False])
def test_the_reader_waits_only_for_calls_that_can_come(
    store: Store, served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("understudy.proxy.call_log.reader.time.sleep", slept.append)
    counts = Counts(served=served, calls=2, kept=1)
    assert kept_calls(store, counts).catch_up(0.001).waiting == int(served)
    assert bool(slept) is served


@pytest.mark.parametrize(
    ("limit", "since", "whole"),
    [(4, None, True), (3, None, False), (3, 1_000.5, True), (3, 999.0, False)],
)
def test_a_log_that_is_full_reaches_back_to_its_oldest_call(
    store: Store, limit: int, since: float | None, whole: bool
) -> None:
    kept = kept_calls(store, None, limit)
    store.calls.add([make_call(kept.mock, at=1_000.0 + number) for number in range(3)], {})
    assert kept.is_complete_since(since) is whole


def test_calls_are_read_in_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.proxy.call_log.reader.PAGE", 2)
    kept = kept_calls(store, None)
    store.calls.add([make_call(kept.mock, f"/{number}", at=1_000.0 + number) for number in range(5)], {})
    assert [call.request.target for call in kept.read_newest_first(CallFilter(kept.mock.id))] == [
        b"/4",
        b"/3",
        b"/2",
        b"/1",
        b"/0",
    ]
    assert [call.request.target for call in kept.read_since(1_003.0)] == [b"/4", b"/3"]
