"""Look-ups by paths with open texts: one for each distinct shape with the request's number of segments.

A wildcard has a line of the path table of its own. A redacted text equals any, and every line compares the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from operator import itemgetter

from understudy.matcher.lookup import candidate_groups
from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.path_buckets import PathBuckets
from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key, update_by_key
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.paths import (
    Redactions,
    Shape,
    build_shape_key,
    insert_redactions,
    list_lines,
    split_segments,
)
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import MatchSettings

GroupsByLiterals = PersistentMap[tuple[str, ...], Group]
Place = tuple[int, Redactions]  # the number of segments, and which are redacted


class WildcardPaths:
    """Candidates whose paths contain wildcards, some of them redacted texts too. Immutable."""

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


class RedactedPaths:
    """Candidates in whose paths nothing is open but redacted texts. Immutable.

    All paths with the same redacted texts share one look-up, in which a request has these in the places of its own.
    """

    __slots__ = ("_by_place", "_settings")

    def __init__(self, settings: MatchSettings) -> None:
        self._settings = settings
        self._by_place: Mapping[Place, PathBuckets] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_place.values()))

    def find_fitting(self, text: str) -> Iterator[tuple[PathLine, Group]]:
        """Return the groups whose paths equal this one by each line, best line first."""
        count = len(split_segments(text))
        placed = (each for each in self._by_place.items() if each[0][0] == count)
        masked = ((insert_redactions(place[1], text), each) for place, each in placed)
        found = chain.from_iterable(each.find_fitting(mask) for mask, each in masked if mask is not None)
        return iter(sorted(found, key=itemgetter(0), reverse=True))

    def apply_changes(self, removed: Collection[Candidate], added: Collection[Candidate]) -> RedactedPaths:
        """Return the look-ups without the `removed` candidates and with the `added` ones."""
        old, new = (group_by_key(_select_redacted(side), _get_place) for side in (removed, added))
        if not old and not new:
            return self
        lines = tuple(line for line in list_lines(self._settings) if line > PathLine.WILDCARDS)
        by_place = dict(self._by_place)
        for place in {**old, **new}:
            before = by_place.get(place) or PathBuckets(lines, self._settings)
            by_place[place] = before.apply_changes(old.get(place, ()), new.get(place, ()))
        after = RedactedPaths(self._settings)
        after._by_place = {place: by_place[place] for place in sorted(by_place) if len(by_place[place])}
        return after


def _sort_shapes(shapes: Mapping[Shape, GroupsByLiterals]) -> dict[Shape, GroupsByLiterals]:
    return {shape: shapes[shape] for shape in sorted(shapes, key=_get_sort_key) if len(shapes[shape])}


def _get_sort_key(shape: Shape) -> list[tuple[int, str, str]]:
    return [(place, wildcard.prefix, wildcard.suffix) for place, wildcard in shape]


def _filter_wild(candidates: Collection[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.path.wild and not candidate.path.redactions]


def _get_count_and_shape(candidate: Candidate) -> tuple[int, Shape]:
    return len(candidate.path.wild), candidate.path.shape


def _get_literals(candidate: Candidate) -> tuple[str, ...]:
    return candidate.path.literals


def _select_redacted(candidates: Collection[Candidate]) -> list[Candidate]:
    return [each for each in candidates if each.path.redactions]


def _get_place(candidate: Candidate) -> Place:
    return len(candidate.path.wild), candidate.path.redactions
