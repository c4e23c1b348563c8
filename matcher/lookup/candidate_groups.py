"""Groups of candidates that one line of the path table finds together, and the best candidate of a group.

The candidates of a small group are compared one by one; those of a large group are found by keys of query, headers and
body, so that a decision does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
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
from understudy.store.model.ids import OrderKey, compute_order_key

SMALL_GROUP_SIZE = 8  # up to this size, comparing costs no more than a look-up and takes far less memory

# What a candidate leaves open: query names, header names, places of the body.
OpenParts = tuple[frozenset[str], frozenset[str], Places]
BucketKey = tuple[QueryKey, HeaderValues, bytes]  # the keys of query, headers and body
Buckets = PersistentMap[BucketKey, SortedItems[Candidate]]

# The query fits that each rule admits, best first; each has its own buckets.
_LEVELS = {
    QueryRule.PREFER: (QueryFit.EQUAL, QueryFit.FOLDED, QueryFit.UNEQUAL),
    QueryRule.REQUIRE: (QueryFit.EQUAL,),
    QueryRule.OFF: (QueryFit.OFF,),
}
# The least fit of a candidate from the buckets of each fit: one that leaves a value open reaches only WILD.
_FLOORS = {level: level for level in QueryFit} | {QueryFit.EQUAL: QueryFit.WILD}
_RANK = attrgetter("rank")


class SmallGroup(tuple[Candidate, ...]):
    """Candidates in order of rank, best first, that are compared one by one."""

    __slots__ = ()

    @property
    def candidates(self) -> SmallGroup:
        """All candidates."""
        return self

    @property
    def text(self) -> str:
        """The path of the first candidate."""
        return self[0].path.text

    @property
    def newest(self) -> OrderKey:
        """The order key of the highest id."""
        return max([candidate.order_key for candidate in self])

    def find_best(self, line: PathLine, request: NormalRequest) -> Match | None:
        """Return the best candidate that fits the request, whose path fits by `line`, or None."""
        if request.repeats:
            matches = (self._match(candidate, line, request) for candidate in self)
            return max(filter(None, matches), key=lambda match: match.order, default=None)
        best: Match | None = None
        for candidate in self:
            fit = candidate.compute_fit(request)
            if fit is not None and (best is None or fit > best.query_fit):
                best = Match(candidate, line, fit)
                if fit is QueryFit.EQUAL:
                    break
        return best

    @staticmethod
    def _match(candidate: Candidate, line: PathLine, request: NormalRequest) -> Match | None:
        fit = candidate.compute_fit(request)
        return None if fit is None else candidate.make_match(line, fit, request)


@dataclass(frozen=True, slots=True)
class LargeGroup:
    """Candidates in order of rank, best first, and in buckets of equal query, headers and body.

    A search makes one look-up for each distinct set of open parts and each query fit. Under subset matching, the
    buckets do not distinguish bodies. `ordered` has the candidates whose queries repeat names, and distinguishes the
    order of their values too.
    """

    candidates: PersistentList[Candidate]
    buckets: Mapping[OpenParts, tuple[Buckets, ...]]
    ordered: Mapping[OpenParts, Buckets] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The path of the first candidate."""
        return next(iter(self.candidates)).path.text

    @property
    def newest(self) -> OrderKey:
        """The order key of the highest id: within each run of ranks that differ only by id, the first is the newest."""
        first: Candidate | None = next(iter(self.candidates))
        newest = first.order_key if first else compute_order_key("")
        while first is not None:
            newest = max(newest, first.order_key)
            first = next(self.candidates.iterate_from(first.rank[:2]), None)
        return newest

    def find_best(self, line: PathLine, request: NormalRequest) -> Match | None:
        """Return the best candidate that fits the request, whose path fits by `line`, or None."""
        matches = [self._search_buckets(open_parts, line, request) for open_parts in self.buckets]
        if request.repeats and request.settings.query is not QueryRule.OFF:
            matches += [self._search_ordered(open_parts, line, request) for open_parts in self.ordered]
        return max(filter(None, matches), key=lambda match: match.order, default=None)

    def _search_ordered(self, open_parts: OpenParts, line: PathLine, request: NormalRequest) -> Match | None:
        """Return the best candidate whose query is equal in the order of repeated values too, or None."""
        closed = tuple(pair for pair in request.repeats if pair[0] not in open_parts[0])
        header_key = request.build_header_key(open_parts[1])
        body_key = b"" if request.settings.subset else request.build_body_key(open_parts[2])
        key = (*request.build_query_key(open_parts[0]), *closed), header_key, body_key
        for candidate in self.ordered[open_parts].get(key) or ():
            fit = candidate.compute_fit(request)
            if fit is not None and fit >= QueryFit.WILD:
                return candidate.make_match(line, fit, request)
        return None

    def _search_buckets(self, open_parts: OpenParts, line: PathLine, request: NormalRequest) -> Match | None:
        header_key = request.build_header_key(open_parts[1])
        body_key = b"" if request.settings.subset else request.build_body_key(open_parts[2])
        levels = _LEVELS[request.settings.query]
        for level, buckets in zip(levels, self.buckets[open_parts], strict=True):
            # A name may have one open value and one spelled out, so the key alone does not prove the fit.
            for candidate in (
                buckets.get((_build_request_key(request, open_parts[0], level), header_key, body_key)) or ()
            ):
                fit = candidate.compute_fit(request)
                if fit is not None and fit >= _FLOORS[level]:
                    return candidate.make_match(line, fit, request)
        return None

    def apply_changes(
        self, removed: Collection[Candidate], added: Collection[Candidate], settings: MatchSettings
    ) -> LargeGroup:
        """Return the group without the `removed` candidates and with the `added` ones."""
        by_body = settings.body and not settings.subset
        buckets, ordered = dict(self.buckets), dict(self.ordered)

        def get_open_parts(candidate: Candidate) -> OpenParts:
            body = candidate.body if by_body and candidate.body else NO_BODY
            return candidate.query.open_names, candidate.headers.open_names, body.places

        removed_by_opening, added_by_opening = (
            group_by_key(removed, get_open_parts),
            group_by_key(added, get_open_parts),
        )
        for open_parts in {**removed_by_opening, **added_by_opening}:
            levels = _LEVELS[settings.query]
            before = buckets.pop(open_parts, None) or (PersistentMap(),) * len(levels)
            after = tuple(
                _update_buckets(
                    level_buckets,
                    removed_by_opening.get(open_parts, ()),
                    added_by_opening.get(open_parts, ()),
                    level,
                    by_body=by_body,
                )
                for level_buckets, level in zip(before, levels, strict=True)
            )
            if len(after[0]):
                buckets[open_parts] = after
            old, new = removed_by_opening.get(open_parts, ()), added_by_opening.get(open_parts, ())
            repeating = _update_ordered(ordered.pop(open_parts, None), old, new, by_body=by_body)
            if repeating is not None:
                ordered[open_parts] = repeating
        return LargeGroup(self.candidates.apply_changes(removed, added), buckets, ordered)


