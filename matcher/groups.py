"""Candidates that one line of the path table finds together, and the best of them for a request.

A few are compared one by one; many are found by query, headers and body, so that a decision does not grow with their
number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from matcher import normal
from matcher.asked import Asked
from matcher.body_patterns import NO_BODY
from matcher.candidate import Candidate, Match
from matcher.header_patterns import Values
from matcher.openings import Places
from matcher.queries import Key
from matcher.scores import PathLine, QueryFit
from matcher.settings import MatchSettings, QueryRule

FEW = 8  # up to here comparing costs no more than looking up, and takes far less memory

# What a candidate leaves open: query names, header names, places in the body.
Openings = tuple[frozenset[str], frozenset[str], Places]
BucketKey = tuple[Openings, QueryFit, Key, Values, bytes]

# The classes of queries a rule lets in, best first.
_LEVELS = {
    QueryRule.PREFER: (QueryFit.EQUAL, QueryFit.FOLDED, QueryFit.UNEQUAL),
    QueryRule.REQUIRE: (QueryFit.EQUAL,),
    QueryRule.OFF: (QueryFit.OFF,),
}
# What a candidate from a bucket of that class must reach; one that leaves a value open reaches WILD.
_FLOORS = {level: level for level in QueryFit} | {QueryFit.EQUAL: QueryFit.WILD}


@dataclass(frozen=True, slots=True)
class Few:
    """Candidates best rank first, compared one by one."""

    candidates: tuple[Candidate, ...]

    def best(self, line: PathLine, asked: Asked) -> Match | None:
        """The best that fits, when their paths fit by `line`."""
        found: Match | None = None
        for candidate in self.candidates:
            fit = candidate.fit(asked)
            if fit is not None and (found is None or fit > found.query_fit):
                found = Match(candidate, line, fit)
                if fit is QueryFit.EQUAL:
                    break
        return found


@dataclass(frozen=True, slots=True)
class Many:
    """Candidates in buckets of equal query, headers and body, best rank first.

    There is one look-up per distinct set of openings. Under subset matching, bodies are not told apart by buckets.
    """

    candidates: tuple[Candidate, ...]
    openings: tuple[Openings, ...]
    buckets: dict[BucketKey, tuple[Candidate, ...]]

    @classmethod
    def of(cls, candidates: tuple[Candidate, ...], settings: MatchSettings) -> Many:
        """Sort candidates, best rank first, into their buckets."""
        buckets: defaultdict[BucketKey, list[Candidate]] = defaultdict(list)
        openings: dict[Openings, None] = {}
        by_body = settings.body and not settings.subset
        for candidate in candidates:
            body = candidate.body if by_body and candidate.body else NO_BODY
            opening = (candidate.query.any_value, candidate.headers.any_value, body.places)
            openings[opening] = None
            for level in _LEVELS[settings.query]:
                key = (opening, level, _query_key(candidate, level), candidate.headers.key, body.key)
                buckets[key].append(candidate)
        return cls(candidates, tuple(openings), {key: tuple(found) for key, found in buckets.items()})

    def best(self, line: PathLine, asked: Asked) -> Match | None:
        """The best that fits, when their paths fit by `line`."""
        found = (self._best_of(opening, line, asked) for opening in self.openings)
        return max(filter(None, found), key=lambda match: match.order, default=None)

    def _best_of(self, opening: Openings, line: PathLine, asked: Asked) -> Match | None:
        header_key = asked.header_key(opening[1])
        body_key = b"" if asked.settings.subset else asked.body_key(opening[2])
        for level in _LEVELS[asked.settings.query]:
            key = (opening, level, _asked_key(asked, opening[0], level), header_key, body_key)
            bucket = self.buckets.get(key, ())
            # The bucket proposes, the candidate decides: a name can be open once and spelled out once.
            for candidate in bucket:
                fit = candidate.fit(asked)
                if fit is not None and fit >= _FLOORS[level]:
                    return Match(candidate, line, fit)
        return None


Group = Few | Many


def group(candidates: Iterable[Candidate], settings: MatchSettings) -> Group:
    """Candidates that are found together, ready for look-ups."""
    ranked = tuple(sorted(candidates, key=lambda candidate: candidate.rank, reverse=True))
    return Few(ranked) if len(ranked) <= FEW else Many.of(ranked, settings)


def _query_key(candidate: Candidate, level: QueryFit) -> Key:
    if level is QueryFit.EQUAL:
        return candidate.query.key()
    return candidate.query.folded().key() if level is QueryFit.FOLDED else ()


def _asked_key(asked: Asked, any_value: frozenset[str], level: QueryFit) -> Key:
    if level is QueryFit.EQUAL:
        return asked.query_key(any_value)
    if level is QueryFit.FOLDED:
        return asked.folded_query_key(frozenset(map(normal.fold, any_value)))
    return ()
