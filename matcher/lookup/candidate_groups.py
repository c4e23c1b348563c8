"""Groups of candidates that one line of the path table finds together, and the best candidate of a group.

The candidates of a small group are compared one by one; those of a large group are found by keys of query, headers and
body, so that a decision does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from operator import attrgetter

import msgspec

from understudy.matcher import normal_forms
from understudy.matcher.lookup import persistent_list, ties
from understudy.matcher.lookup.persistent_list import PersistentList, SortedItems
from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key, update_by_key
from understudy.matcher.lookup.range_index import RangeIndex
from understudy.matcher.lookup.ties import TieIndex
from understudy.matcher.parts.bodies import NO_BODY, BodyPattern, BodyShape
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.eligibility import Term, TermKey, TermKind
from understudy.matcher.parts.headers import HeaderValues, OpenHeaders
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.queries import QueryKey
from understudy.matcher.scores import MAX_LOOSE_BODIES, PathLine, QueryFit
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.ids import OrderKey, compute_order_key

SMALL_GROUP_SIZE = 8  # up to this size, comparing costs no more than a look-up and takes far less memory
MAX_TIES = 1_000  # sets of tied candidates whose look-ups are kept: each costs memory


class OpenParts(msgspec.Struct, frozen=True):
    """What the candidates of some buckets leave open: query names, header names, and the shape of the body.

    `terms` is the kind of their terms: what else a request must have. `is_keyed`: equal keys prove equal queries.
    `has_wildcards`: a value of the query is open because of a wildcard, which has fewer points than a redacted one.
    """

    query: frozenset[str]
    headers: OpenHeaders
    body: BodyShape
    terms: TermKind
    is_keyed: bool = True
    has_wildcards: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether every candidate of a bucket fits in the same way, which its key proves."""
        return self.is_keyed and not self.terms.within


BucketKey = tuple[QueryKey, HeaderValues, bytes, TermKey]  # the keys of query, headers, body and terms
Buckets = PersistentMap[BucketKey, SortedItems[Candidate]]
TieKey = tuple[OpenParts, QueryFit, BucketKey]

# The query fits that each rule admits, best first; each has its own buckets.
_LEVELS = {
    QueryRule.PREFER: (QueryFit.EQUAL, QueryFit.FOLDED, QueryFit.UNEQUAL),
    QueryRule.REQUIRE: (QueryFit.EQUAL, QueryFit.FOLDED),
    QueryRule.EXACT: (QueryFit.EQUAL,),
    QueryRule.OFF: (QueryFit.OFF,),
}
# The least fit of a candidate from the buckets of each fit: one with a wildcard reaches only WILD.
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

    def list_negotiating_names(self, settings: MatchSettings) -> tuple[str, ...]:
        """Return the headers that break ties in this group."""
        return ties.list_negotiating_names(self, settings)

    def find_best(self, line: PathLine, request: NormalRequest) -> Match | None:
        """Return the best candidate that fits the request, whose path fits by `line`, or None."""
        tied, best = select_tied(self, request)
        if len(tied) < 2 or best is None:
            return Match(tied[0], line, best) if best is not None else None
        return ties.choose_preferred(tied, line, best, request, self.list_negotiating_names(request.settings))


def select_tied(
    candidates: Iterable[Candidate], request: NormalRequest, floor: QueryFit = QueryFit.UNEQUAL
) -> tuple[list[Candidate], QueryFit | None]:
    """Return the best of candidates in order of rank that fit at least so well, all that tie with it, and their fit."""
    tied: list[Candidate] = []
    best: QueryFit | None = None
    for candidate in candidates:
        if best is QueryFit.EQUAL and candidate.rank[:2] != tied[0].rank[:2]:
            break
        fit = candidate.compute_fit(request)
        if fit is None or fit < floor:
            continue
        if best is None or fit > best:
            tied, best = [candidate], fit
        elif fit is best and candidate.rank[:2] == tied[0].rank[:2]:
            tied.append(candidate)
    return tied, best


