"""The best candidates for a request among those of its method and host, by look-ups of their paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.method_tables import MethodTables
from understudy.matcher.lookup.ties import choose_best, list_negotiating_names
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import MAX_EXAMINED, PathLine, QueryFit
from understudy.matcher.settings import QueryRule
from understudy.store.model.values import replace


def find_best(tables: MethodTables, request: NormalRequest) -> Match | None:
    """Return the match with the highest score, ties broken (docs/matching.md, "Ties"), or None.

    Document distance is used only if nothing fits by another line.
    """
    return _find_by_lines(tables, request) or _find_by_distance(tables, request)


def find_best_of_methods(tables: Sequence[MethodTables], request: NormalRequest) -> Match | None:
    """Return the best match among the tables of several methods: of equal scores, the one from the first tables."""
    return _select_first_best(_find_by_lines(each, request) for each in tables) or _select_first_best(
        _find_by_distance(each, request) for each in tables
    )


def find_matches(tables: MethodTables, request: NormalRequest) -> Iterator[Match | None]:
    """Yield a match for each candidate whose path fits, by its first line; None where another part filters it out."""
    seen: set[Candidate] = set()
    for line, group in tables.find_fitting(request):
        fresh = [candidate for candidate in islice(group.candidates, MAX_EXAMINED) if candidate not in seen]
        seen.update(fresh)
        yield from _match_each(fresh, line, group, request)


def find_distant_matches(tables: MethodTables, request: NormalRequest) -> Iterator[Match | None]:
    """Yield a match for each candidate whose path fits by document distance; None where another part filters it out."""
    for similarity, group in tables.find_distant(request):
        for match in _match_each(group.candidates, PathLine.DISTANCE, group, request):
            yield None if match is None else replace(match, similarity=similarity)


def _match_each(
    candidates: Iterable[Candidate], line: PathLine, group: Group, request: NormalRequest
) -> Iterator[Match | None]:
    names = group.list_negotiating_names(request.settings)
    for candidate in candidates:
        fit = candidate.compute_fit(request)
        yield None if fit is None else Match.of_tied(candidate, line, fit, request, names)


def _select_first_best(matches: Iterable[Match | None]) -> Match | None:
    return max(filter(None, matches), key=lambda match: match.score, default=None)


def _find_by_lines(tables: MethodTables, request: NormalRequest) -> Match | None:
    most = QueryFit.OFF if request.settings.query is QueryRule.OFF else QueryFit.EQUAL
    winner: Match | None = None
    for line, group in tables.find_fitting(request):
        # The remaining groups have no more points for their paths: even with an equal query they cannot win.
        if winner is not None and winner.score >= line + most and line < (winner.path_line or 0):
            break
        match = group.find_best(line, request)
        winner = winner if match is None else _choose_better(winner, match, request)
        is_best = winner is not None and line is PathLine.EXACT and winner.score >= PathLine.SLASHES + most
        if is_best and tables.redacted_paths is None:
            break  # the same, before the look-up of the next line
    return winner


def _choose_better(winner: Match | None, match: Match, request: NormalRequest) -> Match:
    """Return the better of two matches, the second one from a group of paths that comes later."""
    if winner is None or match.points > winner.points:
        return match
    if match.points < winner.points:
        return winner
    return choose_best([winner, match], request, list_negotiating_names((), request.settings)) or winner


def _find_by_distance(tables: MethodTables, request: NormalRequest) -> Match | None:
    winner: Match | None = None
    for similarity, group in tables.find_distant(request):
        match = group.find_best(PathLine.DISTANCE, request)
        if match is not None:
            winner = _choose_better(winner, replace(match, similarity=similarity), request)
    return winner
