"""An immutable index of examples that decides which of them answers a request, however many there are."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from matcher.asked import Asked
from matcher.candidate import BodyOf, Candidate, Match
from matcher.decision import Decision, NearMiss
from matcher.differences import differences, distance, rough_distance
from matcher.scores import LIKELY, LOOKED_AT, NEAREST, QueryFit
from matcher.settings import POSTMAN, MatchSettings, QueryRule
from matcher.tables import Tables, tables
from store.entities import Example
from store.errors import UnderstudyError
from store.messages import Body, Origin, Request

Realm = tuple[str, Origin | None]  # the method, and the origin where hosts are compared


@dataclass(frozen=True, slots=True)
class Unusable:
    """An example, or the last of a sequence, that could not be read, and why: it answers nothing."""

    example: Example
    reason: str


def plain_bytes(body: Body) -> bytes:
    """The bytes of a body that is kept as bytes; raises TypeError for a reference into the store."""
    if not isinstance(body, bytes):
        raise TypeError("comparing bodies needs body_of, which reads a BodyRef from the store")
    return body


def compile_index(
    examples: Iterable[Example], settings: MatchSettings = POSTMAN, *, body_of: BodyOf = plain_bytes
) -> Index:
    """Compile examples, in any order, into an index.

    `body_of` is called only if the settings compare bodies. An example for which it raises an UnderstudyError, OSError
    or ValueError is left out and listed in `Index.unusable`; other errors are the caller's.
    """
    candidates: list[Candidate] = []
    unusable: list[Unusable] = []
    for together in _sequences(examples):
        try:
            candidates.append(Candidate.of(together, settings, body_of))
        except (UnderstudyError, OSError, ValueError) as error:
            unusable.append(Unusable(together[-1], str(error)))
    candidates.sort(key=lambda candidate: candidate.id, reverse=True)
    return Index(tuple(candidates), settings, tuple(unusable))


def _sequences(examples: Iterable[Example]) -> Iterator[tuple[Example, ...]]:
    found: defaultdict[str, list[Example]] = defaultdict(list)
    for example in sorted(examples, key=lambda example: example.id):
        if example.sequence is None:
            yield (example,)
        else:
            found[example.sequence].append(example)
    yield from map(tuple, found.values())


class Index:
    """Candidates, newest first, with the look-ups that find the best of them. Never changes once made."""

    __slots__ = ("_best_query", "_realms", "_spread", "candidates", "settings", "unusable")

    def __init__(
        self, candidates: tuple[Candidate, ...], settings: MatchSettings, unusable: tuple[Unusable, ...] = ()
    ) -> None:
        self.candidates = candidates
        self.settings = settings
        self.unusable = unusable
        self._best_query = QueryFit.OFF if settings.query is QueryRule.OFF else QueryFit.EQUAL
        by_realm: defaultdict[Realm, list[Candidate]] = defaultdict(list)
        self._spread: defaultdict[tuple[str, int], list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            by_realm[self._realm(candidate.method, candidate.origin)].append(candidate)
            self._spread[candidate.method, _size(candidate.path.text)].append(candidate)
        self._realms: dict[Realm, Tables] = {realm: tables(each, settings) for realm, each in by_realm.items()}

    def __len__(self) -> int:
        return len(self.candidates)

    def decide(self, request: Request) -> Decision:
        """The best candidate for a request whose body is bytes, or a miss; any other bytes give a decision too.

        HEAD is decided among HEAD examples, and on a miss as GET.
        """
        match = self._best(Asked(request, self.settings, (request.method,)))
        if match is None and request.method == "HEAD":
            match = self._best(Asked(request, self.settings, ("GET",)))
            return Decision(request, match, self, as_get=match is not None)
        return Decision(request, match, self)

    def near_misses(self, request: Request) -> tuple[NearMiss, ...]:
        """The nearest three of at most 1,000 candidates, nearest first, then newest first."""
        methods = ("HEAD", "GET") if request.method == "HEAD" else (request.method,)
        asked = Asked(request, self.settings, methods)
        newest_first = sorted(self._around(asked), key=lambda candidate: candidate.id, reverse=True)
        likely = heapq.nsmallest(LIKELY, newest_first, key=lambda candidate: rough_distance(candidate, asked))
        nearest = heapq.nsmallest(NEAREST, likely, key=lambda candidate: distance(candidate, asked))
        # What is secret in one example is not shown beside another.
        secret = frozenset(chain.from_iterable(candidate.example.redacted for candidate in likely))
        return tuple(NearMiss(candidate, differences(candidate, asked, secret)) for candidate in nearest)

    def runners_up(self, request: Request, winner: Match) -> tuple[Match, ...]:
        """The best three of at most 1,000 candidates that fit beside the winner, best first."""
        asked = Asked(request, self.settings, (winner.candidate.method,))
        matches = islice(self._matches(asked), LOOKED_AT)
        others = (match for match in matches if match and match.candidate is not winner.candidate)
        return tuple(heapq.nlargest(NEAREST, others, key=lambda match: match.order))

    def _matches(self, asked: Asked) -> Iterator[Match | None]:
        """Each candidate whose path fits, by its first line; None where query or body put it out."""
        found = self._realms.get(self._realm(asked.methods[0], asked.request.origin))
        seen: set[Candidate] = set()
        for line, group in found.fitting(asked) if found else ():
            for candidate in group.candidates:
                if candidate not in seen:
                    seen.add(candidate)
                    fit = candidate.fit(asked)
                    yield None if fit is None else Match(candidate, line, fit)

    def _realm(self, method: str, origin: Origin | None) -> Realm:
        return method, origin if self.settings.host else None

    def _best(self, asked: Asked) -> Match | None:
        found = self._realms.get(self._realm(asked.methods[0], asked.request.origin))
        if found is None:
            return None
        best: Match | None = None
        for line, group in found.fitting(asked):
            # What is left has fewer points for its path, or as many: not even a query that is equal can win then.
            if best is not None and best.score >= line + self._best_query and line < best.path_line:
                break
            match = group.best(line, asked)
            if match is not None and (best is None or match.order > best.order):
                best = match
        return best

    def _around(self, asked: Asked) -> Iterator[Candidate]:
        """Candidates worth explaining, likely ones first, each once: at most 1,000."""
        realms = (self._realms[realm] for realm in self._nearest_realms(asked))
        fitting = (candidate for each in realms for _, group in each.fitting(asked) for candidate in group.candidates)
        size = _size(asked.text)
        # The same method before others, then the number of segments: each of these is a list made beforehand.
        kinds = sorted(self._spread, key=lambda kind: (kind[1] != size, kind[0] not in asked.methods, kind))
        others = (candidate for kind in kinds for candidate in self._spread[kind])
        return iter(dict.fromkeys(islice(chain(islice(fitting, LOOKED_AT // 2), others), LOOKED_AT)))

    def _nearest_realms(self, asked: Asked) -> list[Realm]:
        return sorted(self._realms, key=lambda realm: (realm[0] not in asked.methods, realm[1] != asked.request.origin))


def _size(text: str) -> int:
    return text.rstrip("/").count("/")
