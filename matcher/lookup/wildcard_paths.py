"""Look-ups by paths with wildcards: one per distinct shape of that number of segments."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from understudy.matcher.lookup import candidate_groups
from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.persistent_map import Map, by_key, refiled
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.paths import Shape, shape_key
from understudy.matcher.settings import MatchSettings

ByLiterals = Map[tuple[str, ...], Group]


class Shapes:
    """Candidates whose paths hold wildcards. Never changes."""

    __slots__ = ("_counts", "_settings")

    def __init__(self, settings: MatchSettings) -> None:
        self._settings = settings
        self._counts: Mapping[int, Mapping[Shape, ByLiterals]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._counts.values()))

    def shapes(self, count: int) -> Collection[Shape]:
        """The shapes of so many segments, in a fixed order."""
        return self._counts.get(count, {}).keys()

    def fitting(self, folded: tuple[str, ...]) -> Iterator[Group]:
        """The groups whose wildcards the folded segments of a request fit."""
        for shape, by_literals in self._counts.get(len(folded), {}).items():
            key = shape_key(shape, folded)
            if key is not None and (found := by_literals.get(key)) is not None:
                yield found

    def changed(self, gone: Collection[Candidate], come: Collection[Candidate]) -> Shapes:
        """The shapes without the candidates that are gone and with those that come."""
        out, into = by_key(_wild(gone), _count_and_shape), by_key(_wild(come), _count_and_shape)
        if not out and not into:
            return self
        counts = {count: dict(shapes) for count, shapes in self._counts.items()}
        for count, shape in {**out, **into}:
            known = counts.setdefault(count, {}).get(shape, Map())
            sides = out.get((count, shape), ()), into.get((count, shape), ())
            counts[count][shape] = refiled(known, *sides, _literals, self._group)
        after = Shapes(self._settings)
        after._counts = {count: _settled(shapes) for count, shapes in counts.items()}
        return after

    def _group(self, group: Group | None, gone: Collection[Candidate], come: Collection[Candidate]) -> Group | None:
        return candidate_groups.changed(group, gone, come, self._settings)


def _settled(shapes: Mapping[Shape, ByLiterals]) -> dict[Shape, ByLiterals]:
    return {shape: shapes[shape] for shape in sorted(shapes, key=_order) if len(shapes[shape])}


def _order(shape: Shape) -> list[tuple[int, str, str]]:
    return [(place, wildcard.prefix, wildcard.suffix) for place, wildcard in shape]


def _wild(candidates: Collection[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.path.wild]


def _count_and_shape(candidate: Candidate) -> tuple[int, Shape]:
    return len(candidate.path.wild), candidate.path.shape


def _literals(candidate: Candidate) -> tuple[str, ...]:
    return candidate.path.literals
