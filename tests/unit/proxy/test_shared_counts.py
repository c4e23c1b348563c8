"""The table of counters that processes share, in a file of memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from understudy.proxy import shared_counts
from understudy.proxy.call_log.counts_reader import CountsReader
from understudy.proxy.shared_counts import SharedCounts
from understudy.store.errors import StoreError


@pytest.fixture
def file() -> Iterator[Path]:
    """Return a file in memory."""
    number = os.memfd_create("counts")
    yield Path(f"/proc/self/fd/{number}")
    os.close(number)


@pytest.fixture
def counts(file: Path) -> Iterator[SharedCounts]:
    """A table of a process that serves."""
    with closing(SharedCounts(file)) as opened:
        yield opened


def test_a_counter_counts(counts: SharedCounts) -> None:
    counter = counts.make_counter("shop calls")
    counter.count()
    counter.count(2)
    assert (counts.sum_group("shop calls"), counts.sum_group("other calls")) == (3, 0)


def test_the_numbers_of_a_group_add_up(counts: SharedCounts) -> None:
    for key in ("a", "b", "b"):
        counts.advance(key, "group", 9)
    counts.advance("c", "another", 9)
    assert counts.sum_group("group") == 3


def test_a_reader_sees_what_others_count(counts: SharedCounts, file: Path) -> None:
    with closing(CountsReader(file)) as looking:
        counts.make_counter("calls").count(5)
        assert looking.sum_group("calls") == 5


def test_a_number_advances_up_to_its_limit(counts: SharedCounts) -> None:
    assert [counts.advance("key", "group", 2) for _ in range(5)] == [0, 1, 2, 2, 2]


def test_a_group_is_cleared_alone(counts: SharedCounts) -> None:
    for group in ("one", "other"):
        counts.advance(f"key of {group}", group, 9)
    counts.clear("one")
    assert (counts.sum_group("one"), counts.sum_group("other")) == (0, 1)


def test_a_number_is_raised_once(counts: SharedCounts) -> None:
    """So only one of several processes starts the sequences over."""
    assert [counts.raise_to("epoch", "epochs", number) for number in (0, 1, 1, 3, 2)] == [
        False,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("window", [7, (1 << 32) + 7])
def test_calls_are_counted_by_window(counts: SharedCounts, window: int) -> None:
    windows = [window, window, window + 1, window, window]
    assert [counts.count("key", one) for one in windows] == [1, 2, 1, 1, 2]


def test_keys_with_the_same_slot_are_kept_apart(counts: SharedCounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_counts, "SLOTS", 4)
    for key in ("a", "b", "c", "a"):
        counts.advance(key, "group", 9)
    assert [counts.advance(key, "group", 9) for key in "abc"] == [2, 1, 1]


def test_a_full_table_is_reported(counts: SharedCounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not be searched for ever. Keys in it still count."""
    monkeypatch.setattr(shared_counts, "FULL", 2)
    counts.advance("a", "group", 9)
    counts.advance("b", "group", 9)
    with pytest.raises(StoreError, match="full"):
        counts.advance("c", "group", 9)
    assert counts.advance("a", "group", 9) == 1


def test_a_file_that_cannot_be_used_is_named() -> None:
    with pytest.raises(StoreError, match="/proc/counts"):
        SharedCounts(Path("/proc/counts"))


# Whether somebody serves


def test_a_reader_knows_whether_a_process_serves(file: Path) -> None:
    serving = SharedCounts(file)
    with closing(CountsReader(file)) as looking:
        assert looking.is_served()
        serving.close()
        assert not looking.is_served()


def test_a_reader_leaves_no_lock(file: Path) -> None:
    with closing(CountsReader(file)) as one, closing(CountsReader(file)) as other:
        assert [one.is_served(), other.is_served()] == [False, False]


def test_two_can_serve(counts: SharedCounts, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second tries a while to be alone."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    counts.make_counter("calls").count()
    with closing(SharedCounts(file)) as second:
        assert second.sum_group("calls") == 1
