"""The indexes beside an index, made when the first request asks for them: by status, by name, with other headers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.matcher.lookup.by_name import Named
from understudy.matcher.lookup.index_source import Change, Source
from understudy.matcher.mock_headers import Selectors
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.scores import HEADER_LISTS
from understudy.matcher.settings import MatchSettings
from understudy.store.model.messages import Request

if TYPE_CHECKING:
    from understudy.matcher.index import Index


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
