"""The contract of `store.repositories.history.History`: ranges of ids, and how many exchanges fit."""

from __future__ import annotations

import pytest

from tests.factories.stored import record
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store


@pytest.fixture
def numbers(store: Store) -> list[int]:
    """The ids of five exchanges."""
    return [exchange.id for exchange in record(store, *(str(number).encode() for number in range(5)))]


@pytest.mark.parametrize(
    ("ranges", "chosen"),
    [([(0, 1)], [0, 1]), ([(0, 0), (3, 9)], [0, 3, 4]), ([(1, 3), (2, 4)], [1, 2, 3, 4]), ([(7, 9)], [])],
)
def test_ranges_choose_the_exchanges_in_them(
    store: Store, numbers: list[int], ranges: list[tuple[int, int]], chosen: list[int]
) -> None:
    """Ends of ranges belong to them, gaps do not matter, and an exchange in two ranges is one."""
    first = numbers[0]
    criteria = HistoryFilter(id_ranges=tuple((first + begin, first + end) for begin, end in ranges))
    assert [exchange.id for exchange in store.history.select(criteria)] == [numbers[place] for place in chosen]
    assert store.history.count(criteria, 100) == len(chosen)


@pytest.mark.parametrize(("most", "number"), [(0, 1), (3, 4), (4, 5), (5, 5), (100, 5)])
def test_counting_ends_behind_a_bound(store: Store, numbers: list[int], most: int, number: int) -> None:
    assert store.history.count(HistoryFilter(), most) == number


def test_what_fits_is_counted(store: Store, numbers: list[int]) -> None:
    """By words and ids too; an id counts once."""
    assert store.history.count(HistoryFilter(method="PUT"), 9) == 0
    assert store.history.count(HistoryFilter(search="3"), 9) == 1
    assert store.history.count(HistoryFilter(ids=frozenset(numbers[:2])), 9) == 2
    assert store.history.count(HistoryFilter(ids=frozenset()), 9) == 0
