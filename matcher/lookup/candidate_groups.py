"""Candidates that one line of the path table finds together, and the best of them for a request.

A few are compared one by one; many are found by query, headers and body, so that a decision does not grow with their
number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from operator import attrgetter

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.open_places import Places
from understudy.matcher.lookup import persistent_list
from understudy.matcher.lookup.persistent_list import Ordered, Sorted
from understudy.matcher.lookup.persistent_map import Map, by_key, refiled
from understudy.matcher.parts.bodies import NO_BODY
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.headers import Values
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.parts.queries import Key
from understudy.matcher.scores import PathLine, QueryFit
from understudy.matcher.settings import MatchSettings, QueryRule

FEW = 8  # up to here comparing costs no more than looking up, and takes far less memory

# What a candidate leaves open: query names, header names, places in the body.
Openings = tuple[frozenset[str], frozenset[str], Places]
BucketKey = tuple[Key, Values, bytes]  # of query, headers and body
Buckets = Map[BucketKey, Sorted[Candidate]]

# The classes of queries a rule lets in, best first.
_LEVELS = {
    QueryRule.PREFER: (QueryFit.EQUAL, QueryFit.FOLDED, QueryFit.UNEQUAL),
    QueryRule.REQUIRE: (QueryFit.EQUAL,),
    QueryRule.OFF: (QueryFit.OFF,),
}
# What a candidate from a bucket of that class must reach; one that leaves a value open reaches WILD.
_FLOORS = {level: level for level in QueryFit} | {QueryFit.EQUAL: QueryFit.WILD}
_RANK = attrgetter("rank")


class Few(tuple[Candidate, ...]):
    """Candidates best rank first, compared one by one."""

    __slots__ = ()

    @property
    def candidates(self) -> Few:
        """All of them."""
        return self

    @property
    def text(self) -> str:
        """The path of the first."""
        return self[0].path.text

    @property
    def newest(self) -> str:
        """The highest id."""
        return max([candidate.place for candidate in self])

    def best(self, line: PathLine, asked: Asked) -> Match | None:
        """The best that fits, when their paths fit by `line`."""
        found: Match | None = None
        for candidate in self:
            fit = candidate.fit(asked)
            if fit is not None and (found is None or fit > found.query_fit):
                found = Match(candidate, line, fit)
                if fit is QueryFit.EQUAL:
                    break
        return found


@dataclass(frozen=True, slots=True)
class Many:
    """Candidates best rank first, and in buckets of equal query, headers and body.

    There is one look-up per distinct set of openings and class of queries. Under subset matching, bodies are not told
    apart by buckets.
    """

    candidates: Ordered[Candidate]
    buckets: Mapping[Openings, tuple[Buckets, ...]]

    @property
    def text(self) -> str:
        """The path of the first."""
        return next(iter(self.candidates)).path.text

    @property
    def newest(self) -> str:
        """The highest id: it is the first of a run of ranks that differ in nothing else."""
        first: Candidate | None = next(iter(self.candidates))
        newest = ""
        while first is not None:
            newest = max(newest, first.place)
            first = next(self.candidates.down_from(first.rank[:-1]), None)
        return newest

    def best(self, line: PathLine, asked: Asked) -> Match | None:
        """The best that fits, when their paths fit by `line`."""
        found = (self._best_of(opening, line, asked) for opening in self.buckets)
        return max(filter(None, found), key=lambda match: match.order, default=None)

    def _best_of(self, opening: Openings, line: PathLine, asked: Asked) -> Match | None:
        header_key = asked.header_key(opening[1])
        body_key = b"" if asked.settings.subset else asked.body_key(opening[2])
        levels = _LEVELS[asked.settings.query]
        for level, buckets in zip(levels, self.buckets[opening], strict=True):
            # The bucket proposes, the candidate decides: a name can be open once and spelled out once.
            for candidate in buckets.get((_asked_key(asked, opening[0], level), header_key, body_key)) or ():
                fit = candidate.fit(asked)
                if fit is not None and fit >= _FLOORS[level]:
                    return Match(candidate, line, fit)
        return None

    def changed(self, gone: Collection[Candidate], come: Collection[Candidate], settings: MatchSettings) -> Many:
        """Many without the candidates that are gone and with those that come."""
        by_body = settings.body and not settings.subset
        buckets = dict(self.buckets)

        def opening(candidate: Candidate) -> Openings:
            body = candidate.body if by_body and candidate.body else NO_BODY
            return candidate.query.any_value, candidate.headers.any_value, body.places

        out, into = by_key(gone, opening), by_key(come, opening)
        for each in {**out, **into}:
            levels = _LEVELS[settings.query]
            before = buckets.pop(each, None) or (Map(),) * len(levels)
            after = tuple(
                _filed(filed, out.get(each, ()), into.get(each, ()), level, by_body=by_body)
                for filed, level in zip(before, levels, strict=True)
            )
            if len(after[0]):
                buckets[each] = after
        return Many(self.candidates.changed(gone, come), buckets)


Group = Few | Many


def changed(
    group: Group | None, gone: Collection[Candidate], come: Collection[Candidate], settings: MatchSettings
) -> Group | None:
    """The group without the candidates that are gone and with those that come; None for none."""
    if isinstance(group, Many):
        after = group.changed(gone, come, settings)
        return after if len(after.candidates) > FEW else Few(after.candidates) or None
    if group is None and len(come) == 1 <= FEW:
        return Few(come)
    kept = [*(each for each in group or () if each not in gone), *come]
    if len(kept) > FEW:
        return Many(Ordered(_RANK), {}).changed((), kept, settings)
    kept.sort(key=_RANK, reverse=True)
    return Few(kept) or None


def _filed(
    buckets: Buckets, gone: Collection[Candidate], come: Collection[Candidate], level: QueryFit, *, by_body: bool
) -> Buckets:
    def key(candidate: Candidate) -> BucketKey:
        body = candidate.body if by_body and candidate.body else NO_BODY
        return _query_key(candidate, level), candidate.headers.key, body.key

    return refiled(
        buckets,
        gone,
        come,
        key,
        lambda bucket, out, into: persistent_list.changed(bucket or (), out, into, _RANK) or None,
    )


def _query_key(candidate: Candidate, level: QueryFit) -> Key:
    if level is QueryFit.EQUAL:
        return candidate.query.key()
    return candidate.query.folded().key() if level is QueryFit.FOLDED else ()


def _asked_key(asked: Asked, any_value: frozenset[str], level: QueryFit) -> Key:
    if level is QueryFit.EQUAL:
        return asked.query_key(any_value)
    if level is QueryFit.FOLDED:
        return asked.folded_query_key(frozenset(map(normal_forms.fold, any_value)))
    return ()
