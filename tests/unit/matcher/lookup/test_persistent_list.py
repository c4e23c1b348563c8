"""Tests of sorted lists that share their unchanged pieces."""

from __future__ import annotations

from random import Random

import pytest

from understudy.matcher.lookup import persistent_list
from understudy.matcher.lookup.persistent_list import PersistentList


def same(item: object) -> object:
    """Return an item as its own key."""
    return item


@pytest.mark.parametrize("piece", [1, 3, 256])
def test_changed_list_equals_a_new_one(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """A changed list equals a newly sorted one, and the original stays as it is."""
    monkeypatch.setattr(persistent_list, "PIECE_SIZE", piece)
    chance, held = Random(piece), set[int]()
    found: PersistentList[int] = PersistentList(same)
    for step in range(400):
        before, items_before = found, list(found)
        removed = chance.sample(sorted(held), k=min(len(held), chance.randrange(4 if step < 200 else 8)))
        added = set(chance.sample(range(1000), k=4)) - held
        held = held - set(removed) | added
        found = found.apply_changes(removed, added)
        assert (list(found), len(found)) == (sorted(held, reverse=True), len(held))
        assert list(before) == items_before
        key = chance.randrange(1000)
        assert list(found.iterate_from(key)) == sorted((each for each in held if each <= key), reverse=True)
        assert list(found.find_by_key(key)) == [key] * (key in held)


def test_equal_keys_fill_several_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of equal keys in several pieces can all be found and removed."""
    monkeypatch.setattr(persistent_list, "PIECE_SIZE", 2)
    items = [(number % 2, number) for number in range(20)]
    found = PersistentList(lambda item: item[0], items)
    assert sorted(found.find_by_key(1)) == items[1::2]
    assert list(found.apply_changes(items[1::2], ()).find_by_key(1)) == []
    assert sorted(found.apply_changes(items[1::2], ())) == items[::2]


def test_change_touches_few_items() -> None:
    """A change copies few pieces; all others are the same objects."""
    before = PersistentList(same, range(20_000))
    after = before.apply_changes([7], [-1])
    known = set(map(id, before._pieces))
    assert sum(len(piece) for piece in after._pieces if id(piece) not in known) <= 4 * persistent_list.PIECE_SIZE


def test_removals_leave_no_small_pieces() -> None:
    """The number of pieces follows the number of items."""
    found = PersistentList(same, range(50_000))
    for number in range(0, 50_000, 100):
        found = found.apply_changes(range(number, number + 99), ())
    assert len(found) == 500
    assert len(found._pieces) < 12


@pytest.mark.parametrize("count", [3, 3000])
def test_few_are_a_tuple(count: int) -> None:
    """A few items are a tuple; many are a list, and may become few again."""
    many = persistent_list.update_items((), (), range(count), same)
    assert isinstance(many, tuple) is (count <= persistent_list.PIECE_SIZE)
    assert persistent_list.get_lowest(many) == 0
    assert persistent_list.update_items(many, range(1, count), [count], same) == (count, 0)
