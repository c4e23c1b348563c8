"""Near misses and runners-up, chosen from a bounded number of candidates, only when an explanation is needed."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from operator import attrgetter

from understudy.matcher.decision import Difference, NearMiss
from understudy.matcher.explanation.differences import explain_differences
from understudy.matcher.explanation.distances import compute_distance, estimate_distance
from understudy.matcher.explanation.hidden_bodies import Secrets, find_secret_places
from understudy.matcher.lookup.persistent_list import PersistentList
from understudy.matcher.lookup.persistent_map import group_by_key
from understudy.matcher.parts.candidate import Candidate, Match, MatchOrder
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.paths import TEXT_KEYS
from understudy.matcher.scores import (
    MAX_COMPARED,
    MAX_EXAMINED,
    MAX_LOOSE_BODIES,
    MAX_NEAR_MISSES,
    PathLine,
    RequestPart,
)
from understudy.store.model.values import replace

NOT_COMPARED = Difference(
    RequestPart.BODY,
    f"one of the newest {MAX_LOOSE_BODIES} bodies with {{{{name}}}} inside texts on this path",
    "an older one, which is not compared",
)
UNEXPLAINED = Difference(
    RequestPart.PATH,
    "(nothing else)",
    "(nothing else)",
    "no difference was found, although the example does not answer: this is a bug of Understudy, please report it",
)
PoolKey = tuple[str, int]  # method and number of segments


class CandidatePool:
    """All candidates of an index, newest first, by method and number of segments. Immutable."""

    __slots__ = ("_groups",)

    def __init__(self) -> None:
        self._groups: dict[PoolKey, PersistentList[Candidate]] = {}

    def apply_changes(self, removed: Iterable[Candidate], added: Iterable[Candidate]) -> CandidatePool:
        """Return the pool without the `removed` candidates and with the `added` ones."""
        removed_by_key, added_by_key = group_by_key(removed, _get_pool_key), group_by_key(added, _get_pool_key)
        after = CandidatePool()
        after._groups = dict(self._groups)
        for key in {**removed_by_key, **added_by_key}:
            before = after._groups.pop(key, None) or PersistentList(attrgetter("order_key"))
            candidates = before.apply_changes(removed_by_key.get(key, ()), added_by_key.get(key, ()))
            if candidates:
                after._groups[key] = candidates
        return after

    def find_nearby(self, request: NormalRequest, fitting: Iterable[Candidate]) -> list[Candidate]:
        """Return candidates worth explaining, each once, at most 1,000; up to half of them have a path that fits."""
        size = _count_segments(request.path)
        # The number of segments comes first, then the method; the list of each key exists already.
        keys = sorted(self._groups, key=lambda key: (key[1] != size, key[0] not in request.methods, key))
        others = (candidate for key in keys for candidate in self._groups[key])
        return list(dict.fromkeys(islice(chain(islice(fitting, MAX_EXAMINED // 2), others), MAX_EXAMINED)))


def select_near_misses(candidates: Iterable[Candidate], request: NormalRequest) -> tuple[NearMiss, ...]:
    """Return the nearest three candidates with their differences, nearest first, then newest first."""
    newest_first = sorted(candidates, key=attrgetter("order_key"), reverse=True)
    first_distance = partial(compute_distance if request.selectors.is_named else estimate_distance, request=request)
    likely = sorted(
        heapq.nsmallest(MAX_COMPARED, newest_first, key=first_distance), key=attrgetter("order_key"), reverse=True
    )
    nearest = heapq.nsmallest(MAX_NEAR_MISSES, likely, key=partial(compute_distance, request=request))
    # A secret of one request must not be shown beside another.
    secret = find_secret_places([request.original, *(candidate.request for candidate in nearest)])
    secret |= frozenset(chain.from_iterable(candidate.example.redacted for candidate in likely))
    return tuple(NearMiss(candidate, _explain(candidate, request, secret)) for candidate in nearest)


def _explain(candidate: Candidate, request: NormalRequest, secret: Secrets) -> tuple[Difference, ...]:
    found = explain_differences(candidate, request, secret)
    return found or ((NOT_COMPARED,) if _may_be_uncompared(candidate, request) else (UNEXPLAINED,))


def _may_be_uncompared(candidate: Candidate, request: NormalRequest) -> bool:
    """Return whether the body is one of those of which only the newest are compared."""
    return request.settings.body and candidate.body is not None and candidate.body.has_loose


def select_runners_up(matches: Iterator[Match | None], winner: Match, request: NormalRequest) -> tuple[Match, ...]:
    """Return the best three of at most 1,000 candidates that fit beside the winner, best first."""

    def order(match: Match) -> tuple[int, bool, MatchOrder]:
        return match.score, match.candidate.method == request.original.method, match.order

    won = winner.candidate.examples
    others = (match for match in islice(matches, MAX_EXAMINED) if match and match.candidate.examples is not won)
    return tuple(heapq.nlargest(MAX_NEAR_MISSES, others, key=order))


def select_match_by_ids(candidates: Iterable[Candidate], request: NormalRequest) -> Match | None:
    """Return the best match if ids found every example; None without one, and for exact paths."""
    settings, loosest = request.settings, TEXT_KEYS[PathLine.SLASHES_IDS]
    key = loosest(request.path)
    if key is None or settings.ids or settings.exact_path:
        return None
    changed = request.change_settings(replace(settings, ids=True))
    alike = (each for each in candidates if loosest(each.path.text) == key)
    matches = (candidate.match(changed) for candidate in islice(alike, MAX_COMPARED))
    return max(filter(None, matches), key=attrgetter("order"), default=None)


def _get_pool_key(candidate: Candidate) -> PoolKey:
    return candidate.method, _count_segments(candidate.path.text)


def _count_segments(text: str) -> int:
    return text.rstrip("/").count("/")
