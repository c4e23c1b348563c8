"""Partial responses of one URL by the bytes that they hold: a download in thousands of pieces is found by look-ups."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

from understudy.matcher.parts.byte_ranges import KnownRange, RequestedRange
from understudy.matcher.parts.candidate import Candidate


class RangeIndex:
    """Candidates in order of their first bytes, for each size of the whole. Immutable."""

    __slots__ = ("_by_size",)

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        by_size: dict[int | None, list[tuple[KnownRange, Candidate]]] = {}
        for candidate in candidates:
            known = candidate.eligibility.known
            if known is not None:
                by_size.setdefault(known.size, []).append((known, candidate))
        self._by_size = {size: _SizedRanges(held) for size, held in by_size.items()}

    def find_covering(self, asked: RequestedRange) -> list[Candidate]:
        """Return the candidates that hold a requested range, best rank first."""
        found = [each for size, ranges in self._by_size.items() for each in ranges.find(asked, size)]
        return sorted(found, key=lambda candidate: candidate.rank, reverse=True)


class _SizedRanges:
    """Ranges of wholes of one size, by their first byte; `_reach` is the furthest last byte of those up to each."""

    __slots__ = ("_candidates", "_firsts", "_known", "_reach")

    def __init__(self, held: list[tuple[KnownRange, Candidate]]) -> None:
        held.sort(key=lambda each: (each[0].first, each[0].last))
        self._known = [known for known, _ in held]
        self._candidates = [candidate for _, candidate in held]
        self._firsts = [known.first for known in self._known]
        self._reach = list(accumulate((known.last for known in self._known), max))

    def find(self, asked: RequestedRange, size: int | None) -> list[Candidate]:
        wanted = KnownRange(0, size - 1, size).locate(asked) if size else None
        first, last = wanted or (asked.first, asked.last)
        if first is None or last is None:
            return []
        found: list[Candidate] = []
        at = bisect_right(self._firsts, first) - 1
        # Further to the left nothing reaches that far.
        while at >= 0 and self._reach[at] >= last:
            if self._known[at].locate(asked) is not None:
                found.append(self._candidates[at])
            at -= 1
        return found
