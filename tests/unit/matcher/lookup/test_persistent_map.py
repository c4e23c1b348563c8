"""Dictionaries that share what did not change."""

from __future__ import annotations

from random import Random

import pytest

from understudy.matcher.lookup import persistent_map
from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key, update_by_key


@pytest.mark.parametrize("leaf", [1, 4, 256])
def test_changed_as_a_dictionary_is(monkeypatch: pytest.MonkeyPatch, leaf: int) -> None:
    """Entries come, are replaced and go, and the map before keeps its own."""
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


def test_made_of_a_dictionary() -> None:
    """Nothing is found under other keys."""
    found = PersistentMap({number: str(number) for number in range(-3000, 3000)})
    assert all(found.get(number) == str(number) for number in range(-3000, 3000))
    assert (found.get(3000), 3000 in found, -3000 in found, len(found)) == (None, False, True, 6000)


def test_change_touches_few_entries() -> None:
    """However many there are: the pieces that it does not touch are the same objects."""
    before = PersistentMap({str(number): number for number in range(20_000)})
    after = before.replace_entries({"7": 0})
    known = {id(leaf) for leaf in persistent_map._iterate_leaves(before._root)}
    assert (
        sum(len(leaf) for leaf in persistent_map._iterate_leaves(after._root) if id(leaf) not in known)
        <= persistent_map.LEAF_SIZE
    )


class Same(str):
    """Texts of one hash."""

    __slots__ = ()

    def __hash__(self) -> int:
        return 7


def test_keys_of_one_hash() -> None:
    """They stay together, and are still told apart."""
    keys = [Same(number) for number in range(1000)]
    found = PersistentMap(dict(zip(keys, range(1000), strict=True))).replace_entries({keys[3]: None})
    assert (found.get(keys[3]), found.get(keys[999]), len(found)) == (None, 999, 999)


def test_emptied_map_keeps_nothing() -> None:
    """Not even empty pieces."""
    found = PersistentMap(dict.fromkeys(range(1000), "x")).replace_entries(dict.fromkeys(range(1000)))
    assert (len(found), list(found), found._root) == (0, [], {})


def test_by_key() -> None:
    """What has no key is left out."""
    assert group_by_key([1, 2, 3, 4, 5], lambda number: number % 2 if number < 5 else None) == {1: [1, 3], 0: [2, 4]}


def test_refiled() -> None:
    """Each key is asked about once, with what goes and what comes under it."""

    def changed(held: str | None, removed: object, added: object) -> str | None:
        return f"{held} {removed} {added}" if added else None

    found = update_by_key(
        PersistentMap({1: "one", 2: "two", 3: "three"}), [10, 20], [11, 40], lambda number: number // 10, changed
    )
    assert {key: found.get(key) for key in found} == {1: "one [10] [11]", 3: "three", 4: "None () [40]"}
