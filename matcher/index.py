"""The index: an immutable set of compiled examples that decides which of them answers a request.

The number of examples does not change the time of a decision: the candidates are found by look-ups (matcher/lookup).
`Index` and `DerivedIndexes` need each other, so they share this file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from operator import attrgetter
from types import MappingProxyType

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
from understudy.matcher.parts.byte_ranges import list_ranges
from understudy.matcher.parts.candidate import BodyLoader, Candidate, Match, require_bytes
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import MAX_EXAMINED, MAX_HEADER_LISTS, PathLine, QueryFit, RequestPart
from understudy.matcher.settings import POSTMAN, MatchSettings
from understudy.matcher.variables import NO_VARIABLES, Variables
from understudy.store.model.collections import Example
from understudy.store.model.ids import compute_order_key
from understudy.store.model.messages import Origin, Request
from understudy.store.model.values import replace

MethodKey = tuple[str, Origin | None]  # the method, and the origin if hosts are compared


def compile_index(
    examples: Iterable[Example],
    settings: MatchSettings = POSTMAN,
    *,
    load_body: BodyLoader = require_bytes,
    variables: Variables = NO_VARIABLES,
    items: Iterable[BareItem] = (),
    item_names: Mapping[str, str] = MappingProxyType({}),
) -> Index:
    """Compile examples, in any order, into an index.

    `variables` are put into the requests of examples that are not literal. `items` are the request items without an
    example, `item_names` the names of others by their ids, for explanations. `load_body` returns the bytes of a body;
    it is called if the settings compare bodies, and for bodies in the store that a request may ask to compare. An
    example for which it raises UnderstudyError, OSError or ValueError is left out and listed in `Index.unusable`
    (docs/matching.md, "Load"); other exceptions propagate. The index keeps `load_body` and `variables` for
    `Index.apply_changes`.
    """
    empty = Index(IndexSource(settings, load_body, variables))
    empty.item_names = item_names
    return empty.apply_changes((), examples, items)


class Index:
    """An immutable list of candidates, newest first, with the look-ups that find the best of them.

    Look-ups that few requests need (by status, by name, by other headers) are built for the first request that needs
    them, and kept.
    """

    __slots__ = (
        "_compared_headers",
        "_derived",
        "_pool",
        "_source",
        "_tables",
        "bare_items",
        "candidates",
        "item_names",
        "settings",
        "unusable",
    )

    def __init__(self, source: IndexSource, settings: MatchSettings | None = None) -> None:
        """Create an index without examples; `apply_changes` makes indexes with examples from it."""
        self.settings = source.settings if settings is None else settings
        self.candidates: PersistentList[Candidate] = PersistentList(attrgetter("order_key"))
        self.unusable: tuple[UnusableExamples, ...] = ()
        self.bare_items: tuple[Candidate, ...] = ()
        self.item_names: Mapping[str, str] = {}
        self._source = source
        self._compared_headers = self.settings.list_compared_headers()
        self._tables: dict[MethodKey, MethodTables] = {}
        self._pool = near_misses.CandidatePool()
        self._derived = DerivedIndexes()

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def header_list_count(self) -> int:
        """The number of header lists, named by requests, that have look-ups of their own."""
        return len(self._derived.collect_header_lists(self))

    def apply_changes(
        self, removed: Collection[str], examples: Iterable[Example], items: Iterable[BareItem] | None = None
    ) -> Index:
        """Return an index without the examples with the ids in `removed`, and with `examples` added or replaced by id.

        The result equals a newly compiled index; the time depends on the size of the change alone. The new index shares
        its unchanged pieces with this one, which stays as it is, and keeps the look-ups that requests have caused.
        `items` are the request items without an example; None leaves them unchanged.
        """
        source, change = self._source.compile_changes(removed, examples)
        after = self._apply_change(
            change if self.settings == source.settings else change.apply_settings(self.settings), source
        )
        if items is not None:
            after.bare_items = compile_bare_items(items, source.variables)
        return after

    def apply_settings(self, settings: MatchSettings) -> Index:
        """Return the same candidates under settings that differ in host, headers, or whether bodies are compared."""
        return self.restrict_to(self.candidates, settings)

    def restrict_to(self, candidates: Iterable[Candidate], settings: MatchSettings | None = None) -> Index:
        """Return an index of some of the candidates, under `settings` or the same settings as before."""
        empty = Index(self._source, settings or self.settings)
        empty.bare_items, empty.item_names = self.bare_items, self.item_names
        return empty._apply_change(
            IndexChange((), tuple(candidates), self.unusable).apply_settings(empty.settings), self._source
        )

    def decide(self, request: Request) -> Decision:
        """Return the decision on a request: the best candidate, or a miss.

        The request's body must be bytes; any bytes give a decision. HEAD is decided among HEAD and GET examples
        together (docs/matching.md, "Method"). A selector header that cannot be read becomes the decision's `problem`.
        """
        selectors = parse_selectors(request.headers) if self.settings.selectors else NO_SELECTORS
        if selectors is NO_SELECTORS:
            return self._decide(request, NO_SELECTORS)
        if isinstance(selectors, SelectorProblem):
            return Decision(self.normalize_request(request, _list_methods(request)), None, self, problem=selectors)
        return self._derived.select_index(self, request, selectors)._decide(request, selectors)

    def find_near_misses(self, request: NormalRequest) -> tuple[NearMiss, ...]:
        """Return the nearest three of at most 1,000 candidates, nearest first, then newest first."""
        nearby = self.find_nearby(request)
        selected = (
            self._derived.get_named_examples(self).find_by_id(request.selectors.ids) if request.selectors.ids else None
        )
        if selected is not None:
            # Explain the requested example alone, not the sequence that it is part of.
            nearby = [selected, *(each for each in nearby if selected.example not in each.examples)]
        return near_misses.select_near_misses(nearby, request)

    def find_runners_up(self, request: NormalRequest, winner: Match) -> tuple[Match, ...]:
        """Return the best three of at most 1,000 candidates that fit beside the winner, best first."""
        tables = self.filter_by_status(request.selectors.code)._list_tables(request)
        find = search.find_distant_matches if winner.path_line is PathLine.DISTANCE else search.find_matches
        matches = chain.from_iterable(find(each, request) for each in tables)
        return near_misses.select_runners_up(matches, winner, request)

    def find_known_ranges(self, request: NormalRequest) -> tuple[str, ...]:
        """Return the ranges of bytes that examples hold of what the request asks for."""
        fitting = islice(self.find_fitting(request), MAX_EXAMINED)
        parts = (each for each in fitting if each.list_unmet_parts(request) == [RequestPart.RANGE])
        return list_ranges(each.eligibility.known for each in parts)

    def find_bare_item(self, request: NormalRequest) -> str | None:
        """Return the name of the best request item without an example, by the request's method and path, or None.

        None too where an example of this method and path was filtered out.
        """
        by_path = NormalRequest(request.original, BY_PATH, _list_methods(request.original))
        fitting = filter(None, (candidate.match(by_path) for candidate in self.bare_items))
        best = max(fitting, key=lambda match: match.order, default=None)
        if best is None or self._has_path(request, best.path_line or 0):
            return None
        return best.candidate.example.name

    def _has_path(self, request: NormalRequest, least: int) -> bool:
        """Return whether the path of an example fits by a line with at least these points, whatever else differs."""
        lines = (line for tables in self._list_tables(request) for line, _ in tables.find_fitting(request))
        return any(line >= least for line in lines)

    def find_match_by_ids(self, request: NormalRequest) -> Match | None:
        """Return the best match if ids found every example, of at most 1,000 nearby candidates; None for no match."""
        index = self.filter_by_status(request.selectors.code)
        return near_misses.select_match_by_ids(index.find_nearby(request), request)

    def filter_by_status(self, code: int | None) -> Index:
        """Return the index of the examples that answer with this status; this index itself for None."""
        return self if code is None else self._derived.filter_by_status(self, code)

    def normalize_request(
        self, request: Request, methods: tuple[str, ...], selectors: Selectors = NO_SELECTORS
    ) -> NormalRequest:
        """Return the request in its normal forms under the settings of this index."""
        return NormalRequest(request, self.settings, methods, selectors, self._compared_headers)

    def find_fitting(self, request: NormalRequest) -> Iterator[Candidate]:
        """Yield every candidate of the request's method and host whose path fits by some line, some more than once."""
        for tables in self._list_tables(request):
            yield from tables.find_all_fitting(request)

    def find_nearby(self, request: NormalRequest) -> list[Candidate]:
        """Return at most 1,000 candidates worth explaining, newest first within each kind."""
        method_keys = sorted(
            self._tables,
            key=lambda each: (
                each[0] not in request.methods,
                each[1] != request.origin,
                each[0],
                str(each[1]),
            ),
        )
        return self._pool.find_nearby(
            request, (each for method_key in method_keys for each in self._tables[method_key].find_all_fitting(request))
        )

    def _decide(self, request: Request, selectors: Selectors) -> Decision:
        index = self.filter_by_status(selectors.code)
        normal_request = self.normalize_request(request, _list_methods(request), selectors)
        return Decision(normal_request, index._find_match(normal_request), self)

    def _find_match(self, request: NormalRequest) -> Match | None:
        if request.selectors.is_named:
            candidate = self._find_named(request, request.selectors)
            return None if candidate is None else Match(candidate, None, QueryFit.OFF)
        if len(request.methods) > 1:
            return search.find_best_of_methods(self._list_tables(request), request)
        tables = self._tables.get(self._make_method_key(request.methods[0], request.original.origin))
        return None if tables is None else search.find_best(tables, request)

    def _find_named(self, request: NormalRequest, selectors: Selectors) -> Candidate | None:
        named_examples, origin = self._derived.get_named_examples(self), request.origin
        if selectors.id is None:
            name = selectors.name or ""
            found = (named_examples.find_by_name(method, origin, name) for method in request.methods)
            return next(filter(None, found), None)
        candidate = named_examples.find_by_id(selectors.ids)
        keys = [self._make_method_key(method, origin) for method in request.methods]
        return candidate if candidate and self._get_method_key(candidate) in keys else None

    def _list_tables(self, request: NormalRequest) -> list[MethodTables]:
        """Return the look-ups of the methods whose examples may answer the request, its own method first."""
        origin = request.original.origin
        keys = [self._make_method_key(method, origin) for method in request.methods]
        return [self._tables[key] for key in keys if key in self._tables]

    def _get_method_key(self, candidate: Candidate) -> MethodKey:
        return self._make_method_key(candidate.method, candidate.request.origin)

    def _make_method_key(self, method: str, origin: Origin | None) -> MethodKey:
        return method, origin.normal if origin is not None and self.settings.host else None

    def _apply_change(self, change: IndexChange, source: IndexSource) -> Index:
        """Return this index after a change that was compiled under the settings of this index."""
        unusable = [each for each in self.unusable if each.example.id not in change.removed]
        removed = (
            [candidate for id in change.removed for candidate in self.candidates.find_by_key(compute_order_key(id))]
            if len(self)
            else []
        )
        after = Index(source, self.settings)
        after.bare_items, after.item_names = self.bare_items, self.item_names
        after.candidates = self.candidates.apply_changes(removed, change.added)
        after.unusable = tuple(sorted((*unusable, *change.unusable), key=lambda each: each.example.id))
        after._tables = self._update_tables(removed, change.added)
        after._pool = self._pool.apply_changes(removed, change.added)
        after._derived = self._derived.apply_changes(removed, change, source)
        return after

    def _update_tables(
        self, removed: Collection[Candidate], added: Collection[Candidate]
    ) -> dict[MethodKey, MethodTables]:
        removed_by_key, added_by_key = (
            group_by_key(removed, self._get_method_key),
            group_by_key(added, self._get_method_key),
        )
        tables = dict(self._tables)
        for method_key in {**removed_by_key, **added_by_key}:
            before = tables.pop(method_key, None) or MethodTables.create_empty(self.settings)
            after = before.apply_changes(removed_by_key.get(method_key, ()), added_by_key.get(method_key, ()))
            if len(after.by_text):
                tables[method_key] = after
        return tables


