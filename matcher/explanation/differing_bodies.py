"""Where two bodies of one media type differ, down to the places inside the parts of a multipart body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from understudy.matcher.body_forms.body_trees import UNREADABLE, read_tree
from understudy.matcher.body_forms.canonical import list_canonical_parts
from understudy.matcher.body_forms.kinds import BodyKind, Reading, parse_body_type
from understudy.matcher.body_forms.multipart_forms import MAX_NESTING, BodyPart
from understudy.matcher.body_forms.open_places import Places
from understudy.matcher.explanation.differing_places import (
    find_differing_paths,
    list_differing_elements,
    list_differing_fields,
)

MAX_LINES = 10_000  # of sequences whose places are named; each costs ten microseconds or more


class PlainBody(NamedTuple):
    """A body without content coding, and its Content-Type."""

    content: bytes
    content_type: str | None


class DifferingPlace(NamedTuple):
    """A place that differs, as a setting takes it to ignore, and the part of a multipart body that it is in, or ""."""

    place: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class BodyComparer:
    """Compares two bodies that are read in one way, with the same places left open.

    `wild`: `{{name}}` in the first one stands for any text.
    """

    places: Places
    wild: bool

    def find_differing(
        self, mine: PlainBody, theirs: PlainBody, reading: Reading, depth: int = 0
    ) -> Iterator[DifferingPlace]:
        """Yield where the bodies differ; nothing for text and bytes, and for a difference that is the whole body."""
        try:
            kind = self._choose_kind(mine.content, theirs.content, reading)
            if kind is BodyKind.MULTIPART and depth < MAX_NESTING:
                yield from self._compare_parts(mine, theirs, depth)
            else:
                yield from map(DifferingPlace, self._compare(mine.content, theirs.content, kind))
        except (ValueError, RecursionError):
            return

    def _choose_kind(self, mine: bytes, theirs: bytes, reading: Reading) -> BodyKind:
        """Return JSON for two bodies that are, by their content, also those of a form; else the kind of the reading."""
        if reading in (Reading.MULTIPART, Reading.XML, Reading.BYTES):
            return reading.kind
        trees = (read_tree(body, BodyKind.JSON, None, self.places) for body in (mine, theirs))
        return reading.kind if UNREADABLE in list(trees) else BodyKind.JSON

    def _compare(self, mine: bytes, theirs: bytes, kind: BodyKind) -> Iterator[str]:
        if kind is BodyKind.FORM:
            yield from list_differing_fields(mine, theirs, self.places, wild=self.wild)
        elif kind is BodyKind.XML:
            yield from list_differing_elements(mine, theirs, self.places)
        elif kind is BodyKind.JSON or (
            kind is BodyKind.SEQUENCE and max(mine.count(b"\n"), theirs.count(b"\n")) < MAX_LINES
        ):
            one = read_tree(mine, kind, None, self.places, wild=self.wild)
            other = read_tree(theirs, kind, None, self.places)
            yield from _compare_values(one, other, kind)

    def _compare_parts(self, mine: PlainBody, theirs: PlainBody, depth: int) -> Iterator[DifferingPlace]:
        one, other = (list_canonical_parts(*body, self.places) for body in (mine, theirs))
        if [part.name for part, _ in one] != [part.name for part, _ in other]:
            yield from map(DifferingPlace, _list_differing_parts(one, other))
            return
        for number, ((part, text), (other_part, other_text)) in enumerate(zip(one, other, strict=True), 1):
            if text != other_text:
                yield from self._compare_part(part, other_part, number, depth)

    def _compare_part(self, mine: BodyPart, theirs: BodyPart, number: int, depth: int) -> Iterator[DifferingPlace]:
        """Yield the places inside a part that differs, or else its name."""
        places: list[DifferingPlace] = []
        if mine.head == theirs.head and mine.content and theirs.content:
            one, other = (PlainBody(each.content, each.content_type) for each in (mine, theirs))
            places = list(self.find_differing(one, other, parse_body_type(mine.content_type).reading, depth + 1))
        for place, inner in places:
            yield DifferingPlace(place, inner or mine.name or str(number))
        if not places and mine.name:
            yield DifferingPlace(mine.name)


def _compare_values(one: object, other: object, kind: BodyKind) -> Iterator[str]:
    if kind is BodyKind.JSON:
        yield from (path for path in find_differing_paths(one, other) if path != "$")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        paths = (path for each in zip(one, other, strict=True) for path in find_differing_paths(*each) if path != "$")
        yield from dict.fromkeys(paths)  # a place is ignored in every value of a sequence


def _list_differing_parts(one: list[tuple[BodyPart, bytes]], other: list[tuple[BodyPart, bytes]]) -> list[str]:
    mine, theirs = (
        {name: sorted(text for part, text in each if part.name == name) for name in {part.name for part, _ in each}}
        for each in (one, other)
    )
    return sorted(name for name in mine | theirs if name and mine.get(name) != theirs.get(name))
