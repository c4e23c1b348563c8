"""Tests of dictionaries that share their unchanged pieces."""

from __future__ import annotations

from random import Random

import pytest

from understudy.matcher.lookup import persistent_map
from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key, update_by_key


@pytest.mark.parametrize("leaf", [1, 4, 256])
def test_changed_map_equals_a_dictionary(monkeypatch: pytest.MonkeyPatch, leaf: int) -> None:
    """A changed map equals a changed dictionary, and the original stays as it is."""
    monkeypatch.setattr(persistent_map, "LEAF_SIZE", leaf)
    chance, expected, found = Random(1), dict[str, int](), PersistentMap[str, int]()
    for step in range(300):
        before, held = found, dict(expected)
        entries = {f"key {chance.randrange(200)}": chance.choice([step, None]) for _ in range(chance.randrange(9))}
        found = found.replace_entries(entries)
        expected = {key: value for key, value in {**expected, **entries}.items() if value is not None}
        assert (len(found), sorted(found)) == (len(expected), sorted(expected))
        assert {key: found.get(key) for key in found} == expected
        assert {key: before.get(key) for key in before} == held
    assert sorted(found.values()) == sorted(expected.values())


def test_map_of_a_dictionary() -> None:
    """A map has exactly the entries of the dictionary it was made from."""
    found = PersistentMap({number: str(number) for number in range(-3000, 3000)})
    assert all(found.get(number) == str(number) for number in range(-3000, 3000))
    assert (found.get(3000), 3000 in found, -3000 in found, len(found)) == (None, False, True, 6000)


def test_change_touches_few_entries() -> None:
    """A change copies few pieces; all others are the same objects."""
    before = PersistentMap({str(number): number for number in range(20_000)})
    after = before.replace_entries({"7": 0})
    known = {id(leaf) for leaf in persistent_map._iterate_leaves(before._root)}
    assert (
        sum(len(leaf) for leaf in persistent_map._iterate_leaves(after._root) if id(leaf) not in known)
        <= persistent_map.LEAF_SIZE
    )


class Same(str):
    """A text whose hash is always the same."""

    __slots__ = ()

    def __hash__(self) -> int:
        return 7


def test_keys_of_one_hash() -> None:
    """Keys of one hash stay in one piece, and are still distinguished."""
    keys = [Same(number) for number in range(1000)]
    found = PersistentMap(dict(zip(keys, range(1000), strict=True))).replace_entries({keys[3]: None})
    assert (found.get(keys[3]), found.get(keys[999]), len(found)) == (None, 999, 999)


def test_emptied_map_keeps_nothing() -> None:
    """An emptied map keeps no empty pieces."""
    found = PersistentMap(dict.fromkeys(range(1000), "x")).replace_entries(dict.fromkeys(range(1000)))
    assert (len(found), list(found), found._root) == (0, [], {})


def test_group_by_key() -> None:
    """Items without a key are left out."""
    assert group_by_key([1, 2, 3, 4, 5], lambda number: number % 2 if number < 5 else None) == {1: [1, 3], 0: [2, 4]}


def test_update_by_key() -> None:
    """Each key is updated once, with its removed and its added items."""

    def changed(held: str | None, removed: object, added: object) -> str | None:
        return f"{held} {removed} {added}" if added else None

    found = update_by_key(
        PersistentMap({1: "one", 2: "two", 3: "three"}), [10, 20], [11, 40], lambda number: number // 10, changed
    )
    assert {key: found.get(key) for key in found} == {1: "one [10] [11]", 3: "three", 4: "None () [40]"}
