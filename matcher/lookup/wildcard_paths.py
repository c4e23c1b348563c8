"""Look-ups by paths with wildcards: one for each distinct shape with the request's number of segments."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from understudy.matcher.lookup import candidate_groups
from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key, update_by_key
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.paths import Shape, build_shape_key
from understudy.matcher.settings import MatchSettings

GroupsByLiterals = PersistentMap[tuple[str, ...], Group]


class WildcardPaths:
    """Candidates whose paths contain wildcards. Immutable."""

    __slots__ = ("_settings", "_shapes")

    def __init__(self, settings: MatchSettings) -> None:
        self._settings = settings
        self._shapes: Mapping[int, Mapping[Shape, GroupsByLiterals]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._shapes.values()))

    def list_shapes(self, count: int) -> Collection[Shape]:
        """Return the shapes with this number of segments, in a fixed order."""
        return self._shapes.get(count, {}).keys()

    def find_fitting(self, folded: tuple[str, ...]) -> Iterator[Group]:
        """Yield the groups whose wildcards fit the folded segments of a request."""
        for shape, by_literals in self._shapes.get(len(folded), {}).items():
            key = build_shape_key(shape, folded)
            if key is not None and (found := by_literals.get(key)) is not None:
                yield found

    def apply_changes(self, removed: Collection[Candidate], added: Collection[Candidate]) -> WildcardPaths:
        """Return the look-ups without the `removed` candidates and with the `added` ones."""
        removed_by_shape, added_by_shape = (
            group_by_key(_filter_wild(removed), _get_count_and_shape),
            group_by_key(_filter_wild(added), _get_count_and_shape),
        )
        if not removed_by_shape and not added_by_shape:
            return self
        counts = {count: dict(shapes) for count, shapes in self._shapes.items()}
        for count, shape in {**removed_by_shape, **added_by_shape}:
            known = counts.setdefault(count, {}).get(shape, PersistentMap())
            sides = removed_by_shape.get((count, shape), ()), added_by_shape.get((count, shape), ())
            counts[count][shape] = update_by_key(known, *sides, _get_literals, self._update_group)
        after = WildcardPaths(self._settings)
        after._shapes = {count: _sort_shapes(shapes) for count, shapes in counts.items()}
        return after

    def _update_group(
        self, group: Group | None, removed: Collection[Candidate], added: Collection[Candidate]
    ) -> Group | None:
        return candidate_groups.update_group(group, removed, added, self._settings)


def _sort_shapes(shapes: Mapping[Shape, GroupsByLiterals]) -> dict[Shape, GroupsByLiterals]:
    return {shape: shapes[shape] for shape in sorted(shapes, key=_get_sort_key) if len(shapes[shape])}


def _get_sort_key(shape: Shape) -> list[tuple[int, str, str]]:
    return [(place, wildcard.prefix, wildcard.suffix) for place, wildcard in shape]


def _filter_wild(candidates: Collection[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.path.wild]


def _get_count_and_shape(candidate: Candidate) -> tuple[int, Shape]:
    return len(candidate.path.wild), candidate.path.shape


def _get_literals(candidate: Candidate) -> tuple[str, ...]:
    return candidate.path.literals
