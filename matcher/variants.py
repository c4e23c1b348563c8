"""The indexes beside an index, made when the first request asks for them: by status, by name, with other headers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matcher.asked import Asked
from matcher.candidate import Candidate
from matcher.scores import HEADER_LISTS
from matcher.selectors import Selectors
from matcher.settings import MatchSettings
from store.messages import Origin, Request

if TYPE_CHECKING:
    from matcher.index import Index

Named = dict[tuple[str, Origin | None, str], Candidate]  # by method, origin where hosts are compared, and name


class Variants:
    """What an index has made beside itself. Two threads that ask at once may both make one; either will do."""

    __slots__ = ("_by_id", "_by_name", "_compared", "_statuses")

    def __init__(self) -> None:
        self._compared: dict[MatchSettings, Index] = {}
        self._statuses: dict[int, Index] = {}
        self._by_id: dict[str, Candidate] | None = None
        self._by_name: Named | None = None

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

    def by_id(self, own: Index, chosen: Selectors) -> Candidate | None:
        """The example with the id that is asked for."""
        if self._by_id is None:
            self._by_id = {
                example.id: _alone(candidate, number)
                for candidate in own.candidates
                for number, example in enumerate(candidate.examples)
            }
        found = (self._by_id.get(each) for each in chosen.ids)
        return next(filter(None, found), None)

    def by_name(self, own: Index, asked: Asked, name: str) -> Candidate | None:
        """Of the examples with this name, the method and the host, the one with the lowest id."""
        if self._by_name is None:
            named: Named = {}
            for candidate in own.candidates:
                for number, example in enumerate(candidate.examples):
                    key = (candidate.method, candidate.origin if own.settings.host else None, example.name)
                    if key not in named or example.id < named[key].id:
                        named[key] = _alone(candidate, number)
            self._by_name = named
        return self._by_name.get((asked.methods[0], asked.request.origin if own.settings.host else None, name))


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


def _alone(candidate: Candidate, number: int) -> Candidate:
    examples = candidate.examples
    return candidate if len(examples) == 1 else replace(candidate, examples=examples[number : number + 1])
