"""What new keys of recorded requests change in a collection."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from understudy.store.model.collections import RequestItem
from understudy.store.request_keys import KeyChanges, KeyedExample, KeyedItem, MovedExample, plan_key_changes


def make_item(id: str, *examples: KeyedExample, key: str = "old") -> KeyedItem:
    return KeyedItem(RequestItem(id, "shop", "GET /a", key, folder_id="folder", position=3), examples)


def in_turn(id: str, key: str | None, sequence: str = "a") -> KeyedExample:
    """An example of a sequence, by default of that of the item `a`."""
    return KeyedExample(id, key, sequence)


def plan(*items: KeyedItem) -> KeyChanges:
    numbers = count(1)
    return plan_key_changes(items, lambda: f"new {next(numbers)}")


def moves(moved: Iterable[MovedExample]) -> list[tuple[str, str, str | None]]:
    return [(each.id, each.item_id, each.sequence) for each in moved]


def test_an_item_takes_the_key_that_all_its_examples_share() -> None:
    changes = plan(make_item("a", in_turn("1", "k"), in_turn("2", "k")))
    assert changes == KeyChanges(keys={"a": "k"})


def test_the_newest_example_keeps_the_item_and_others_get_new_ones() -> None:
    """Each new item has the name and the place of the old one."""
    changes = plan(make_item("a", in_turn("1", "x"), in_turn("2", "y"), in_turn("3", "x"), in_turn("4", "z")))
    assert changes.keys == {"a": "z"}
    assert changes.items == [RequestItem(f"new {n}", "shop", "GET /a", k, "folder", 3) for n, k in ((1, "x"), (2, "y"))]
    assert moves(changes.moved) == [("1", "new 1", "new 1"), ("3", "new 1", "new 1"), ("2", "new 2", "new 2")]


def test_examples_outside_of_sequences_stay_outside() -> None:
    changes = plan(make_item("a", KeyedExample("1", "x"), KeyedExample("2", "y")))
    assert moves(changes.moved) == [("1", "new 1", None)]


def test_of_items_with_one_key_the_first_stays_and_gets_all_examples() -> None:
    """They join its sequence, under its name."""
    first = make_item("a", in_turn("1", "k", "s"), in_turn("4", "k", "s"))
    changes = plan(first, make_item("b", in_turn("2", "k", "b"), KeyedExample("3", "k")))
    assert (changes.keys, changes.emptied, changes.items) == ({"a": "k"}, ["b"], [])
    assert moves(changes.moved) == [("2", "a", "s"), ("3", "a", None)]


def test_an_example_goes_to_the_item_that_has_its_key() -> None:
    """Also to one that comes later."""
    changes = plan(make_item("a", in_turn("1", "y"), in_turn("2", "x")), make_item("b", KeyedExample("3", "y")))
    assert (changes.keys, changes.items, changes.emptied) == ({"a": "x", "b": "y"}, [], [])
    assert moves(changes.moved) == [("1", "b", "b")]


def test_an_item_that_is_merged_may_be_split_too() -> None:
    changes = plan(make_item("a", in_turn("1", "x")), make_item("b", in_turn("2", "y", "b"), in_turn("3", "x", "b")))
    assert (changes.keys, changes.emptied) == ({"a": "x"}, ["b"])
    assert moves(changes.moved) == [("2", "new 1", "new 1"), ("3", "a", "a")]


def test_an_example_whose_request_was_edited_stays_with_its_item() -> None:
    """Even if it is the newest: its request does not tell which recorded one it was."""
    changes = plan(make_item("a", in_turn("1", "x"), in_turn("2", "y"), in_turn("3", None)))
    assert changes.keys == {"a": "y"}
    assert moves(changes.moved) == [("1", "new 1", "new 1")]


def test_an_item_whose_key_cannot_be_computed_keeps_it() -> None:
    assert plan(make_item("a", in_turn("1", None), key="k"), make_item("b", key="l")).keys == {"a": "k", "b": "l"}


def test_an_id_that_was_imported_counts_as_older() -> None:
    ours = "01J8ZZZZZZZZZZZZZZZZZZZZZZ"
    assert plan(make_item("a", KeyedExample(ours, "x"), KeyedExample("zzz", "y"))).keys == {"a": "x"}
