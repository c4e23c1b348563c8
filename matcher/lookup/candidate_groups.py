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
from understudy.matcher.lookup.persistent_list import PersistentList, SortedItems
from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key, update_by_key
from understudy.matcher.parts.bodies import NO_BODY
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.headers import HeaderValues
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.queries import QueryKey
from understudy.matcher.scores import PathLine, QueryFit
from understudy.matcher.settings import MatchSettings, QueryRule

SMALL_GROUP_SIZE = 8  # up to here comparing costs no more than looking up, and takes far less memory

# What a candidate leaves open: query names, header names, places in the body.
OpenParts = tuple[frozenset[str], frozenset[str], Places]
BucketKey = tuple[QueryKey, HeaderValues, bytes]  # of query, headers and body
Buckets = PersistentMap[BucketKey, SortedItems[Candidate]]

# The classes of queries a rule lets in, best first.
_LEVELS = {
    QueryRule.PREFER: (QueryFit.EQUAL, QueryFit.FOLDED, QueryFit.UNEQUAL),
    QueryRule.REQUIRE: (QueryFit.EQUAL,),
    QueryRule.OFF: (QueryFit.OFF,),
}
# What a candidate from a bucket of that class must reach; one that leaves a value open reaches WILD.
_FLOORS = {level: level for level in QueryFit} | {QueryFit.EQUAL: QueryFit.WILD}
_RANK = attrgetter("rank")


class SmallGroup(tuple[Candidate, ...]):
    """Candidates best rank first, compared one by one."""

    __slots__ = ()

    @property
    def candidates(self) -> SmallGroup:
        """All of them."""
        return self

    @property
    def text(self) -> str:
        """The path of the first."""
        return self[0].path.text

    @property
    def newest_id(self) -> str:
        """The highest id."""
        return max([candidate.order_id for candidate in self])

    def find_best(self, line: PathLine, request: NormalRequest) -> Match | None:
        """The best that fits, when their paths fit by `line`."""
        found: Match | None = None
        for candidate in self:
            fit = candidate.compute_fit(request)
            if fit is not None and (found is None or fit > found.query_fit):
                found = Match(candidate, line, fit)
                if fit is QueryFit.EQUAL:
                    break
        return found


@dataclass(frozen=True, slots=True)
class LargeGroup:
    """Candidates best rank first, and in buckets of equal query, headers and body.

    There is one look-up per distinct set of openings and class of queries. Under subset matching, bodies are not told
    apart by buckets.
    """

    candidates: PersistentList[Candidate]
    buckets: Mapping[OpenParts, tuple[Buckets, ...]]

    @property
    def text(self) -> str:
        """The path of the first."""
        return next(iter(self.candidates)).path.text

    @property
    def newest_id(self) -> str:
        """The highest id: it is the first of a run of ranks that differ in nothing else."""
        first: Candidate | None = next(iter(self.candidates))
        newest = ""
        while first is not None:
            newest = max(newest, first.order_id)
            first = next(self.candidates.iterate_from(first.rank[:-1]), None)
        return newest

    def find_best(self, line: PathLine, request: NormalRequest) -> Match | None:
        """The best that fits, when their paths fit by `line`."""
        found = (self._search_buckets(opening, line, request) for opening in self.buckets)
        return max(filter(None, found), key=lambda match: match.order, default=None)

    def _search_buckets(self, opening: OpenParts, line: PathLine, asked: NormalRequest) -> Match | None:
        header_key = asked.build_header_key(opening[1])
        body_key = b"" if asked.settings.subset else asked.build_body_key(opening[2])
        levels = _LEVELS[asked.settings.query]
        for level, buckets in zip(levels, self.buckets[opening], strict=True):
            # The bucket proposes, the candidate decides: a name can be open once and spelled out once.
            for candidate in buckets.get((_build_request_key(asked, opening[0], level), header_key, body_key)) or ():
                fit = candidate.compute_fit(asked)
                if fit is not None and fit >= _FLOORS[level]:
                    return Match(candidate, line, fit)
        return None

    def apply_changes(
        self, removed: Collection[Candidate], added: Collection[Candidate], settings: MatchSettings
    ) -> LargeGroup:
        """Many without the candidates that are gone and with those that come."""
        by_body = settings.body and not settings.subset
        buckets = dict(self.buckets)

        def opening(candidate: Candidate) -> OpenParts:
            body = candidate.body if by_body and candidate.body else NO_BODY
            return candidate.query.open_names, candidate.headers.open_names, body.places

        out, into = group_by_key(removed, opening), group_by_key(added, opening)
        for each in {**out, **into}:
            levels = _LEVELS[settings.query]
            before = buckets.pop(each, None) or (PersistentMap(),) * len(levels)
            after = tuple(
                _update_buckets(filed, out.get(each, ()), into.get(each, ()), level, by_body=by_body)
                for filed, level in zip(before, levels, strict=True)
            )
            if len(after[0]):
                buckets[each] = after
        return LargeGroup(self.candidates.apply_changes(removed, added), buckets)


Group = SmallGroup | LargeGroup


def update_group(
    group: Group | None, removed: Collection[Candidate], added: Collection[Candidate], settings: MatchSettings
) -> Group | None:
    """The group without the candidates that are gone and with those that come; None for none."""
    if isinstance(group, LargeGroup):
        after = group.apply_changes(removed, added, settings)
        return after if len(after.candidates) > SMALL_GROUP_SIZE else SmallGroup(after.candidates) or None
    if group is None and len(added) == 1 <= SMALL_GROUP_SIZE:
        return SmallGroup(added)
    kept = [*(each for each in group or () if each not in removed), *added]
    if len(kept) > SMALL_GROUP_SIZE:
        return LargeGroup(PersistentList(_RANK), {}).apply_changes((), kept, settings)
    kept.sort(key=_RANK, reverse=True)
    return SmallGroup(kept) or None


def _update_buckets(
    buckets: Buckets, gone: Collection[Candidate], come: Collection[Candidate], level: QueryFit, *, by_body: bool
) -> Buckets:
    def key(candidate: Candidate) -> BucketKey:
        body = candidate.body if by_body and candidate.body else NO_BODY
        return _build_query_key(candidate, level), candidate.headers.key, body.key

    return update_by_key(
        buckets,
        gone,
        come,
        key,
        lambda bucket, out, into: persistent_list.update_items(bucket or (), out, into, _RANK) or None,
    )


def _build_query_key(candidate: Candidate, level: QueryFit) -> QueryKey:
    if level is QueryFit.EQUAL:
        return candidate.query.build_key()
    return candidate.query.fold().build_key() if level is QueryFit.FOLDED else ()


def _build_request_key(asked: NormalRequest, any_value: frozenset[str], level: QueryFit) -> QueryKey:
    if level is QueryFit.EQUAL:
        return asked.build_query_key(any_value)
    if level is QueryFit.FOLDED:
        return asked.build_folded_query_key(frozenset(map(normal_forms.fold, any_value)))
    return ()