def _list_methods(request: Request) -> tuple[str, ...]:
    return ("HEAD", "GET") if request.method == "HEAD" else (request.method,)


class DerivedIndexes:
    """The indexes that were built beside an index for the selector headers of requests.

    Two threads may build the same one at the same time; either result will do.
    """

    __slots__ = ("_by_settings", "_by_status", "_named_examples")

    def __init__(self) -> None:
        self._by_settings: dict[MatchSettings, Index] = {}
        self._by_status: dict[int, Index] = {}
        self._named_examples: NamedExamples | None = None

    def apply_changes(self, removed: Collection[Candidate], change: IndexChange, source: IndexSource) -> DerivedIndexes:
        """Return these indexes, each after a change of the main index that takes out the `removed` candidates."""
        after = DerivedIndexes()
        for settings, index in self._by_settings.copy().items():
            after._by_settings[settings] = index._apply_change(change.apply_settings(settings), source)
        for code, index in self._by_status.copy().items():
            by_status = change.filter_by_status(code).apply_settings(index.settings)
            after._by_status[code] = index._apply_change(by_status, source)
        if self._named_examples is not None:
            after._named_examples = self._named_examples.apply_changes(removed, change.added)
        return after

    def select_index(self, index: Index, request: Request, selectors: Selectors) -> Index:
        """Return the index that compares headers and body as the request's selectors demand."""
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
        """Return the header lists, named by requests, that have an index of their own."""
        return {each.headers for each in self._by_settings} - {index.settings.headers}

    def filter_by_status(self, index: Index, code: int) -> Index:
        """Return the index of the examples that answer with this status."""
        if code not in self._by_status:
            kept = (candidate.filter_by_status(code) for candidate in index.candidates)
            # Whoever asks for a status gets it, whatever its question was.
            settings = replace(index.settings, eligibility=False)
            self._by_status[code] = index.restrict_to(tuple(filter(None, kept)), settings)
        return self._by_status[code]

    def get_named_examples(self, index: Index) -> NamedExamples:
        """Return the look-up of single examples by id and by name."""
        if self._named_examples is None:
            self._named_examples = NamedExamples(host=index.settings.host).apply_changes((), index.candidates)
        return self._named_examples


def apply_selectors(settings: MatchSettings, selectors: Selectors) -> MatchSettings:
    """Return the settings with the changes that a request's selector headers make."""
    if selectors.headers is not None:
        # Headers addressed to Understudy never count, so lists that differ only in these are the same list.
        names = replace(settings, headers=selectors.headers).list_compared_headers()
        if names != settings.list_compared_headers():
            settings = replace(settings, headers=frozenset(names))
    if selectors.body is not None and selectors.body != settings.body:
        settings = replace(settings, body=selectors.body)
    return settings


def build_temporary_index(index: Index, request: Request, settings: MatchSettings) -> Index:
    """Build an index for one request, of the candidates that can answer it and of those that explain a miss."""
    normal_request = index.normalize_request(request, _list_methods(request))
    candidates = dict.fromkeys(chain(index.find_fitting(normal_request), index.find_nearby(normal_request)))
    newest_first = sorted(candidates, key=attrgetter("order_key"), reverse=True)
    return index.restrict_to(tuple(newest_first), settings)
