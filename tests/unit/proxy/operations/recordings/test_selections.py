"""What a person chose of history."""

from __future__ import annotations

import pytest

from tests.factories.stored import record
from understudy.proxy.operations.recordings.selections import check_entries, explain_nothing, read_entries
from understudy.store.errors import NotFound, UserError
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store


@pytest.mark.parametrize(
    ("texts", "criteria"),
    [
        ([], HistoryFilter()),
        (["7"], HistoryFilter(ids=frozenset([7]))),
        (["7", "9,7"], HistoryFilter(ids=frozenset([7, 9]))),
        (["1-5,9"], HistoryFilter(id_ranges=((1, 5), (9, 9)))),
        (["1-5", "9"], HistoryFilter(id_ranges=((1, 5), (9, 9)))),
        (["4-4"], HistoryFilter(ids=frozenset([4]))),
        (["1, 3"], HistoryFilter(ids=frozenset([1, 3]))),
    ],
)
def test_entries_and_ranges(texts: list[str], criteria: HistoryFilter) -> None:
    assert read_entries(texts) == criteria


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "5-1", "1,,2", "1.5", "1-2-3", "9" * 30])
def test_no_entries(text: str) -> None:
    with pytest.raises(UserError, match="takes entries such as 7, 1-5 or 1-5,9, not "):
        read_entries([text])


def test_very_many_ranges_are_refused() -> None:
    with pytest.raises(UserError, match="takes up to 500 entries and ranges"):
        read_entries(["1-2," * 500 + "3"])


def test_an_entry_that_is_named_alone_has_to_exist(store: Store) -> None:
    """A range may have gaps."""
    [exchange] = record(store, b"1")
    check_entries(store, HistoryFilter(id_ranges=((exchange.id, exchange.id), (100, 200))))
    for criteria in (HistoryFilter(ids=frozenset([99])), HistoryFilter(id_ranges=((1, 5), (99, 99)))):
        with pytest.raises(NotFound, match="there is no history entry 99"):
            check_entries(store, criteria)


@pytest.mark.parametrize(
    ("criteria", "reason"),
    [
        (
            HistoryFilter(method="GTE"),
            "there is no exchange with method 'GTE'; there is no method GTE; did you mean GET?",
        ),
        (HistoryFilter(host="a", path="/b"), "there is no exchange with host 'a' and none with path '/b'"),
        (HistoryFilter(until=0.5), "there is no exchange at that time"),
        (HistoryFilter(ids=frozenset([99])), "there is no exchange with such an id"),
        (HistoryFilter(media_type="a/b", method="GET"), "there is no exchange with type 'a/b'"),
        (HistoryFilter(), "there is no exchange"),
    ],
)
def test_why_nothing_fits(store: Store, criteria: HistoryFilter, reason: str) -> None:
    if criteria != HistoryFilter():
        record(store, b"1")
    assert explain_nothing(store, criteria) == reason


def test_conditions_that_exclude_each_other(store: Store) -> None:
    [first, second] = record(store, b"1", b"2")
    criteria = HistoryFilter(ids=frozenset([first.id]), id_ranges=((second.id, second.id),))
    assert explain_nothing(store, criteria) == "there is no exchange with such an id"
    other = HistoryFilter(method=first.request.method, ids=frozenset([first.id]), since=second.timings.started + 9)
    assert explain_nothing(store, other) == "there is no exchange at that time"
