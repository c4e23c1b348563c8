"""An immutable index of examples that decides which of them answers a request, however many there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from operator import attrgetter

from understudy.matcher.decision import Decision, NearMiss
from understudy.matcher.explanation import near_misses
from understudy.matcher.lookup import search
from understudy.matcher.lookup.bare_items import BY_PATH, BareItem, compile_bare_items
from understudy.matcher.lookup.by_name import NamedExamples
from understudy.matcher.lookup.index_source import IndexChange, IndexSource, UnusableExamples
from understudy.matcher.lookup.method_tables import MethodTables
from understudy.matcher.lookup.persistent_list import PersistentList
from understudy.matcher.lookup.persistent_map import group_by_key
from understudy.matcher.mock_headers import NO_SELECTORS, SelectorProblem, Selectors, parse_selectors
from understudy.matcher.parts.candidate import BodyLoader, Candidate, Match, require_bytes
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import MAX_HEADER_LISTS, PathLine, QueryFit
from understudy.matcher.settings import POSTMAN, PROMOTED, MatchSettings
from understudy.matcher.variables import NO_VARIABLES, Variables
from understudy.store.model.collections import Example
from understudy.store.model.messages import Origin, Request

MethodKey = tuple[str, Origin | None]  # the method, and the origin where hosts are compared


def compile_index(
    examples: Iterable[Example],
    settings: MatchSettings = POSTMAN,
    *,
    load_body: BodyLoader = require_bytes,
    variables: Variables = NO_VARIABLES,
    items: Iterable[BareItem] = (),
) -> Index:
    """Compile examples, in any order, into an index; `items` are the request items without one.

    `variables` are those in force, put into the requests of examples that are not literal. `body_of` is called if the
    settings compare bodies, and for bodies in the store where a request may ask for that. An example for which it
    raises an UnderstudyError, OSError or ValueError is left out and listed in `Index.unusable`; other errors are the
    caller's. The index keeps `body_of` and `variables` for `Index.changed`.
    """
    return Index(IndexSource(settings, load_body, variables)).apply_changes((), examples, items)


class Index:
    """Candidates, newest first, with the look-ups that find the best of them. Never changes once made.

    What only some requests ask for (a status, a name, other headers) is looked up in indexes of its own, made when the
    first of them asks, and kept.
    """

    __slots__ = (
        "_compared_headers",
        "_derived",
        "_pool",
        "_recorded_count",
        "_source",
        "_tables",
        "bare_items",
        "candidates",
        "settings",
        "unusable",
    )

    def __init__(self, source: IndexSource, settings: MatchSettings | None = None) -> None:
        """An index without examples: others are made of it by `changed`."""
        self.settings = source.settings if settings is None else settings
        self.candidates: PersistentList[Candidate] = PersistentList(attrgetter("order_id"))
        self.unusable: tuple[UnusableExamples, ...] = ()
        self.bare_items: tuple[Candidate, ...] = ()
        self._source = source
        self._recorded_count = 0
        self._compared_headers = self.settings.list_compared_headers()
        self._tables: dict[MethodKey, MethodTables] = {}
        self._pool = near_misses.CandidatePool()
        self._derived = DerivedIndexes()

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def header_list_count(self) -> int:
        """How many lists of headers, named by requests, have look-ups of their own."""
        return len(self._derived.collect_header_lists(self))

    @property
    def default_settings(self) -> MatchSettings:
        """The settings that a collection of these examples starts with.

        Where a change makes them others than before, and they are in force, the collection has to be compiled anew.
        """
        return PROMOTED if self._recorded_count else POSTMAN

    def apply_changes(
        self, removed: Collection[str], examples: Iterable[Example], items: Iterable[BareItem] | None = None
    ) -> Index:
        """The index without the examples that have these ids, and with others, in the place of those with their ids.

        It is what compiling everything anew would give, in a time that depends on the change alone: what did not
        change is shared with this index, which stays as it is. Indexes that requests have asked for are taken along.
        `items` are the request items without an example, None if they are the same.
        """
        source, change = self._source.compile_changes(removed, examples)
        after = self._apply_change(
            change if self.settings == source.settings else change.apply_settings(self.settings), source
        )
        if items is not None:
            after.bare_items = compile_bare_items(items, source.variables)
        return after

    def apply_settings(self, settings: MatchSettings) -> Index:
        """The same candidates under settings that differ in host, headers, and whether bodies are compared."""
        return self.restrict_to(self.candidates, settings)

    def restrict_to(self, candidates: Iterable[Candidate], settings: MatchSettings | None = None) -> Index:
        """An index of some of the candidates, under these settings or its own."""
        empty = Index(self._source, settings or self.settings)
        empty.bare_items = self.bare_items
        return empty._apply_change(
            IndexChange((), tuple(candidates), self.unusable).apply_settings(empty.settings), self._source
        )

    def decide(self, request: Request) -> Decision:
        """The best candidate for a request whose body is bytes, or a miss; any other bytes give a decision too.

        HEAD is decided among HEAD examples, and on a miss as GET. A selector header that cannot be read is the
        decision's `problem`.
        """
        selectors = parse_selectors(request.headers) if self.settings.selectors else NO_SELECTORS
        if selectors is NO_SELECTORS:
            return self._decide(request, NO_SELECTORS)
        if isinstance(selectors, SelectorProblem):
            return Decision(self.normalize_request(request, (request.method,)), None, self, problem=selectors)
        return self._derived.select_index(self, request, selectors)._decide(request, selectors)

    def find_near_misses(self, request: NormalRequest) -> tuple[NearMiss, ...]:
        """The nearest three of at most 1,000 candidates, nearest first, then newest first."""
        request = request.change_methods(_list_methods(request.original))
        around = self.find_nearby(request)
        selected = (
            self._derived.get_named_examples(self).find_by_id(request.selectors.ids) if request.selectors.ids else None
        )
        if selected is not None:
            # The example asked for by its id, on its own, in the place of the sequence it is part of.
            around = [selected, *(each for each in around if selected.example not in each.examples)]
        return near_misses.select_near_misses(around, request)

    def find_runners_up(self, request: NormalRequest, winner: Match) -> tuple[Match, ...]:
        """The best three of at most 1,000 candidates that fit beside the winner, best first."""
        request = request.change_methods((winner.candidate.method,))
        found = self.filter_by_status(request.selectors.code)._find_tables(request)
        matches = search.find_distant_matches if winner.path_line is PathLine.DISTANCE else search.find_matches
        return near_misses.select_runners_up(matches(found, request), winner) if found else ()

    def find_bare_item(self, request: NormalRequest) -> str | None:
        """The name of the request item without an example that the request's method and path fit best."""
        by_path = NormalRequest(request.original, BY_PATH, _list_methods(request.original))
        fitting = filter(None, (candidate.match(by_path) for candidate in self.bare_items))
        best = max(fitting, key=lambda match: match.order, default=None)
        return best.candidate.example.name if best else None

    def filter_by_status(self, code: int | None) -> Index:
        """The index of the examples that answer with this status; this one for None."""
        return self if code is None else self._derived.filter_by_status(self, code)

    def normalize_request(
        self, request: Request, methods: tuple[str, ...], selectors: Selectors = NO_SELECTORS
    ) -> NormalRequest:
        """The request under this index's settings."""
        return NormalRequest(request, self.settings, methods, selectors, self._compared_headers)

    def find_fitting(self, request: NormalRequest) -> Iterator[Candidate]:
        """Every candidate of the request's method and host whose path fits by some line; one can come again."""
        found = self._find_tables(request)
        yield from found.find_all_fitting(request) if found else ()

    def find_nearby(self, request: NormalRequest) -> list[Candidate]:
        """At most 1,000 candidates worth explaining, newest first within each kind."""
        realms = sorted(
            self._tables,
            key=lambda each: (
                each[0] not in request.methods,
                each[1] != request.original.origin,
                each[0],
                str(each[1]),
            ),
        )
        return self._pool.find_nearby(
            request, (each for realm in realms for each in self._tables[realm].find_all_fitting(request))
        )

    def _decide(self, request: Request, chosen: Selectors) -> Decision:
        index = self.filter_by_status(chosen.code)
        normal_request = self.normalize_request(request, (request.method,), chosen)
        match = index._find_match(normal_request)
        if match is None and request.method == "HEAD":
            match = index._find_match(normal_request.change_methods(("GET",)))
            return Decision(normal_request, match, self, match is not None)
        return Decision(normal_request, match, self)

    def _find_match(self, asked: NormalRequest) -> Match | None:
        if asked.selectors.is_named:
            candidate = self._find_named(asked, asked.selectors)
            return None if candidate is None else Match(candidate, None, QueryFit.OFF)
        found = self._find_tables(asked)
        return None if found is None else search.find_best(found, asked)

    def _find_named(self, asked: NormalRequest, chosen: Selectors) -> Candidate | None:
        named_examples, origin = self._derived.get_named_examples(self), asked.original.origin
        if chosen.id is None:
            return named_examples.find_by_name(asked.methods[0], origin, chosen.name or "")
        found = named_examples.find_by_id(chosen.ids)
        return (
            found if found and self._get_method_key(found) == self._make_method_key(asked.methods[0], origin) else None
        )

    def _find_tables(self, asked: NormalRequest) -> MethodTables | None:
        return self._tables.get(self._make_method_key(asked.methods[0], asked.original.origin))

    def _get_method_key(self, candidate: Candidate) -> MethodKey:
        return self._make_method_key(candidate.method, candidate.origin)

    def _make_method_key(self, method: str, origin: Origin | None) -> MethodKey:
        return method, origin if self.settings.host else None

    def _apply_change(self, change: IndexChange, source: IndexSource) -> Index:
        """This index after a change that is compiled under its settings."""
        left = [each for each in self.unusable if each.example.id not in change.removed]
        gone = (
            [candidate for place in change.removed for candidate in self.candidates.find_by_key(place)]
            if len(self)
            else []
        )
        after = Index(source, self.settings)
        after.bare_items = self.bare_items
        after.candidates = self.candidates.apply_changes(gone, change.added)
        after.unusable = tuple(sorted((*left, *change.unusable), key=lambda each: each.example.id))
        after._recorded_count = (
            self._recorded_count
            + _count_recorded(change.added)
            + _count_recorded(after.unusable)
            - _count_recorded(gone)
            - _count_recorded(self.unusable)
        )
        after._tables = self._update_tables(gone, change.added)
        after._pool = self._pool.apply_changes(gone, change.added)
        after._derived = self._derived.apply_changes(gone, change, source)
        return after

    def _update_tables(self, gone: Collection[Candidate], come: Collection[Candidate]) -> dict[MethodKey, MethodTables]:
        out, into = group_by_key(gone, self._get_method_key), group_by_key(come, self._get_method_key)
        realms = dict(self._tables)
        for realm in {**out, **into}:
            before = realms.pop(realm, None) or MethodTables.create_empty(self.settings)
            after = before.apply_changes(out.get(realm, ()), into.get(realm, ()))
            if len(after.by_text):
                realms[realm] = after
        return realms


