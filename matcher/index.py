"""An immutable index of examples that decides which of them answers a request, however many there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from operator import attrgetter

from understudy.matcher.decision import Decision, NearMiss
from understudy.matcher.explanation import near_misses
from understudy.matcher.lookup import search
from understudy.matcher.lookup.bare_items import BY_PATH, BareItem, bare_items
from understudy.matcher.lookup.by_name import Named
from understudy.matcher.lookup.index_source import Change, Source, Unusable
from understudy.matcher.lookup.method_tables import Tables
from understudy.matcher.lookup.persistent_list import Ordered
from understudy.matcher.lookup.persistent_map import by_key
from understudy.matcher.mock_headers import NONE, Problem, Selectors, read
from understudy.matcher.parts.candidate import BodyOf, Candidate, Match, plain_bytes
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.scores import HEADER_LISTS, PathLine, QueryFit
from understudy.matcher.settings import POSTMAN, PROMOTED, MatchSettings
from understudy.matcher.variables import NO_VARIABLES, Variables
from understudy.store.model.collections import Example
from understudy.store.model.messages import Origin, Request

Realm = tuple[str, Origin | None]  # the method, and the origin where hosts are compared


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
    caller's. The index keeps `body_of` and `variables` for `Index.changed`.
    """
    return Index(Source(settings, body_of, variables)).changed((), examples, items)


class Index:
    """Candidates, newest first, with the look-ups that find the best of them. Never changes once made.

    What only some requests ask for (a status, a name, other headers) is looked up in indexes of its own, made when the
    first of them asks, and kept.
    """

    __slots__ = (
        "_names",
        "_realms",
        "_recorded",
        "_source",
        "_spread",
        "_variants",
        "bare",
        "candidates",
        "settings",
        "unusable",
    )

    def __init__(self, source: Source, settings: MatchSettings | None = None) -> None:
        """An index without examples: others are made of it by `changed`."""
        self.settings = source.settings if settings is None else settings
        self.candidates: Ordered[Candidate] = Ordered(attrgetter("place"))
        self.unusable: tuple[Unusable, ...] = ()
        self.bare: tuple[Candidate, ...] = ()
        self._source = source
        self._recorded = 0
        self._names = self.settings.compared_headers()
        self._realms: dict[Realm, Tables] = {}
        self._spread = near_misses.Spread()
        self._variants = Variants()

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def header_lists(self) -> int:
        """How many lists of headers, named by requests, have look-ups of their own."""
        return len(self._variants.header_lists(self))

    @property
    def usual_settings(self) -> MatchSettings:
        """The settings that a collection of these examples starts with.

        Where a change makes them others than before, and they are in force, the collection has to be compiled anew.
        """
        return PROMOTED if self._recorded else POSTMAN

    def changed(
        self, gone: Collection[str], examples: Iterable[Example], items: Iterable[BareItem] | None = None
    ) -> Index:
        """The index without the examples that have these ids, and with others, in the place of those with their ids.

        It is what compiling everything anew would give, in a time that depends on the change alone: what did not
        change is shared with this index, which stays as it is. Indexes that requests have asked for are taken along.
        `items` are the request items without an example, None if they are the same.
        """
        source, change = self._source.changed(gone, examples)
        after = self._after(change if self.settings == source.settings else change.under(self.settings), source)
        if items is not None:
            after.bare = bare_items(items, source.variables)
        return after

    def under(self, settings: MatchSettings) -> Index:
        """The same candidates under settings that differ in host, headers, and whether bodies are compared."""
        return self.among(self.candidates, settings)

    def among(self, candidates: Iterable[Candidate], settings: MatchSettings | None = None) -> Index:
        """An index of some of the candidates, under these settings or its own."""
        empty = Index(self._source, settings or self.settings)
        empty.bare = self.bare
        return empty._after(Change((), tuple(candidates), self.unusable).under(empty.settings), self._source)

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
        around = self.around(asked)
        meant = self._variants.named(self).with_id(asked.chosen.ids) if asked.chosen.ids else None
        if meant is not None:
            # The example asked for by its id, on its own, in the place of the sequence it is part of.
            around = [meant, *(each for each in around if meant.example not in each.examples)]
        return near_misses.near_misses(around, asked)

    def runners_up(self, asked: Asked, winner: Match) -> tuple[Match, ...]:
        """The best three of at most 1,000 candidates that fit beside the winner, best first."""
        asked = asked.answered_by((winner.candidate.method,))
        found = self.with_status(asked.chosen.code)._found(asked)
        matches = search.distant_matches if winner.path_line is PathLine.DISTANCE else search.matches
        return near_misses.runners_up(matches(found, asked), winner) if found else ()

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
        realms = sorted(
            self._realms,
            key=lambda each: (each[0] not in asked.methods, each[1] != asked.request.origin, each[0], str(each[1])),
        )
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
        return None if found is None else search.best(found, asked)

    def _named(self, asked: Asked, chosen: Selectors) -> Candidate | None:
        named, origin = self._variants.named(self), asked.request.origin
        if chosen.id is None:
            return named.with_name(asked.methods[0], origin, chosen.name or "")
        found = named.with_id(chosen.ids)
        return found if found and self._realm_of(found) == self._realm(asked.methods[0], origin) else None

    def _found(self, asked: Asked) -> Tables | None:
        return self._realms.get(self._realm(asked.methods[0], asked.request.origin))

    def _realm_of(self, candidate: Candidate) -> Realm:
        return self._realm(candidate.method, candidate.origin)

    def _realm(self, method: str, origin: Origin | None) -> Realm:
        return method, origin if self.settings.host else None

    def _after(self, change: Change, source: Source) -> Index:
        """This index after a change that is compiled under its settings."""
        left = [each for each in self.unusable if each.example.id not in change.gone]
        gone = [candidate for place in change.gone for candidate in self.candidates.having(place)] if len(self) else []
        after = Index(source, self.settings)
        after.bare = self.bare
        after.candidates = self.candidates.changed(gone, change.come)
        after.unusable = tuple(sorted((*left, *change.unusable), key=lambda each: each.example.id))
        after._recorded = (
            self._recorded
            + _recorded(change.come)
            + _recorded(after.unusable)
            - _recorded(gone)
            - _recorded(self.unusable)
        )
        after._realms = self._changed_realms(gone, change.come)
        after._spread = self._spread.changed(gone, change.come)
        after._variants = self._variants.changed(gone, change, source)
        return after

    def _changed_realms(self, gone: Collection[Candidate], come: Collection[Candidate]) -> dict[Realm, Tables]:
        out, into = by_key(gone, self._realm_of), by_key(come, self._realm_of)
        realms = dict(self._realms)
        for realm in {**out, **into}:
            before = realms.pop(realm, None) or Tables.empty(self.settings)
            after = before.changed(out.get(realm, ()), into.get(realm, ()))
            if len(after.by_text):
                realms[realm] = after
        return realms


