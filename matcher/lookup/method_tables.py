"""All look-ups by path for the candidates of one method."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.path_buckets import PathBuckets
from understudy.matcher.lookup.similar_paths import KnownPath, SimilarPaths
from understudy.matcher.lookup.wildcard_paths import WildcardPaths
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.paths import list_lines
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import MatchSettings


@dataclass(frozen=True, slots=True)
class MethodTables:
    """All candidates of one method (and one origin, if hosts are compared), found by their paths.

    A table that the settings do not need is None.
    """

    by_text: PathBuckets
    by_shape: WildcardPaths | None
    by_ids: PathBuckets | None
    similar_paths: SimilarPaths | None

    @classmethod
    def create_empty(cls, settings: MatchSettings) -> MethodTables:
        """Create the look-ups that these settings need, without candidates."""
        lines = list_lines(settings)
        text = tuple(line for line in lines if line > PathLine.WILDCARDS)
        ids = tuple(line for line in lines if line < PathLine.WILDCARDS)
        distance = settings.distance and not settings.exact_path
        return cls(
            PathBuckets(text, settings),
            WildcardPaths(settings) if PathLine.WILDCARDS in lines else None,
            PathBuckets(ids, settings) if ids else None,
            SimilarPaths() if distance else None,
        )

    def find_fitting(self, request: NormalRequest) -> Iterator[tuple[PathLine, Group]]:
        """Yield the groups whose paths fit the request's by each line, best line first.

        A candidate may be found again by lines below its first: it has fewer points there, so that never decides.
        """
        yield from self.by_text.find_fitting(request.path)
        if self.by_shape:
            for group in self.by_shape.find_fitting(request.folded_segments):
                yield PathLine.WILDCARDS, group
        if self.by_ids:
            yield from self.by_ids.find_fitting(request.path)

    def find_distant(self, request: NormalRequest) -> Iterator[Group]:
        """Yield the groups whose paths fit by document distance."""
        if self.similar_paths is not None:
            yield from filter(None, map(self.by_text.find_equal, self.similar_paths.find_similar(request.path)))

    def find_all_fitting(self, request: NormalRequest) -> Iterator[Candidate]:
        """Yield every candidate whose path fits by some line, distance last; some more than once."""
        for _, group in self.find_fitting(request):
            yield from group.candidates
        for group in self.find_distant(request):
            yield from group.candidates

    def apply_changes(self, removed: Collection[Candidate], added: Collection[Candidate]) -> MethodTables:
        """Return the look-ups without the `removed` candidates and with the `added` ones."""
        by_text = self.by_text.apply_changes(removed, added)
        similar_paths = self.similar_paths
        if similar_paths is not None:
            texts = dict.fromkeys(candidate.path.text for each in (added, removed) for candidate in each)
            similar_paths = similar_paths.apply_changes(_list_paths(self.by_text, texts), _list_paths(by_text, texts))
        by_shape = None if self.by_shape is None else self.by_shape.apply_changes(removed, added)
        by_ids = None if self.by_ids is None else self.by_ids.apply_changes(removed, added)
        return MethodTables(by_text, by_shape, by_ids, similar_paths)


def _list_paths(paths: PathBuckets, texts: Iterable[str]) -> list[KnownPath]:
    return [KnownPath(text, group.newest) for text in texts if (group := paths.find_equal(text)) is not None]
