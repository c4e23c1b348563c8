"""The best candidates for a request among those of its method and host, by the look-ups of their paths."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.matcher.lookup.method_tables import MethodTables
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import PathLine, QueryFit
from understudy.matcher.settings import QueryRule


def find_best(tables: MethodTables, request: NormalRequest) -> Match | None:
    """The highest score, ties broken; by document distance only if nothing fits by another line."""
    return _find_by_lines(tables, request) or _find_by_distance(tables, request)


def find_matches(tables: MethodTables, request: NormalRequest) -> Iterator[Match | None]:
    """Each candidate whose path fits, by its first line; None where another part put it out."""
    seen: set[Candidate] = set()
    for line, group in tables.find_fitting(request):
        for candidate in group.candidates:
            if candidate not in seen:
                seen.add(candidate)
                fit = candidate.compute_fit(request)
                yield None if fit is None else Match(candidate, line, fit)


def find_distant_matches(tables: MethodTables, request: NormalRequest) -> Iterator[Match | None]:
    """Each candidate whose path fits by document distance; None where another part put it out."""
    for candidate in (each for group in tables.find_distant(request) for each in group.candidates):
        fit = candidate.compute_fit(request)
        yield None if fit is None else Match(candidate, PathLine.DISTANCE, fit)


def _find_by_lines(found: MethodTables, asked: NormalRequest) -> Match | None:
    most = QueryFit.OFF if asked.settings.query is QueryRule.OFF else QueryFit.EQUAL
    winner: Match | None = None
    for line, group in found.find_fitting(asked):
        # What is left has fewer points for its path, or as many: not even a query that is equal can win then.
        if winner is not None and winner.score >= line + most and line < (winner.path_line or 0):
            break
        match = group.find_best(line, asked)
        if match is not None and (winner is None or match.order > winner.order):
            winner = match
            if line is PathLine.EXACT and winner.score >= PathLine.SLASHES + most:
                break  # as above, before the next line is looked up
    return winner


def _find_by_distance(found: MethodTables, asked: NormalRequest) -> Match | None:
    found_alike = (group.find_best(PathLine.DISTANCE, asked) for group in found.find_distant(asked))
    return max(filter(None, found_alike), key=lambda match: match.order, default=None)