@dataclass(frozen=True, slots=True)
class LargeGroup:
    """Candidates in order of rank, best first, and in buckets of equal query, headers, body and terms.

    A search makes one look-up for each distinct set of open parts and each query fit. Under subset matching, the
    buckets do not distinguish bodies. `known_names` has the negotiating headers once they were asked for, `known_ties`
    the look-ups among tied candidates that requests have caused. `loose` has the candidates whose bodies no key finds,
    newest first.
    """

    candidates: PersistentList[Candidate]
    buckets: Mapping[OpenParts, tuple[Buckets, ...]]
    loose: SortedItems[Candidate] = ()
    known_names: list[tuple[str, ...]] = field(default_factory=list, compare=False)
    known_ties: dict[TieKey, TieIndex] = field(default_factory=dict, compare=False)
    known_ranges: dict[TieKey, RangeIndex] = field(default_factory=dict, compare=False)

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

    def list_negotiating_names(self, settings: MatchSettings) -> tuple[str, ...]:
        """Return the headers that break ties in this group."""
        if not self.known_names:
            self.known_names.append(ties.list_negotiating_names(self.candidates, settings))
        return self.known_names[0]

    def find_best(self, line: PathLine, request: NormalRequest) -> Match | None:
        """Return the best candidate that fits the request, whose path fits by `line`, or None."""
        found = [self._search_buckets(open_parts, line, request) for open_parts in self.buckets]
        if self.loose:
            found.append(self._compare_loose(line, request))
        matches = [match for match in found if match is not None]
        if len(matches) < 2:
            return matches[0] if matches else None
        return ties.choose_best(matches, request, self.list_negotiating_names(request.settings))

    def _compare_loose(self, line: PathLine, request: NormalRequest) -> Match | None:
        newest = sorted(islice(self.loose, MAX_LOOSE_BODIES), key=_RANK, reverse=True)
        tied, best = select_tied(newest, request)
        if best is None:
            return None
        names = self.list_negotiating_names(request.settings) if len(tied) > 1 else ()
        return ties.choose_preferred(tied, line, best, request, names)

    def _search_buckets(self, open_parts: OpenParts, line: PathLine, request: NormalRequest) -> Match | None:
        term_key = request.build_term_key(open_parts.terms)
        if term_key is None:
            return None
        body_key = b"" if request.settings.subset else request.build_body_key(open_parts.body)
        if body_key is None:
            return None
        header_key = request.build_header_key(open_parts.headers)
        levels = _LEVELS[request.settings.query]
        for level, buckets in zip(levels, self.buckets[open_parts], strict=True):
            key = _build_request_key(request, open_parts.query, level), header_key, body_key, term_key
            bucket = buckets.get(key)
            match = self._choose(bucket, (open_parts, level, key), line, request) if bucket else None
            if match is not None:
                return match
        return None

    def _choose(
        self, bucket: SortedItems[Candidate], key: TieKey, line: PathLine, request: NormalRequest
    ) -> Match | None:
        """Return the match of the preferred candidate of a bucket, or None."""
        open_parts, level, _ = key
        first = next(iter(bucket))
        if open_parts.is_certain and not (request.settings.body and not _is_proved(first, request)):
            fit = first.compute_fit(request)
            if fit is None or fit < _FLOORS[level]:
                return None
            if len(bucket) == 1:
                return Match(first, line, fit)
            return self._choose_among(bucket, key, line, fit, request)
        # A name may have one open value and one spelled out, so the key alone does not prove the fit.
        fitting = self._find_covering(bucket, key, request) if open_parts.terms.within else bucket
        tied, best = select_tied(fitting, request, _FLOORS[level])
        if best is None:
            return None
        names = self.list_negotiating_names(request.settings) if len(tied) > 1 else ()
        return ties.choose_preferred(tied, line, best, request, names)

    def _find_covering(
        self, bucket: SortedItems[Candidate], key: TieKey, request: NormalRequest
    ) -> Iterable[Candidate]:
        """Return the partial responses of a bucket that hold the range that is asked for."""
        if len(bucket) <= ties.FEW or request.requested_range is None:
            return bucket
        index = self.known_ranges.get(key)
        if index is None:
            if len(self.known_ranges) >= MAX_TIES:
                self.known_ranges.clear()
            index = self.known_ranges[key] = RangeIndex(bucket)
        return index.find_covering(request.requested_range)

    def _choose_among(
        self, bucket: SortedItems[Candidate], key: TieKey, line: PathLine, fit: QueryFit, request: NormalRequest
    ) -> Match:
        index = self.known_ties.get(key)
        names = self.list_negotiating_names(request.settings)
        if index is None:
            tied = list(islice(_iterate_tied(bucket), ties.FEW + 1))
            if len(tied) <= ties.FEW:
                return ties.choose_preferred(tied, line, fit, request, names)
            if len(self.known_ties) >= MAX_TIES:
                self.known_ties.clear()
            index = self.known_ties[key] = TieIndex.merge([list(_iterate_tied(bucket))], names)
        return index.find_preferred(line, fit, request)

    def apply_changes(
        self, removed: Collection[Candidate], added: Collection[Candidate], settings: MatchSettings
    ) -> LargeGroup:
        """Return the group without the `removed` candidates and with the `added` ones."""
        by_body = settings.body and not settings.subset
        buckets = dict(self.buckets)
        removed_by_opening, added_by_opening = (_group_by_opening(each, by_body=by_body) for each in (removed, added))
        for open_parts in {**removed_by_opening, **added_by_opening}:
            levels = _LEVELS[settings.query]
            before = buckets.pop(open_parts, None) or (PersistentMap(),) * len(levels)
            old, new = removed_by_opening.get(open_parts, ()), added_by_opening.get(open_parts, ())
            after = tuple(
                _update_buckets(level_buckets, old, new, level)
                for level_buckets, level in zip(before, levels, strict=True)
            )
            if len(after[0]):
                buckets[open_parts] = after
        gone, come = (
            [each for each in side if _get_body(each, by_body=by_body).has_loose] for side in (removed, added)
        )
        loose = persistent_list.update_items(self.loose, gone, come, _ORDER_KEY) if gone or come else self.loose
        changed = LargeGroup(self.candidates.apply_changes(removed, added), buckets, loose)
        self._warm(changed, settings)
        return changed

    def _warm(self, after: LargeGroup, settings: MatchSettings) -> None:
        """Build for the changed group what requests have caused in this one, so that the next one does not wait."""
        if not self.known_names or not after.candidates:
            return
        names, levels = after.list_negotiating_names(settings), _LEVELS[settings.query]
        for key, index in list(self.known_ties.items()):
            open_parts, level, bucket_key = key
            place = levels.index(level)
            before = self.buckets[open_parts][place].get(bucket_key)
            bucket = after.buckets[open_parts][place].get(bucket_key) if open_parts in after.buckets else None
            if bucket is before and names == index.names:
                after.known_ties[key] = index
            elif bucket:
                after.known_ties[key] = TieIndex.merge([list(_iterate_tied(bucket))], names)
                after.known_ties[key].warm_like(index)


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


