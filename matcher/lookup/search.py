"""The best candidates for a request among those of its method and host, by the look-ups of their paths."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.matcher.lookup.method_tables import Tables
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.scores import PathLine, QueryFit
from understudy.matcher.settings import QueryRule


def best(found: Tables, asked: Asked) -> Match | None:
    """The highest score, ties broken; by document distance only if nothing fits by another line."""
    return _by_lines(found, asked) or _by_distance(found, asked)


def matches(found: Tables, asked: Asked) -> Iterator[Match | None]:
    """Each candidate whose path fits, by its first line; None where another part put it out."""
    seen: set[Candidate] = set()
    for line, group in found.fitting(asked):
        for candidate in group.candidates:
            if candidate not in seen:
                seen.add(candidate)
                fit = candidate.fit(asked)
                yield None if fit is None else Match(candidate, line, fit)


def distant_matches(found: Tables, asked: Asked) -> Iterator[Match | None]:
    """Each candidate whose path fits by document distance; None where another part put it out."""
    for candidate in (each for group in found.distant(asked) for each in group.candidates):
        fit = candidate.fit(asked)
        yield None if fit is None else Match(candidate, PathLine.DISTANCE, fit)


def _by_lines(found: Tables, asked: Asked) -> Match | None:
    most = QueryFit.OFF if asked.settings.query is QueryRule.OFF else QueryFit.EQUAL
    winner: Match | None = None
    for line, group in found.fitting(asked):
        # What is left has fewer points for its path, or as many: not even a query that is equal can win then.
        if winner is not None and winner.score >= line + most and line < (winner.path_line or 0):
            break
        match = group.best(line, asked)
        if match is not None and (winner is None or match.order > winner.order):
            winner = match
            if line is PathLine.EXACT and winner.score >= PathLine.SLASHES + most:
                break  # as above, before the next line is looked up
    return winner


def _by_distance(found: Tables, asked: Asked) -> Match | None:
    found_alike = (group.best(PathLine.DISTANCE, asked) for group in found.distant(asked))
    return max(filter(None, found_alike), key=lambda match: match.order, default=None)
