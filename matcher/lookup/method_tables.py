"""All look-ups by path for the candidates of one method."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter

from understudy.matcher.lookup import candidate_groups
from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.path_buckets import PathBuckets
from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key, update_by_key
from understudy.matcher.lookup.similar_paths import KnownPath, SimilarPaths, WildSegments, list_wild_segments
from understudy.matcher.lookup.wildcard_paths import RedactedPaths, WildcardPaths
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.paths import list_lines
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import MatchSettings


@dataclass(frozen=True, slots=True)
class MethodTables:
    """All candidates of one method (and one origin, if hosts are compared), found by their paths.

    A table that the settings do not need is None. `redacted_paths` has the candidates whose paths have redacted texts,
    `by_ids` those that ids may find, `distant_paths` those that distance may find; an empty one of these is None.
    """

    settings: MatchSettings
    by_text: PathBuckets
    by_shape: WildcardPaths | None
    by_ids: PathBuckets | None = None
    distant_paths: DistantPaths | None = None
    redacted_paths: RedactedPaths | None = None

    @classmethod
    def create_empty(cls, settings: MatchSettings) -> MethodTables:
        """Create the look-ups that these settings need, without candidates."""
        lines = list_lines(settings)
        text = tuple(line for line in lines if line > PathLine.WILDCARDS)
        return cls(
            settings,
            PathBuckets(text, settings),
            WildcardPaths(settings) if PathLine.WILDCARDS in lines else None,
        )

    def find_fitting(self, request: NormalRequest) -> Iterator[tuple[PathLine, Group]]:
        """Yield the groups whose paths fit the request's by each line, best line first.

        A candidate may be found again by lines below its first: it has fewer points there, so that never decides.
        """
        by_text = self.by_text.find_fitting(request.path)
        if self.redacted_paths is None:
            yield from by_text
        else:
            yield from merge(by_text, self.redacted_paths.find_fitting(request.path), key=itemgetter(0), reverse=True)
        if self.by_shape:
            for group in self.by_shape.find_fitting(request.folded_segments):
                yield PathLine.WILDCARDS, group
        if self.by_ids:
            yield from self.by_ids.find_fitting(request.path)

    def find_distant(self, request: NormalRequest) -> Iterator[tuple[float, Group]]:
        """Yield the groups of the candidates whose paths fit by document distance, and how much alike the paths are."""
        if self.distant_paths is not None:
            yield from self.distant_paths.find_fitting(request.path, self.by_text)

    def find_all_fitting(self, request: NormalRequest) -> Iterator[Candidate]:
        """Yield every candidate whose path fits by some line, distance last; some more than once."""
        for _, group in self.find_fitting(request):
            yield from group.candidates
        for _, group in self.find_distant(request):
            yield from group.candidates

    def apply_changes(self, removed: Collection[Candidate], added: Collection[Candidate]) -> MethodTables:
        """Return the look-ups without the `removed` candidates and with the `added` ones."""
        by_text = self.by_text.apply_changes(removed, added)
        by_shape = None if self.by_shape is None else self.by_shape.apply_changes(removed, added)
        by_ids = self._update_ids(*(_select_by_ids(each, self.settings) for each in (removed, added)))
        distant_paths = self.distant_paths
        if distant_paths is None and any(self.settings.uses_distance(recorded=each.path.recorded) for each in added):
            distant_paths = DistantPaths(self.settings)
        if distant_paths is not None:
            distant_paths = distant_paths.apply_changes(removed, added, self.by_text, by_text)
        redacted_paths = (self.redacted_paths or RedactedPaths(self.settings)).apply_changes(removed, added)
        kept = redacted_paths if len(redacted_paths) else None
        return MethodTables(self.settings, by_text, by_shape, by_ids, distant_paths, kept)

    def _update_ids(self, removed: Collection[Candidate], added: Collection[Candidate]) -> PathBuckets | None:
        if not removed and not added:
            return self.by_ids
        lines = tuple(line for line in list_lines(self.settings) if line < PathLine.WILDCARDS)
        before = PathBuckets(lines, self.settings) if self.by_ids is None else self.by_ids
        after = before.apply_changes(removed, added)
        return after if len(after) else None


def _select_by_ids(candidates: Collection[Candidate], settings: MatchSettings) -> list[Candidate]:
    return [each for each in candidates if settings.uses_ids(recorded=each.path.recorded)]


@dataclass(frozen=True, slots=True)
class DistantPaths:
    """The paths that document distance may find. Immutable.

    `count` is their number. `mixed` has the groups of the paths that other candidates have too, which distance does not
    find: for each such path those that it finds. `wild` has the groups of paths with wildcards, by their segments. All
    other groups are those of the look-up by text.
    """

    settings: MatchSettings
    similar_paths: SimilarPaths = field(default_factory=SimilarPaths)
    count: int = 0
    mixed: PersistentMap[str, Group] = field(default_factory=PersistentMap)
    wild: PersistentMap[WildSegments, Group] = field(default_factory=PersistentMap)

    def find_fitting(self, text: str, by_text: PathBuckets) -> Iterator[tuple[float, Group]]:
        """Yield the groups whose paths are similar to this one, and how much alike they are."""
        for path, similarity in self.similar_paths.find_similar(text):
            group = self.wild.get(path.wild) if path.wild else self._find_group(path.text, by_text)
            if group is not None:
                yield similarity, group

    def apply_changes(
        self, removed: Collection[Candidate], added: Collection[Candidate], before: PathBuckets, after: PathBuckets
    ) -> DistantPaths | None:
        """Return the paths without the `removed` candidates and with the `added` ones; None if none is left.

        `before` and `after` are the look-ups by text with all candidates.
        """
        old, new = group_by_key(removed, _get_text), group_by_key(added, _get_text)
        groups, changed, mixed = dict[str, Group | None](), dict[str, Group | None](), dict[str, Group | None]()
        for text in {**new, **old}:
            whole, group = after.find_equal(text), self._find_group(text, before)
            sides = [each for side in (old, new) for each in side.get(text, ())]
            is_whole = group is before.find_equal(text) and all(map(self._may_find, sides))
            groups[text] = group
            changed[text] = whole if is_whole else self._update_group(group, old.get(text, ()), new.get(text, ()))
            is_mixed = _is_smaller(changed[text], whole)
            if is_mixed or text in self.mixed:
                mixed[text] = changed[text] if is_mixed else None
        wild, wild_gone, wild_come = self._update_wild(removed, added)
        gone, come = [*_list_paths(groups), *wild_gone], [*_list_paths(changed), *wild_come]
        count = self.count - len(gone) + len(come)
        similar_paths = self.similar_paths.apply_changes(gone, come)
        mixed_after = self.mixed.replace_entries(mixed)
        return DistantPaths(self.settings, similar_paths, count, mixed_after, wild) if count else None

    def _update_wild(
        self, removed: Collection[Candidate], added: Collection[Candidate]
    ) -> tuple[PersistentMap[WildSegments, Group], list[KnownPath], list[KnownPath]]:
        """Return the groups of the paths with wildcards, and those paths as they were and as they are."""
        old, new = (
            [each for each in side if each.path.wild and self._uses_distance(each)] for side in (removed, added)
        )
        after = update_by_key(self.wild, old, new, _get_wild, self._update_wild_group)
        keys = {_get_wild(each): None for each in (*old, *new)}
        gone, come = (
            [KnownPath("", group.newest, key) for key in keys if (group := groups.get(key)) is not None]
            for groups in (self.wild, after)
        )
        return after, gone, come

    def _update_wild_group(
        self, group: Group | None, removed: Collection[Candidate], added: Collection[Candidate]
    ) -> Group | None:
        return candidate_groups.update_group(group, removed, added, self.settings)

    def _update_group(
        self, group: Group | None, removed: Collection[Candidate], added: Collection[Candidate]
    ) -> Group | None:
        gone, come = ([each for each in side if self._may_find(each)] for side in (removed, added))
        return candidate_groups.update_group(group, gone, come, self.settings)

    def _find_group(self, text: str, by_text: PathBuckets) -> Group | None:
        """Return the candidates of a path that distance may find, or None."""
        found = self.mixed.get(text)
        if found is not None:
            return found
        group = by_text.find_equal(text)
        return group if group is not None and self._may_find(next(iter(group.candidates))) else None

    def _may_find(self, candidate: Candidate) -> bool:
        """Return whether distance may find a candidate by the text of its path."""
        return not candidate.path.wild and self._uses_distance(candidate)

    def _uses_distance(self, candidate: Candidate) -> bool:
        return self.settings.uses_distance(recorded=candidate.path.recorded)


def _get_wild(candidate: Candidate) -> WildSegments:
    return list_wild_segments(candidate.path)


def _get_text(candidate: Candidate) -> str:
    return candidate.path.text


def _is_smaller(group: Group | None, whole: Group | None) -> bool:
    return group is not None and whole is not None and len(group.candidates) < len(whole.candidates)


def _list_paths(groups: Mapping[str, Group | None]) -> list[KnownPath]:
    return [KnownPath(text, group.newest) for text, group in groups.items() if group is not None]
