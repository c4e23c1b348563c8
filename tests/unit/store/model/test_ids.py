"""Ids sort by time."""

from __future__ import annotations

import time

import pytest

from understudy.store.model import ids
from understudy.store.model.ids import ALPHABET, new_id


def test_an_id_has_the_format_of_a_ulid() -> None:
    id_ = new_id()
    assert len(id_) == 26
    assert set(id_) <= set(ALPHABET)


def test_ids_rise_within_a_millisecond() -> None:
    new_ids = [new_id() for _ in range(10_000)]
    assert new_ids == sorted(set(new_ids))


def test_ids_rise_though_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert new_id() > before


def test_ids_begin_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time_ns() + 10**15
    monkeypatch.setattr(ids, "_last", 0)  # and back, for the ids of other tests
    monkeypatch.setattr(time, "time_ns", lambda: later)
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: later + 10**6)
    assert new_id()[:10] > first[:10]