TermedCandidate = tuple[Candidate, Term, BodyPattern]  # a candidate by one of its terms and one pattern of its body


def _get_body(candidate: Candidate, *, by_body: bool) -> BodyPattern:
    return candidate.compared_body.require_pattern() if by_body else NO_BODY


def _group_by_opening(
    candidates: Collection[Candidate], *, by_body: bool
) -> Mapping[OpenParts, Sequence[TermedCandidate]]:
    """Return the candidates with each of their terms and keyed bodies, by what these leave open."""

    def get_open_parts(termed: TermedCandidate) -> OpenParts:
        candidate, term, body = termed
        query, headers = candidate.query, candidate.headers.open_headers
        return OpenParts(query.open_names, headers, body.shape, term.kind, query.is_keyed, query.has_wildcards)

    termed = (
        (each, term, body)
        for each in candidates
        for term in each.eligibility.terms
        for body in _get_body(each, by_body=by_body).keyed
    )
    return group_by_key(termed, get_open_parts)


def _update_buckets(
    buckets: Buckets, removed: Sequence[TermedCandidate], added: Sequence[TermedCandidate], level: QueryFit
) -> Buckets:
    def key(termed: TermedCandidate) -> BucketKey:
        candidate, term, body = termed
        return _build_query_key(candidate, level), candidate.headers.key, body.key, term.key

    def update(
        bucket: SortedItems[Candidate] | None, old: Collection[TermedCandidate], new: Collection[TermedCandidate]
    ) -> SortedItems[Candidate] | None:
        sides = [each for each, *_ in old], [each for each, *_ in new]
        return persistent_list.update_items(bucket or (), *sides, _RANK) or None

    return update_by_key(buckets, removed, added, key, update)


def _iterate_tied(bucket: SortedItems[Candidate]) -> Iterator[Candidate]:
    """Yield the first candidate of a bucket and all that tie with it."""
    rank = next(iter(bucket)).rank[:2]
    return takewhile(lambda candidate: candidate.rank[:2] == rank, bucket)


def _is_proved(candidate: Candidate, request: NormalRequest) -> bool:
    """Return whether the key of a bucket proves that the bodies of all its candidates fit, if this one's does."""
    body = candidate.compared_body.require_pattern().select_pattern(request.body_type)
    return (body is None or body.form is None) and not request.settings.subset


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