def _count_recorded(held: Iterable[Candidate | UnusableExamples]) -> int:
    """How many of their examples were recorded, edited since or not."""
    return sum(example.literal or example.edited for each in held for example in each.examples)


def _list_methods(request: Request) -> tuple[str, ...]:
    return ("HEAD", "GET") if request.method == "HEAD" else (request.method,)


class DerivedIndexes:
    """What an index has made beside itself. Two threads that ask at once may both make one; either will do."""

    __slots__ = ("_by_settings", "_by_status", "_named_examples")

    def __init__(self) -> None:
        self._by_settings: dict[MatchSettings, Index] = {}
        self._by_status: dict[int, Index] = {}
        self._named_examples: NamedExamples | None = None

    def apply_changes(self, removed: Collection[Candidate], change: IndexChange, source: IndexSource) -> DerivedIndexes:
        """The same, each after a change of the index they are beside, in which these candidates are gone."""
        after = DerivedIndexes()
        for settings, index in self._by_settings.copy().items():
            after._by_settings[settings] = index._apply_change(change.apply_settings(settings), source)
        for code, index in self._by_status.copy().items():
            after._by_status[code] = index._apply_change(change.filter_by_status(code), source)
        if self._named_examples is not None:
            after._named_examples = self._named_examples.apply_changes(removed, change.added)
        return after

    def select_index(self, index: Index, request: Request, selectors: Selectors) -> Index:
        """The index that compares the headers and the body as the request wants."""
        settings = apply_selectors(index.settings, selectors)
        if settings == index.settings or selectors.is_named:
            return index
        if settings not in self._by_settings:
            lists = self.collect_header_lists(index)
            if settings.headers not in {index.settings.headers, *lists} and len(lists) >= MAX_HEADER_LISTS:
                return build_temporary_index(index, request, settings)
            self._by_settings[settings] = index.apply_settings(settings)
        return self._by_settings[settings]

    def collect_header_lists(self, index: Index) -> set[frozenset[str]]:
        """The lists of headers, named by requests, that have an index of their own."""
        return {each.headers for each in self._by_settings} - {index.settings.headers}

    def filter_by_status(self, index: Index, code: int) -> Index:
        """The index of those examples that answer with this status."""
        if code not in self._by_status:
            kept = (candidate.filter_by_status(code) for candidate in index.candidates)
            self._by_status[code] = index.restrict_to(tuple(filter(None, kept)))
        return self._by_status[code]

    def get_named_examples(self, index: Index) -> NamedExamples:
        """The examples of an index, by id and by name."""
        if self._named_examples is None:
            self._named_examples = NamedExamples(host=index.settings.host).apply_changes((), index.candidates)
        return self._named_examples


def apply_selectors(settings: MatchSettings, selectors: Selectors) -> MatchSettings:
    """The settings with what a request's own headers change in them."""
    if selectors.headers is not None:
        # Ours never count, so lists that differ only in them are one.
        names = replace(settings, headers=selectors.headers).list_compared_headers()
        if names != settings.list_compared_headers():
            settings = replace(settings, headers=frozenset(names))
    if selectors.body is not None and selectors.body != settings.body:
        settings = replace(settings, body=selectors.body)
    return settings


def build_temporary_index(index: Index, request: Request, settings: MatchSettings) -> Index:
    """An index of what can answer the request at all, and of what explains it, for this one time."""
    methods = ("HEAD", "GET") if request.method == "HEAD" else (request.method,)
    fitting = (each for method in methods for each in index.find_fitting(index.normalize_request(request, (method,))))
    around = index.find_nearby(index.normalize_request(request, methods))
    candidates = {candidate: None for each in (fitting, around) for candidate in each}
    newest_first = sorted(candidates, key=lambda candidate: candidate.id, reverse=True)
    return index.restrict_to(tuple(newest_first), settings)
