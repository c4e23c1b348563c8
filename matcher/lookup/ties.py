"""Ties: of candidates with equal points and equal wildcards, the preferred one (docs/matching.md, "Ties").

A few are compared one by one. Many are found by look-ups of body, operation and negotiating headers, so that a decision
does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter

from understudy.matcher.parts.bodies import BodyPattern, BodyShape
from understudy.matcher.parts.body_comparison import is_equal_body
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.eligibility import CONDITIONS
from understudy.matcher.parts.headers import OPEN
from understudy.matcher.parts.negotiation import MAX_VARIED, NEGOTIATING, HeaderTexts
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import MAX_LOOSE_BODIES, PathLine, QueryFit
from understudy.matcher.settings import MatchSettings
from understudy.store.model.values import replace

FEW = 8  # up to this number, comparing one by one costs no more than the look-ups
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
    compared = [Match.of_tied(each.candidate, each.path_line, each.query_fit, request, names) for each in best]
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

    __slots__ = ("_children", "_differs", "_groups", "_is_form", "_is_redacted", "candidates", "names")

    def __init__(self, candidates: Sequence[Candidate], names: tuple[str, ...]) -> None:
        self.candidates = candidates
        self.names = names
        self._groups: dict[Hashable, dict[Hashable, list[Candidate]]] = {}
        self._children: dict[tuple[Hashable, Hashable], TieIndex] = {}
        self._differs: bool | None = None
        self._is_redacted: bool | None = None
        self._is_form: bool | None = None

    @classmethod
    def merge(cls, parts: Iterable[Sequence[Candidate]], names: tuple[str, ...]) -> TieIndex:
        """Return the candidates of several parts."""
        return cls(sorted(chain.from_iterable(parts), key=_ORDER_KEY, reverse=True), names)

    def warm_like(self, other: TieIndex, shape: Hashable = None) -> None:
        """Build the look-ups that another index has built, so that the next request does not wait for them.

        `shape` is that of the bodies, for candidates of one shape.
        """
        for level in list(other._groups):
            if level == "shape":
                self._group_by_shape()
            else:
                self._group_by(level, self._choose_key(level, shape))
        for (level, value), child in list(other._children.items()):
            mine = self._get_child(level, value)
            if mine is not None and len(mine.candidates) > 1:
                mine.warm_like(child, value if level == "shape" else shape)

    def _choose_key(self, level: Hashable, shape: Hashable = None) -> Callable[[Candidate], Hashable]:
        if isinstance(level, int):
            return lambda candidate: (candidate.read_negotiated(self.names)[level],)
        if level == "body":
            assert isinstance(shape, BodyShape)
            return lambda candidate: _find_key(candidate, shape)
        return self._get_header_values if level == "headers" else _KEYS[level]

    def find_preferred(self, line: PathLine, fit: QueryFit, request: NormalRequest) -> Match:
        """Return the match of the preferred candidate."""
        settings = request.settings
        compares_body = settings.prefer_body and not settings.body
        asked = self._narrow_by_conditions(request)
        equal = asked._find_equal_bodies(request) if compares_body else None
        node = equal or asked
        if compares_body:  # of equal bodies, too: a header may name the operation
            node = node._narrow_by_operation(request)
        if len(node.candidates) > 1 and self.names:
            node = node._narrow_by_headers(request.read_exact(self.names))
        if request.repeats and fit >= QueryFit.WILD and len(node.candidates) > 1:
            node = node._narrow_by_order(request)
        differs = compares_body and equal is None and self._do_bodies_differ()
        return Match(node.candidates[0], line, fit, (), self.names, differs)

    def _narrow_by_conditions(self, request: NormalRequest) -> TieIndex:
        groups = self._group_by("conditions", _KEYS["conditions"])
        if len(groups) == 1:
            return self
        return self._get_child("conditions", request.read_exact(CONDITIONS)) or self

    def _do_bodies_differ(self) -> bool:
        if self._differs is None:
            self._differs = differ_in_body(self.candidates)
        return self._differs

    def _find_equal_bodies(self, request: NormalRequest) -> TieIndex | None:
        """Return the candidates with an equal body that has the fewest wildcards; None if there are none."""
        found = [node for shape in self._group_by_shape() if (node := self._find_body(shape, request)) is not None]
        loose = [each for each in self._list_loose() if is_equal_body(_get_pattern(each), request)]
        equal = [*found, TieIndex(loose, self.names)] if loose else found
        if len(equal) < 2 and not loose:
            return equal[0] if equal else None
        counted = [(_get_pattern(each).open_count, each) for node in equal for each in node.candidates]
        fewest = min(count for count, _ in counted)
        least = list(dict.fromkeys(each for count, each in counted if count == fewest))
        return TieIndex(sorted(least, key=_ORDER_KEY, reverse=True), self.names)

    def _group_by_shape(self) -> dict[Hashable, list[Candidate]]:
        """Return the candidates by the shapes of their bodies: by several those without Content-Type."""
        groups = self._groups.get("shape")
        if groups is None:
            groups = {}
            for candidate in self.candidates:
                pattern = candidate.compared_body.pattern
                for each in pattern.keyed if pattern else ():
                    groups.setdefault(each.shape, []).append(candidate)
            self._groups["shape"] = groups
        return groups

    def _list_loose(self) -> Sequence[Candidate]:
        """Return the newest candidates whose bodies no key finds."""
        groups = self._group_by("loose body", _KEYS["loose body"])
        return groups.get(True, [])[:MAX_LOOSE_BODIES]

    def _find_body(self, shape: Hashable, request: NormalRequest) -> TieIndex | None:
        """Return those of candidates with a body of this shape whose body is equal."""
        assert isinstance(shape, BodyShape)
        key = request.digest_shape(shape)
        node = None if key is None else self._get_child("shape", shape)
        if node is None:
            return None
        node._group_by("body", node._choose_key("body", shape))
        found = node._get_child("body", key)
        if found is None or not found._has_forms():
            return found
        equal = [each for each in found.candidates if is_equal_body(_get_pattern(each), request)]
        return TieIndex(equal, self.names) if equal else None

    def _has_forms(self) -> bool:
        """Return whether there are forms that a key alone does not prove equal."""
        if self._is_form is None:
            patterns = [_get_pattern(each) for each in self.candidates]
            self._is_form = any(each.form is not None for pattern in patterns for each in (pattern, *pattern.others))
        return self._is_form

    def _narrow_by_operation(self, request: NormalRequest) -> TieIndex:
        operation = request.operation
        if operation is None:
            return self
        self._group_by("operation", _KEYS["operation"])
        self._group_by("loose", _KEYS["loose"])
        found = self._get_child("operation", operation.key), self._get_child("loose", operation.loose_key)
        return self._merge([each for each in found if each is not None]) or self

    def _narrow_by_headers(self, values: HeaderTexts) -> TieIndex:
        """Return the candidates with equal values: of all headers, else of each that some candidate has equal."""
        # A redacted value equals any: such candidates are not found by the values of all headers.
        found = None if self._has_redacted() else self._get_child("headers", values)
        if found is not None:
            return found
        node = self
        for at, value in enumerate(values):
            if len(node.candidates) == 1:
                break
            node = node._narrow_by_header(at, value)
        return node

    def _narrow_by_header(self, at: int, value: str | None) -> TieIndex:
        self._group_by(at, self._choose_key(at))
        found = self._get_child(at, (value,)), self._get_child(at, (OPEN,))
        return self._merge([each for each in found if each is not None]) or self

    def _narrow_by_order(self, request: NormalRequest) -> TieIndex:
        equal = [each for each in self.candidates if each.has_same_order(request)]
        return TieIndex(equal, self.names) if equal else self

    def _has_redacted(self) -> bool:
        if self._is_redacted is None:
            groups = self._group_by("headers", self._get_header_values)
            self._is_redacted = any(OPEN in each for each in groups if isinstance(each, tuple))
        return self._is_redacted

    def _get_header_values(self, candidate: Candidate) -> Hashable:
        return candidate.read_negotiated(self.names)

    def _merge(self, nodes: Sequence[TieIndex]) -> TieIndex | None:
        if len(nodes) < 2:
            return nodes[0] if nodes else None
        return TieIndex.merge((each.candidates for each in nodes), self.names)

    def _group_by(self, level: Hashable, key: Callable[[Candidate], Hashable]) -> dict[Hashable, list[Candidate]]:
        """Return the candidates by their keys, without those whose key is None; made once for each level."""
        groups = self._groups.get(level)
        if groups is None:
            groups = {}
            for candidate in self.candidates:
                if (value := key(candidate)) is not None:
                    groups.setdefault(value, []).append(candidate)
            self._groups[level] = groups  # only now, as another thread may look
        return groups

    def _get_child(self, level: Hashable, value: Hashable) -> TieIndex | None:
        """Return the candidates with this key, or None."""
        found = self._groups[level].get(value)
        if found is None or len(found) == 1:
            return None if found is None else TieIndex(found, self.names)
        child = self._children.get((level, value))
        if child is None:
            child = self._children[level, value] = TieIndex(found, self.names)
        return child


def _get_pattern(candidate: Candidate) -> BodyPattern:
    pattern = candidate.compared_body.pattern
    assert pattern is not None
    return pattern


def _has_loose_body(candidate: Candidate) -> bool:
    pattern = candidate.compared_body.pattern
    return pattern is not None and pattern.has_loose


def _find_key(candidate: Candidate, shape: BodyShape) -> bytes | None:
    return next((each.key for each in _get_pattern(candidate).keyed if each.shape == shape), None)


def _get_operation_key(candidate: Candidate) -> Hashable:
    operation = candidate.compared_body.operation
    return None if operation is None or operation.is_redacted else operation.key


def _get_loose_key(candidate: Candidate) -> Hashable:
    operation = candidate.compared_body.operation
    return operation.loose_key if operation is not None and operation.is_redacted else None


_KEYS: Mapping[Hashable, Callable[[Candidate], Hashable]] = {
    "conditions": Candidate.read_conditions,
    "loose body": _has_loose_body,
    "operation": _get_operation_key,
    "loose": _get_loose_key,
}
"""The key of each level of look-ups that depends on the candidate alone."""
