"""What nearly answered: a bounded number of candidates is looked at, and only when someone asks."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice

from matcher.asked import Asked
from matcher.candidate import Candidate, Match
from matcher.decision import NearMiss
from matcher.differences import differences
from matcher.distances import distance, rough_distance
from matcher.scores import LIKELY, LOOKED_AT, NEAREST


class Spread:
    """All candidates of an index, newest first, by method and number of segments."""

    __slots__ = ("_kinds",)

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._kinds: defaultdict[tuple[str, int], list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            self._kinds[candidate.method, _size(candidate.path.text)].append(candidate)

    def around(self, asked: Asked, fitting: Iterable[Candidate]) -> list[Candidate]:
        """Candidates worth explaining, each once, at most 1,000: half of them at most from those whose path fits."""
        size = _size(asked.text)
        # The same method before others, then the number of segments: each of these is a list made beforehand.
        kinds = sorted(self._kinds, key=lambda kind: (kind[1] != size, kind[0] not in asked.methods, kind))
        others = (candidate for kind in kinds for candidate in self._kinds[kind])
        return list(dict.fromkeys(islice(chain(islice(fitting, LOOKED_AT // 2), others), LOOKED_AT)))


def near_misses(around: Iterable[Candidate], asked: Asked) -> tuple[NearMiss, ...]:
    """The nearest three, nearest first, then newest first."""
    newest_first = sorted(around, key=lambda candidate: candidate.id, reverse=True)
    rough = partial(distance if asked.chosen.named else rough_distance, asked=asked)
    likely = sorted(heapq.nsmallest(LIKELY, newest_first, key=rough), key=lambda each: each.id, reverse=True)
    nearest = heapq.nsmallest(NEAREST, likely, key=partial(distance, asked=asked))
    # What is secret in one example is not shown beside another.
    secret = frozenset(chain.from_iterable(candidate.example.redacted for candidate in likely))
    return tuple(NearMiss(candidate, differences(candidate, asked, secret)) for candidate in nearest)


def runners_up(matches: Iterator[Match | None], winner: Match) -> tuple[Match, ...]:
    """The best three of at most 1,000 candidates that fit beside the winner, best first."""
    won = winner.candidate.examples
    others = (match for match in islice(matches, LOOKED_AT) if match and match.candidate.examples is not won)
    return tuple(heapq.nlargest(NEAREST, others, key=lambda match: match.order))


def _size(text: str) -> int:
    return text.rstrip("/").count("/")
