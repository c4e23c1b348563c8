"""Look-ups by path: a bucket holds all paths that are equal by the loosest of some lines of the path table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from understudy.matcher.lookup import candidate_groups
from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.persistent_map import PersistentMap, update_by_key
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.paths import REST_KEYS, TEXT_KEYS
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import MatchSettings


@dataclass(frozen=True, slots=True)
class MixedBucket:
    """A bucket with paths that differ by its best line: one table of groups for each line."""

    tables: Mapping[PathLine, PersistentMap[str, Group]]

    def apply_changes(
        self, removed: Collection[Candidate], added: Collection[Candidate], settings: MatchSettings
    ) -> MixedBucket:
        """Return the bucket without the `removed` candidates and with the `added` ones."""
        # Several lines often hold the same candidates as one group: that group is made and kept once.
        known_changes: dict[tuple[object, ...], Group | None] = {}

        def update(before: Group | None, old: Collection[Candidate], new: Collection[Candidate]) -> Group | None:
            change = (id(before), *old, *new)
            if change not in known_changes:
                known_changes[change] = candidate_groups.update_group(before, old, new, settings)
            return known_changes[change]

        return MixedBucket(
            {
                line: update_by_key(table, removed, added, _make_rest_getter(line), update)
                for line, table in self.tables.items()
            }
        )


PathBucket = Group | MixedBucket


class PathBuckets:
    """Candidates by path, found by each of these lines, best line first. Immutable."""

    __slots__ = ("_buckets", "_key", "_lines", "_settings")

    def __init__(self, lines: tuple[PathLine, ...], settings: MatchSettings) -> None:
        self._lines = lines
        self._key = TEXT_KEYS[lines[-1]]
        self._settings = settings
        self._buckets: PersistentMap[str, PathBucket] = PersistentMap()

    def __len__(self) -> int:
        return len(self._buckets)

    def find_fitting(self, text: str) -> Iterator[tuple[PathLine, Group]]:
        """Yield the groups whose paths equal this one by each line, best line first.

        A group that is alone in its bucket comes once, by its first line.
        """
        bucket = self._find_bucket(text)
        if isinstance(bucket, MixedBucket):
            for line, groups in bucket.tables.items():
                if (found := groups.get(REST_KEYS[line](text))) is not None:
                    yield line, found
        elif bucket is not None:
            yield next(line for line in self._lines if REST_KEYS[line](bucket.text) == REST_KEYS[line](text)), bucket

    def find_equal(self, text: str) -> Group | None:
        """Return the group whose paths equal this one by the best line, or None."""
        bucket, best = self._find_bucket(text), self._lines[0]
        if bucket is None or isinstance(bucket, MixedBucket):
            return None if bucket is None else bucket.tables[best].get(REST_KEYS[best](text))
        return bucket if REST_KEYS[best](bucket.text) == REST_KEYS[best](text) else None

    def apply_changes(self, removed: Collection[Candidate], added: Collection[Candidate]) -> PathBuckets:
        """Return the buckets without the `removed` candidates and with the `added` ones."""
        after = PathBuckets(self._lines, self._settings)
        after._buckets = update_by_key(self._buckets, removed, added, self._get_key, self._update_bucket)
        return after

    def _find_bucket(self, text: str) -> PathBucket | None:
        key = self._key(text)
        return None if key is None else self._buckets.get(key)

    def _get_key(self, candidate: Candidate) -> str | None:
        text = candidate.path.text
        key = self._key(text)
        return text if key == text else key  # most paths are their own key: share one string in memory

    def _update_bucket(
        self, bucket: PathBucket | None, removed: Collection[Candidate], added: Collection[Candidate]
    ) -> PathBucket | None:
        if bucket is None and len(added) == 1:
            return candidate_groups.update_group(None, (), added, self._settings)
        best = self._lines[0]
        if not isinstance(bucket, MixedBucket):
            rests = set(map(_make_rest_getter(best), added))
            if bucket is not None:
                rests.add(REST_KEYS[best](bucket.text))
            if len(rests) == 1:
                return candidate_groups.update_group(bucket, removed, added, self._settings)
            held = [] if bucket is None else [bucket]
            bucket = MixedBucket(
                {line: PersistentMap({REST_KEYS[line](each.text): each for each in held}) for line in self._lines}
            )
        after = bucket.apply_changes(removed, added, self._settings)
        return after if len(after.tables[best]) > 1 else next(after.tables[best].values(), None)


def _make_rest_getter(line: PathLine) -> Callable[[Candidate], str]:
    rest = REST_KEYS[line]
    return lambda candidate: rest(candidate.path.text)
