"""What nearly answered: a bounded number of candidates is looked at, and only when someone asks."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from operator import attrgetter

from understudy.matcher.decision import NearMiss
from understudy.matcher.explanation.body_differences import LONGEST
from understudy.matcher.explanation.differences import differences
from understudy.matcher.explanation.distances import distance, rough_distance
from understudy.matcher.lookup.persistent_list import Ordered
from understudy.matcher.lookup.persistent_map import by_key
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.scores import LIKELY, LOOKED_AT, NEAREST
from understudy.store.model.exchanges import Redacted
from understudy.store.model.messages import Request
from understudy.store.redaction.redactor import BUILT_IN

Kind = tuple[str, int]  # method, and number of segments


class Spread:
    """All candidates of an index, newest first, by method and number of segments. Never changes."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[Kind, Ordered[Candidate]] = {}

    def changed(self, gone: Iterable[Candidate], come: Iterable[Candidate]) -> Spread:
        """Without the candidates that are gone and with those that come."""
        out, into = by_key(gone, _kind), by_key(come, _kind)
        after = Spread()
        after._kinds = dict(self._kinds)
        for kind in {**out, **into}:
            before = after._kinds.pop(kind, None) or Ordered(attrgetter("place"))
            candidates = before.changed(out.get(kind, ()), into.get(kind, ()))
            if candidates:
                after._kinds[kind] = candidates
        return after

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
    # What is secret in one request is not shown beside another.
    secret = secret_places([asked.request, *(candidate.request for candidate in nearest)])
    secret |= frozenset(chain.from_iterable(candidate.example.redacted for candidate in likely))
    return tuple(NearMiss(candidate, differences(candidate, asked, secret)) for candidate in nearest)


def secret_places(requests: Iterable[Request]) -> frozenset[Redacted]:
    """The places of these requests at which there are secrets; of bodies that are too long to be shown, none."""
    return frozenset().union(*(BUILT_IN.request(request, _shown_body(request))[1] for request in requests))


def _shown_body(request: Request) -> bytes:
    return request.body if isinstance(request.body, bytes) and len(request.body) <= LONGEST else b""


def runners_up(matches: Iterator[Match | None], winner: Match) -> tuple[Match, ...]:
    """The best three of at most 1,000 candidates that fit beside the winner, best first."""
    won = winner.candidate.examples
    others = (match for match in islice(matches, LOOKED_AT) if match and match.candidate.examples is not won)
    return tuple(heapq.nlargest(NEAREST, others, key=lambda match: match.order))


def _kind(candidate: Candidate) -> Kind:
    return candidate.method, _size(candidate.path.text)


def _size(text: str) -> int:
    return text.rstrip("/").count("/")