Group = SmallGroup | LargeGroup


def update_group(
    group: Group | None, removed: Collection[Candidate], added: Collection[Candidate], settings: MatchSettings
) -> Group | None:
    """Return the group without the `removed` candidates and with the `added` ones; None if it would be empty."""
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
    buckets: Buckets,
    removed: Collection[Candidate],
    added: Collection[Candidate],
    level: QueryFit,
    *,
    by_body: bool,
    ordered: bool = False,
) -> Buckets:
    def key(candidate: Candidate) -> BucketKey:
        body = candidate.body if by_body and candidate.body else NO_BODY
        repeats = candidate.query.repeats if ordered else ()
        return (*_build_query_key(candidate, level), *repeats), candidate.headers.key, body.key

    return update_by_key(
        buckets,
        removed,
        added,
        key,
        lambda bucket, old, new: persistent_list.update_items(bucket or (), old, new, _RANK) or None,
    )


def _update_ordered(
    buckets: Buckets | None, removed: Collection[Candidate], added: Collection[Candidate], *, by_body: bool
) -> Buckets | None:
    old, new = ([each for each in side if each.query.repeats] for side in (removed, added))
    if not old and not new:
        return buckets
    after = _update_buckets(buckets or PersistentMap(), old, new, QueryFit.EQUAL, by_body=by_body, ordered=True)
    return after if len(after) else None


def _build_query_key(candidate: Candidate, level: QueryFit) -> QueryKey:
    if level is QueryFit.EQUAL:
        return candidate.query.build_key()
    return candidate.query.fold().build_key() if level is QueryFit.FOLDED else ()


def _build_request_key(request: NormalRequest, open_names: frozenset[str], level: QueryFit) -> QueryKey:
    if level is QueryFit.EQUAL:
        return request.build_query_key(open_names)
    if level is QueryFit.FOLDED:
        return request.build_folded_query_key(frozenset(map(normal_forms.fold, open_names)))
    return ()
