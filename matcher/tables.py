"""The look-ups by path: one dictionary per line of the path table, and one per distinct shape of wildcards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from matcher.asked import Asked
from matcher.candidate import Candidate
from matcher.groups import Group, group
from matcher.neighbours import Neighbours
from matcher.paths import TEXT_KEYS, Shape, lines, shape_key
from matcher.scores import PathLine
from matcher.settings import MatchSettings

ByText = Mapping[str, Group]
ByLiterals = Mapping[tuple[str, ...], Group]


@dataclass(frozen=True, slots=True)
class Tables:
    """All candidates of one method (and one origin, where hosts are compared), found by their paths.

    `shapes` holds, per number of segments, the wildcard shapes that occur, each with its candidates by literals;
    `neighbours` is None where distance does not count.
    """

    lines: tuple[PathLine, ...]
    texts: Mapping[PathLine, ByText]
    shapes: Mapping[int, tuple[tuple[Shape, ByLiterals], ...]]
    neighbours: Neighbours | None

    def fitting(self, asked: Asked) -> Iterator[tuple[PathLine, Group]]:
        """The groups whose paths fit the request's by each line, best line first.

        A candidate comes again with lines below its first: it has fewer points there, so that never decides.
        """
        for line in self.lines:
            if line is PathLine.WILDCARDS:
                for found in self._wild(asked.folded_segments):
                    yield line, found
                continue
            key = TEXT_KEYS[line](asked.text)
            if key is not None and (group_found := self.texts[line].get(key)) is not None:
                yield line, group_found

    def distant(self, asked: Asked) -> Iterator[Group]:
        """The groups whose paths fit by document distance."""
        if self.neighbours is not None:
            for text in self.neighbours.alike(asked.text):
                yield self.texts[PathLine.EXACT][text]

    def all_fitting(self, asked: Asked) -> Iterator[Candidate]:
        """Every candidate whose path fits by some line, distance last; one can come again."""
        for _, found in self.fitting(asked):
            yield from found.candidates
        for found in self.distant(asked):
            yield from found.candidates

    def _wild(self, folded: tuple[str, ...]) -> Iterator[Group]:
        for shape, by_literals in self.shapes.get(len(folded), ()):
            key = shape_key(shape, folded)
            if key is not None and key in by_literals:
                yield by_literals[key]


def tables(candidates: Iterable[Candidate], settings: MatchSettings) -> Tables:
    """Sort the candidates of one method, newest first, into their look-ups."""
    members = tuple(candidates)
    grouped = _sharing(settings)
    texts: dict[PathLine, ByText] = {
        line: {key: grouped(found) for key, found in _by_text(members, line).items()}
        for line in lines(settings)
        if line is not PathLine.WILDCARDS
    }
    distance = settings.distance and not settings.exact_path
    neighbours = Neighbours(list(texts[PathLine.EXACT])) if distance else None
    return Tables(lines(settings), texts, _by_shape(members, grouped), neighbours)


def _sharing(settings: MatchSettings) -> Callable[[list[Candidate]], Group]:
    # Most paths differ in more than case and slashes, so the same few come together in every table: kept once.
    known: dict[tuple[int, ...], Group] = {}

    def shared(found: list[Candidate]) -> Group:
        key = tuple(map(id, found))
        if key not in known:
            known[key] = group(found, settings)
        return known[key]

    return shared


def _by_text(candidates: Iterable[Candidate], line: PathLine) -> dict[str, list[Candidate]]:
    found: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        key = TEXT_KEYS[line](candidate.path.text)
        if key is not None:
            found[key].append(candidate)
    return found


def _by_shape(
    candidates: Iterable[Candidate], grouped: Callable[[list[Candidate]], Group]
) -> dict[int, tuple[tuple[Shape, ByLiterals], ...]]:
    found: defaultdict[int, defaultdict[Shape, defaultdict[tuple[str, ...], list[Candidate]]]]
    found = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for candidate in candidates:
        if candidate.path.wild:
            found[len(candidate.path.wild)][candidate.path.shape][candidate.path.literals].append(candidate)
    return {
        count: tuple((shape, {key: grouped(each) for key, each in keys.items()}) for shape, keys in shapes.items())
        for count, shapes in found.items()
    }
