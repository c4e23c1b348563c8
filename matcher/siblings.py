"""Segments at one place of paths that are otherwise the same: which of them can be alike to another, all at once.

A set of segments is the bits of an integer, so that a thousand of them are told apart in a few operations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from understudy.matcher.lookup.edit_distance import allowed_edits

_MOST_LETTERS = 32  # different letters of a segment that are looked at: more take longer than they save
_MANY = 32  # so many are compared one by one sooner than told apart by their other letters


class Siblings:
    """Segments in a fixed order."""

    __slots__ = ("_by_length", "_by_letter")

    def __init__(self, segments: Sequence[str]) -> None:
        self._by_length: defaultdict[int, int] = defaultdict(int)
        self._by_letter: defaultdict[str, int] = defaultdict(int)
        for number, segment in enumerate(segments):
            bit = 1 << number
            self._by_length[len(segment)] |= bit
            for letter in set(segment):
                self._by_letter[letter] |= bit

    def near(self, segment: str) -> Iterator[int]:
        """The numbers of the segments that may be alike, none left out that is."""
        left, edits = 0, 0
        for length, members in self._by_length.items():
            allowed = allowed_edits(length, len(segment))
            if allowed is not None and abs(length - len(segment)) <= allowed:
                left |= members
                edits = max(edits, allowed)
        return _numbers(self._sharing_letters(left, set(segment), edits)) if edits else iter(())

    def _sharing_letters(self, members: int, letters: set[str], edits: int) -> int:
        """The members that lack at most so many of the letters, and have at most so many others: each takes an edit."""
        if edits < len(letters) <= _MOST_LETTERS:
            members = _in_few(members, [~self._by_letter.get(letter, 0) for letter in letters], edits)
        if members.bit_count() > _MANY and edits < len(self._by_letter) <= _MOST_LETTERS * 2:
            others = [having for letter, having in self._by_letter.items() if letter not in letters]
            members = _in_few(members, others, edits)
        return members


def _in_few(members: int, sets: Iterable[int], most: int) -> int:
    """The members that are in at most so many of the sets."""
    within = [members] + [0] * most  # by how many they are in so far
    for each in sets:
        for count in range(most, 0, -1):
            within[count] = (within[count] & ~each) | (within[count - 1] & each)
        within[0] &= ~each
    left = 0
    for members_left in within:
        left |= members_left
    return left


def _numbers(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
