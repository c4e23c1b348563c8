"""An immutable index of examples that decides which of them answers a request, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from matcher import nearest, search
from matcher.asked import Asked
from matcher.candidate import BodyOf, Candidate, Match, plain_bytes
from matcher.decision import Decision, NearMiss
from matcher.scores import PathLine, QueryFit
from matcher.selectors import NONE, Problem, Selectors, read
from matcher.settings import POSTMAN, MatchSettings
from matcher.tables import Tables, tables
from matcher.unanswered import BY_PATH, BareItem, bare_items
from matcher.variables import NO_VARIABLES, Variables
from matcher.variants import Variants
from store.entities import Example
from store.errors import UnderstudyError
from store.messages import Origin, Request

Realm = tuple[str, Origin | None]  # the method, and the origin where hosts are compared
READING_ERRORS = (UnderstudyError, OSError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Unusable:
    """An example, or the last of a sequence, that could not be read, and why: it answers nothing."""

    example: Example
    reason: str


def compile_index(
    examples: Iterable[Example],
    settings: MatchSettings = POSTMAN,
    *,
    body_of: BodyOf = plain_bytes,
    variables: Variables = NO_VARIABLES,
    items: Iterable[BareItem] = (),
) -> Index:
    """Compile examples, in any order, into an index; `items` are the request items without one.

    `variables` are those in force, put into the requests of examples that are not literal. `body_of` is called if the
    settings compare bodies, and for bodies in the store where a request may ask for that. An example for which it
    raises an UnderstudyError, OSError or ValueError is left out and listed in `Index.unusable`; other errors are the
    caller's.
    """
    candidates: list[Candidate] = []
    unusable: list[Unusable] = []
    for together in _sequences(examples):
        try:
            candidates.append(Candidate.of(together, settings, body_of, variables))
        except READING_ERRORS as error:
            unusable.append(Unusable(together[-1], str(error)))
    candidates.sort(key=lambda candidate: candidate.id, reverse=True)
    return Index(tuple(candidates), settings, tuple(unusable), bare_items(items, variables))


def _sequences(examples: Iterable[Example]) -> Iterator[tuple[Example, ...]]:
    found: defaultdict[str, list[Example]] = defaultdict(list)
    for example in sorted(examples, key=lambda example: example.id):
        if example.sequence is None:
            yield (example,)
        else:
            found[example.sequence].append(example)
    yield from map(tuple, found.values())


class Index:
    """Candidates, newest first, with the look-ups that find the best of them. Never changes once made.

    What only some requests ask for (a status, a name, other headers) is looked up in indexes of its own, made when the
    first of them asks, and kept.
    """

    __slots__ = ("_names", "_realms", "_spread", "_variants", "bare", "candidates", "settings", "unusable")

    def __init__(
        self,
        candidates: tuple[Candidate, ...],
        settings: MatchSettings,
        unusable: tuple[Unusable, ...] = (),
        bare: tuple[Candidate, ...] = (),
    ) -> None:
        self.candidates = candidates
        self.settings = settings
        self.unusable = unusable
        self.bare = bare
        self._names = settings.compared_headers()
        by_realm: defaultdict[Realm, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            by_realm[self._realm(candidate.method, candidate.origin)].append(candidate)
        self._realms: dict[Realm, Tables] = {realm: tables(each, settings) for realm, each in by_realm.items()}
        self._spread = nearest.Spread(candidates)
        self._variants = Variants()

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def header_lists(self) -> int:
        """How many lists of headers, named by requests, have look-ups of their own."""
        return len(self._variants.header_lists(self))

    def under(self, settings: MatchSettings) -> Index:
        """The same candidates under settings that differ in host, headers, and whether bodies are compared."""
        return self.among(self.candidates, settings)

    def among(self, candidates: tuple[Candidate, ...], settings: MatchSettings | None = None) -> Index:
        """An index of some of the candidates, newest first, under these settings or its own."""
        settings = settings or self.settings
        kept: list[Candidate] = []
        unusable = list(self.unusable)
        for candidate in candidates:
            try:
                kept.append(candidate.under(settings))
            except READING_ERRORS as error:
                unusable.append(Unusable(candidate.example, str(error)))
        return Index(tuple(kept), settings, tuple(unusable), self.bare)

    def decide(self, request: Request) -> Decision:
        """The best candidate for a request whose body is bytes, or a miss; any other bytes give a decision too.

        HEAD is decided among HEAD examples, and on a miss as GET. A selector header that cannot be read is the
        decision's `problem`.
        """
        chosen = read(request.headers) if self.settings.selectors else NONE
        if chosen is NONE:
            return self._decide(request, NONE)
        if isinstance(chosen, Problem):
            return Decision(self.asked(request, (request.method,)), None, self, problem=chosen)
        return self._variants.index(self, request, chosen)._decide(request, chosen)

    def near_misses(self, asked: Asked) -> tuple[NearMiss, ...]:
        """The nearest three of at most 1,000 candidates, nearest first, then newest first."""
        asked = asked.answered_by(_methods(asked.request))
        around, meant = self.around(asked), self._variants.by_id(self, asked.chosen)
        if meant is not None:
            # The example asked for by its id, on its own, in the place of the sequence it is part of.
            around = [meant, *(each for each in around if meant.example not in each.examples)]
        return nearest.near_misses(around, asked)

    def runners_up(self, asked: Asked, winner: Match) -> tuple[Match, ...]:
        """The best three of at most 1,000 candidates that fit beside the winner, best first."""
        asked = asked.answered_by((winner.candidate.method,))
        found = self.with_status(asked.chosen.code)._found(asked)
        matches = search.distant_matches if winner.path_line is PathLine.DISTANCE else search.matches
        return nearest.runners_up(matches(found, asked), winner) if found else ()

    def without_example(self, asked: Asked) -> str | None:
        """The name of the request item without an example that the request's method and path fit best."""
        by_path = Asked(asked.request, BY_PATH, _methods(asked.request))
        fitting = filter(None, (candidate.match(by_path) for candidate in self.bare))
        best = max(fitting, key=lambda match: match.order, default=None)
        return best.candidate.example.name if best else None

    def with_status(self, code: int | None) -> Index:
        """The index of the examples that answer with this status; this one for None."""
        return self if code is None else self._variants.with_status(self, code)

    def asked(self, request: Request, methods: tuple[str, ...], chosen: Selectors = NONE) -> Asked:
        """The request under this index's settings."""
        return Asked(request, self.settings, methods, chosen, self._names)

    def fitting(self, asked: Asked) -> Iterator[Candidate]:
        """Every candidate of the request's method and host whose path fits by some line; one can come again."""
        found = self._found(asked)
        yield from found.all_fitting(asked) if found else ()

    def around(self, asked: Asked) -> list[Candidate]:
        """At most 1,000 candidates worth explaining, newest first within each kind."""
        realms = sorted(self._realms, key=lambda each: (each[0] not in asked.methods, each[1] != asked.request.origin))
        return self._spread.around(asked, (each for realm in realms for each in self._realms[realm].all_fitting(asked)))

    def _decide(self, request: Request, chosen: Selectors) -> Decision:
        index = self.with_status(chosen.code)
        asked = self.asked(request, (request.method,), chosen)
        match = index._match(asked)
        if match is None and request.method == "HEAD":
            match = index._match(asked.answered_by(("GET",)))
            return Decision(asked, match, self, match is not None)
        return Decision(asked, match, self)

    def _match(self, asked: Asked) -> Match | None:
        if asked.chosen.named:
            candidate = self._named(asked, asked.chosen)
            return None if candidate is None else Match(candidate, None, QueryFit.OFF)
        found = self._found(asked)
        return search.best(found, asked) if found else None

    def _named(self, asked: Asked, chosen: Selectors) -> Candidate | None:
        if chosen.id is None:
            return self._variants.by_name(self, asked, chosen.name or "")
        found = self._variants.by_id(self, chosen)
        realm = self._realm(asked.methods[0], asked.request.origin)
        return found if found and self._realm(found.method, found.origin) == realm else None

    def _found(self, asked: Asked) -> Tables | None:
        return self._realms.get(self._realm(asked.methods[0], asked.request.origin))

    def _realm(self, method: str, origin: Origin | None) -> Realm:
        return method, origin if self.settings.host else None


def _methods(request: Request) -> tuple[str, ...]:
    return ("HEAD", "GET") if request.method == "HEAD" else (request.method,)
