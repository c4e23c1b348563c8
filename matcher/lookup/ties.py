"""Ties: of candidates with equal points and equal wildcards, the preferred one (docs/matching.md, "Ties").

A few are compared one by one. Many are found by look-ups of body, operation and negotiating headers, so that a decision
does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from itertools import chain
from operator import attrgetter

from understudy.matcher.body_forms.open_places import Places
from understudy.matcher.parts.bodies import BodyPattern
from understudy.matcher.parts.candidate import Candidate, Match, has_equal_body
from understudy.matcher.parts.headers import OPEN
from understudy.matcher.parts.negotiation import MAX_VARIED, NEGOTIATING
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import PathLine, QueryFit
from understudy.matcher.settings import MatchSettings
from understudy.store.model.values import replace

FEW = 8  # up to this number, comparing one by one costs no more than the look-ups
MAX_ONE_BY_ONE = 100  # bodies that no look-up finds: the newest are compared

_ORDER_KEY = attrgetter("order_key")


def list_negotiating_names(candidates: Iterable[Candidate], settings: MatchSettings) -> tuple[str, ...]:
    """Return the headers that break ties between candidates of one method and path, in the order in which they count.

    These are the listed ones, Accept, Accept-Language, and the first two others that a Vary names and whose values
    differ.
    """
    if not settings.prefer_headers:
        return ()
    listed = settings.list_preferred_headers()
    ignored = {name.lower() for name in settings.ignore_headers}
    usual = (*listed, *(name for name in NEGOTIATING if name not in ignored.union(listed)))
    varying = [candidate for candidate in candidates if candidate.vary]
    if not varying:
        return usual
    named = sorted({name for candidate in varying for name in candidate.vary} - {*usual, *ignored})
    return (*usual, *_select_differing(named, candidates))


def _select_differing(names: Sequence[str], candidates: Iterable[Candidate]) -> list[str]:
    held = list(candidates)
    differing = (name for name in names if len({candidate.read_negotiated((name,)) for candidate in held}) > 1)
    return [name for name, _ in zip(differing, range(MAX_VARIED), strict=False)]


def choose_preferred(
    tied: Sequence[Candidate], line: PathLine, fit: QueryFit, request: NormalRequest, names: tuple[str, ...]
) -> Match:
    """Return the match of the preferred one of a few candidates that tie."""
    if len(tied) == 1:
        return Match(tied[0], line, fit)
    matches = [Match.of_tied(each, line, fit, request, names) for each in tied]
    winner = max(matches, key=attrgetter("order"))
    return mark_body(winner, request, lambda: differ_in_body(tied))


def choose_best(matches: Sequence[Match], request: NormalRequest, names: tuple[str, ...]) -> Match | None:
    """Return the best of matches from several groups or buckets."""
    if len(matches) < 2:
        return matches[0] if matches else None
    most = max(match.points for match in matches)
    best = [match for match in matches if match.points == most]
    if len(best) == 1:
        return best[0]
    compared = [
        Match.of_tied(each.candidate, each.path_line, each.query_fit, request, names)
        for each in best
    ]
    winner = max(compared, key=attrgetter("order"))
    tied = [each.candidate for each in compared]
    return mark_body(winner, request, lambda: any(each.body_differs for each in best) or differ_in_body(tied))


def mark_body(winner: Match, request: NormalRequest, do_differ: Callable[[], bool]) -> Match:
    """Return the winner of a tie, marked if the tied bodies differ and none is equal to that of the request."""
    if not request.settings.prefer_body or request.settings.body or winner.preference[1] or not do_differ():
        return winner
    return replace(winner, body_differs=True)


def differ_in_body(candidates: Iterable[Candidate]) -> bool:
    """Return whether candidates have different bodies; one that could not be read differs."""
    patterns = [candidate.compared_body.pattern for candidate in candidates]
    return len({pattern.key if pattern else None for pattern in patterns}) > 1


class TieIndex:
    """Candidates that tie for some request, newest first, with look-ups that are built when first needed.

    `names` are their negotiating headers.
    """

    __slots__ = ("_children", "_differs", "_names", "candidates")

    def __init__(self, candidates: Collection[Candidate], names: tuple[str, ...]) -> None:
        self.candidates = sorted(candidates, key=_ORDER_KEY, reverse=True)
        self._names = names
        self._children: dict[Hashable, dict[Hashable, TieIndex]] = {}
        self._differs: bool | None = None

    def find_preferred(self, line: PathLine, fit: QueryFit, request: NormalRequest) -> Match:
        """Return the match of the preferred candidate."""
        node = self._narrow_by_body(request) if request.settings.prefer_body and not request.settings.body else self
        for at, (name, value) in enumerate(zip(self._names, request.read_exact(self._names), strict=True)):
            if len(node.candidates) == 1:
                break
            node = node._narrow_by_header(at, name, value)
        if request.repeats and fit >= QueryFit.WILD and len(node.candidates) > 1:
            node = node._narrow_by_order(request)
        winner = node.candidates[0]
        match = Match.of_tied(winner, line, fit, request, self._names)
        return mark_body(match, request, self._do_bodies_differ)

    def _do_bodies_differ(self) -> bool:
        if self._differs is None:
            self._differs = differ_in_body(self.candidates)
        return self._differs

    def _narrow_by_body(self, request: NormalRequest) -> TieIndex:
        equal = self._find_equal_bodies(request)
        if equal:
            return (
                equal[0] if len(equal) == 1 else TieIndex([*chain(*(each.candidates for each in equal))], self._names)
            )
        if request.operation is None:
            return self
        by_key = self._get_children("operation", _get_operation_key)
        by_loose_key = self._get_children("loose", _get_loose_key)
        found = [by_key.get(request.operation.key), by_loose_key.get(request.operation.loose_key)]
        nodes = [each for each in found if each is not None]
        if len(nodes) < 2:
            return nodes[0] if nodes else self
        return TieIndex([*chain(*(each.candidates for each in nodes))], self._names)

    def _find_equal_bodies(self, request: NormalRequest) -> list[TieIndex]:
        """Return the candidates with an equal body that has the fewest wildcards."""
        fewest, best = 0, list[TieIndex]()
        for places, by_key in self._get_children("places", _get_places).items():
            assert isinstance(places, frozenset)
            node = by_key._find_body(places, request)
            wild = _count_wild(places)
            if node is not None and (not best or wild <= fewest):
                best = [node] if not best or wild < fewest else [*best, node]
                fewest = wild
        return best

    def _find_body(self, places: Places, request: NormalRequest) -> TieIndex | None:
        """Return those of candidates with the same open places whose body is equal."""
        found = self._get_children("body", _get_body_key).get(request.digest_body(places).key)
        if found is None or all(_get_pattern(each).form is None for each in found.candidates[:MAX_ONE_BY_ONE]):
            return found
        equal = [each for each in found.candidates if has_equal_body(_get_pattern(each), request)]
        return TieIndex(equal, self._names) if equal else None

    def _narrow_by_header(self, at: int, name: str, value: str | None) -> TieIndex:
        children = self._get_children((at, name), lambda candidate: candidate.read_negotiated((name,)))
        found, redacted = children.get((value,)), children.get((OPEN,))
        if redacted is None:
            return found or self
        return TieIndex([*(found.candidates if found else ()), *redacted.candidates], self._names)

    def _narrow_by_order(self, request: NormalRequest) -> TieIndex:
        equal = [each for each in self.candidates if each.has_same_order(request)]
        return TieIndex(equal, self._names) if equal else self

    def _get_children(self, level: Hashable, key: Callable[[Candidate], Hashable]) -> dict[Hashable, TieIndex]:
        """Return the candidates by their keys, without those whose key is None."""
        children = self._children.get(level)
        if children is None:
            groups: dict[Hashable, list[Candidate]] = {}
            for candidate in self.candidates:
                if (value := key(candidate)) is not None:
                    groups.setdefault(value, []).append(candidate)
            children = self._children[level] = {each: TieIndex(group, self._names) for each, group in groups.items()}
        return children


def _get_pattern(candidate: Candidate) -> BodyPattern:
    pattern = candidate.compared_body.pattern
    assert pattern is not None
    return pattern


def _get_places(candidate: Candidate) -> Hashable:
    pattern = candidate.compared_body.pattern
    return None if pattern is None else pattern.places


def _get_body_key(candidate: Candidate) -> Hashable:
    return _get_pattern(candidate).key


def _get_operation_key(candidate: Candidate) -> Hashable:
    operation = candidate.compared_body.operation
    return None if operation is None or operation.is_redacted else operation.key


def _get_loose_key(candidate: Candidate) -> Hashable:
    operation = candidate.compared_body.operation
    return operation.loose_key if operation is not None and operation.is_redacted else None


def _count_wild(places: Places) -> int:
    return len(BodyPattern(places).open_names)
