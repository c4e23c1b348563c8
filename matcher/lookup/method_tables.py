"""All look-ups by path for one method."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.path_buckets import Cells
from understudy.matcher.lookup.similar_paths import Known, Neighbours
from understudy.matcher.lookup.wildcard_paths import Shapes
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.parts.paths import lines
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import MatchSettings


@dataclass(frozen=True, slots=True)
class Tables:
    """All candidates of one method (and one origin, where hosts are compared), found by their paths.

    What the settings do not ask for is None.
    """

    by_text: Cells
    by_shape: Shapes | None
    by_ids: Cells | None
    neighbours: Neighbours | None

    @classmethod
    def empty(cls, settings: MatchSettings) -> Tables:
        """The look-ups that these settings ask for, without a candidate."""
        counting = lines(settings)
        text = tuple(line for line in counting if line > PathLine.WILDCARDS)
        ids = tuple(line for line in counting if line < PathLine.WILDCARDS)
        distance = settings.distance and not settings.exact_path
        return cls(
            Cells(text, settings),
            Shapes(settings) if PathLine.WILDCARDS in counting else None,
            Cells(ids, settings) if ids else None,
            Neighbours() if distance else None,
        )

    def fitting(self, asked: Asked) -> Iterator[tuple[PathLine, Group]]:
        """The groups whose paths fit the request's by each line, best line first.

        A candidate can come again with lines below its first: it has fewer points there, so that never decides.
        """
        yield from self.by_text.fitting(asked.text)
        if self.by_shape:
            for group in self.by_shape.fitting(asked.folded_segments):
                yield PathLine.WILDCARDS, group
        if self.by_ids:
            yield from self.by_ids.fitting(asked.text)

    def distant(self, asked: Asked) -> Iterator[Group]:
        """The groups whose paths fit by document distance."""
        if self.neighbours is not None:
            yield from filter(None, map(self.by_text.equal, self.neighbours.alike(asked.text)))

    def all_fitting(self, asked: Asked) -> Iterator[Candidate]:
        """Every candidate whose path fits by some line, distance last; one can come again."""
        for _, found in self.fitting(asked):
            yield from found.candidates
        for found in self.distant(asked):
            yield from found.candidates

    def changed(self, gone: Collection[Candidate], come: Collection[Candidate]) -> Tables:
        """The look-ups without the candidates that are gone and with those that come."""
        by_text = self.by_text.changed(gone, come)
        neighbours = self.neighbours
        if neighbours is not None:
            texts = dict.fromkeys(candidate.path.text for each in (come, gone) for candidate in each)
            neighbours = neighbours.changed(_known(self.by_text, texts), _known(by_text, texts))
        by_shape = None if self.by_shape is None else self.by_shape.changed(gone, come)
        by_ids = None if self.by_ids is None else self.by_ids.changed(gone, come)
        return Tables(by_text, by_shape, by_ids, neighbours)


def _known(paths: Cells, texts: Iterable[str]) -> list[Known]:
    return [Known(text, group.newest) for text in texts if (group := paths.equal(text)) is not None]
