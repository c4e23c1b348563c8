"""Groups of candidates that one line of the path table finds together, and the best candidate of a group.

The candidates of a small group are compared one by one; those of a large group are found by keys of query, headers and
body, so that a decision does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter

from understudy.matcher import normal_forms
from understudy.matcher.lookup import persistent_list
from understudy.matcher.lookup.persistent_list import PersistentList, SortedItems
from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key, update_by_key
from understudy.matcher.parts.bodies import NO_BODY, BodyPattern, BodyShape
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.headers import HeaderValues
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.queries import QueryKey
from understudy.matcher.scores import MAX_LOOSE_BODIES, PathLine, QueryFit
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.ids import OrderKey, compute_order_key

SMALL_GROUP_SIZE = 8  # up to this size, comparing costs no more than a look-up and takes far less memory

# What a candidate leaves open: query names, header names, and the shape of the body.
OpenParts = tuple[frozenset[str], frozenset[str], BodyShape]
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
_ORDER_KEY = attrgetter("order_key")


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
            matches = (_match(candidate, line, request) for candidate in self)
            return max(filter(None, matches), key=lambda match: match.order, default=None)
        best: Match | None = None
        for candidate in self:
            fit = candidate.compute_fit(request)
            if fit is not None and (best is None or fit > best.query_fit):
                best = Match(candidate, line, fit)
                if fit is QueryFit.EQUAL:
                    break
        return best


@dataclass(frozen=True, slots=True)
class LargeGroup:
    """Candidates in order of rank, best first, and in buckets of equal query, headers and body.

    A search makes one look-up for each distinct set of open parts and each query fit. Under subset matching, the
    buckets do not distinguish bodies. `ordered` has the candidates whose queries repeat names, and distinguishes the
    order of their values too. `loose` has the candidates whose bodies no key finds, newest first.
    """

    candidates: PersistentList[Candidate]
    buckets: Mapping[OpenParts, tuple[Buckets, ...]]
    ordered: Mapping[OpenParts, Buckets] = field(default_factory=dict)
    loose: SortedItems[Candidate] = ()

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
        matches += [_match(candidate, line, request) for candidate in islice(self.loose, MAX_LOOSE_BODIES)]
        return max(filter(None, matches), key=lambda match: match.order, default=None)

    def _search_ordered(self, open_parts: OpenParts, line: PathLine, request: NormalRequest) -> Match | None:
        """Return the best candidate whose query is equal in the order of repeated values too, or None."""
        closed = tuple(pair for pair in request.repeats if pair[0] not in open_parts[0])
        header_key = request.build_header_key(open_parts[1])
        body_key = b"" if request.settings.subset else request.build_body_key(open_parts[2])
        if body_key is None:
            return None
        key = (*request.build_query_key(open_parts[0]), *closed), header_key, body_key
        for candidate in self.ordered[open_parts].get(key) or ():
            fit = candidate.compute_fit(request)
            if fit is not None and fit >= QueryFit.WILD:
                return candidate.make_match(line, fit, request)
        return None

    def _search_buckets(self, open_parts: OpenParts, line: PathLine, request: NormalRequest) -> Match | None:
        body_key = b"" if request.settings.subset else request.build_body_key(open_parts[2])
        if body_key is None:
            return None
        header_key = request.build_header_key(open_parts[1])
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
        removed_by_opening, added_by_opening = (
            _group_by_open_parts(removed, by_body=by_body),
            _group_by_open_parts(added, by_body=by_body),
        )
        for open_parts in {**removed_by_opening, **added_by_opening}:
            old, new = removed_by_opening.get(open_parts, ()), added_by_opening.get(open_parts, ())
            levels = _LEVELS[settings.query]
            before = buckets.pop(open_parts, None) or (PersistentMap(),) * len(levels)
            after = tuple(
                _update_buckets(level_buckets, old, new, level)
                for level_buckets, level in zip(before, levels, strict=True)
            )
            if len(after[0]):
                buckets[open_parts] = after
            repeating = _update_ordered(ordered.pop(open_parts, None), old, new)
            if repeating is not None:
                ordered[open_parts] = repeating
        gone, come = (
            [each for each in side if _get_body(each, by_body=by_body).has_loose] for side in (removed, added)
        )
        loose = persistent_list.update_items(self.loose, gone, come, _ORDER_KEY) if gone or come else self.loose
        return LargeGroup(self.candidates.apply_changes(removed, added), buckets, ordered, loose)


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


Keyed = tuple[Candidate, bytes]  # a candidate, and the key of its body


def _match(candidate: Candidate, line: PathLine, request: NormalRequest) -> Match | None:
    fit = candidate.compute_fit(request)
    return None if fit is None else candidate.make_match(line, fit, request)


def _get_body(candidate: Candidate, *, by_body: bool) -> BodyPattern:
    return candidate.body if by_body and candidate.body else NO_BODY


def _group_by_open_parts(candidates: Collection[Candidate], *, by_body: bool) -> dict[OpenParts, list[Keyed]]:
    keyed = [(each, pattern) for each in candidates for pattern in _get_body(each, by_body=by_body).keyed]
    groups = group_by_key(keyed, lambda one: (one[0].query.open_names, one[0].headers.open_names, one[1].shape))
    return {open_parts: [(each, body.key) for each, body in group] for open_parts, group in groups.items()}


def _update_buckets(
    buckets: Buckets, removed: Collection[Keyed], added: Collection[Keyed], level: QueryFit, *, ordered: bool = False
) -> Buckets:
    def key(keyed: Keyed) -> BucketKey:
        candidate, body_key = keyed
        repeats = candidate.query.repeats if ordered else ()
        return (*_build_query_key(candidate, level), *repeats), candidate.headers.key, body_key

    def update(
        bucket: SortedItems[Candidate] | None, old: Collection[Keyed], new: Collection[Keyed]
    ) -> SortedItems[Candidate] | None:
        gone, come = ([candidate for candidate, _ in side] for side in (old, new))
        return persistent_list.update_items(bucket or (), gone, come, _RANK) or None

    return update_by_key(buckets, removed, added, key, update)


def _update_ordered(buckets: Buckets | None, removed: Collection[Keyed], added: Collection[Keyed]) -> Buckets | None:
    old, new = ([each for each in side if each[0].query.repeats] for side in (removed, added))
    if not old and not new:
        return buckets
    after = _update_buckets(buckets or PersistentMap(), old, new, QueryFit.EQUAL, ordered=True)
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