def _recorded(held: Iterable[Candidate | Unusable]) -> int:
    """How many of their examples were recorded, edited since or not."""
    return sum(example.literal or example.edited for each in held for example in each.examples)


def _methods(request: Request) -> tuple[str, ...]:
    return ("HEAD", "GET") if request.method == "HEAD" else (request.method,)


class Variants:
    """What an index has made beside itself. Two threads that ask at once may both make one; either will do."""

    __slots__ = ("_compared", "_named", "_statuses")

    def __init__(self) -> None:
        self._compared: dict[MatchSettings, Index] = {}
        self._statuses: dict[int, Index] = {}
        self._named: Named | None = None

    def changed(self, gone: Collection[Candidate], change: Change, source: Source) -> Variants:
        """The same, each after a change of the index they are beside, in which these candidates are gone."""
        after = Variants()
        for settings, index in self._compared.copy().items():
            after._compared[settings] = index._after(change.under(settings), source)
        for code, index in self._statuses.copy().items():
            after._statuses[code] = index._after(change.only(code), source)
        if self._named is not None:
            after._named = self._named.changed(gone, change.come)
        return after

    def index(self, own: Index, request: Request, chosen: Selectors) -> Index:
        """The index that compares the headers and the body as the request wants."""
        settings = wanted(own.settings, chosen)
        if settings == own.settings or chosen.named:
            return own
        if settings not in self._compared:
            lists = self.header_lists(own)
            if settings.headers not in {own.settings.headers, *lists} and len(lists) >= HEADER_LISTS:
                return scanned(own, request, settings)
            self._compared[settings] = own.under(settings)
        return self._compared[settings]

    def header_lists(self, own: Index) -> set[frozenset[str]]:
        """The lists of headers, named by requests, that have an index of their own."""
        return {each.headers for each in self._compared} - {own.settings.headers}

    def with_status(self, own: Index, code: int) -> Index:
        """The index of those examples that answer with this status."""
        if code not in self._statuses:
            kept = (candidate.only(code) for candidate in own.candidates)
            self._statuses[code] = own.among(tuple(filter(None, kept)))
        return self._statuses[code]

    def named(self, own: Index) -> Named:
        """The examples of an index, by id and by name."""
        if self._named is None:
            self._named = Named(host=own.settings.host).changed((), own.candidates)
        return self._named


def wanted(settings: MatchSettings, chosen: Selectors) -> MatchSettings:
    """The settings with what a request's own headers change in them."""
    if chosen.headers is not None:
        # Ours never count, so lists that differ only in them are one.
        names = replace(settings, headers=chosen.headers).compared_headers()
        if names != settings.compared_headers():
            settings = replace(settings, headers=frozenset(names))
    if chosen.body is not None and chosen.body != settings.body:
        settings = replace(settings, body=chosen.body)
    return settings


def scanned(own: Index, request: Request, settings: MatchSettings) -> Index:
    """An index of what can answer the request at all, and of what explains it, for this one time."""
    methods = ("HEAD", "GET") if request.method == "HEAD" else (request.method,)
    fitting = (each for method in methods for each in own.fitting(own.asked(request, (method,))))
    around = own.around(own.asked(request, methods))
    candidates = {candidate: None for each in (fitting, around) for candidate in each}
    newest_first = sorted(candidates, key=lambda candidate: candidate.id, reverse=True)
    return own.among(tuple(newest_first), settings)
