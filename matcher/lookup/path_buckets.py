"""Look-ups by path: what is equal by the loosest of some lines of the path table lies in one cell."""

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
    """A cell whose paths differ by its best line: its groups by each line."""

    tables: Mapping[PathLine, PersistentMap[str, Group]]

    def apply_changes(
        self, removed: Collection[Candidate], added: Collection[Candidate], settings: MatchSettings
    ) -> MixedBucket:
        """The cell without the candidates that are gone and with those that come."""
        # The same ones come together by several lines: each such group is kept once.
        made: dict[tuple[object, ...], Group | None] = {}

        def group(before: Group | None, out: Collection[Candidate], into: Collection[Candidate]) -> Group | None:
            change = (id(before), *out, *into)
            if change not in made:
                made[change] = candidate_groups.update_group(before, out, into, settings)
            return made[change]

        return MixedBucket(
            {
                line: update_by_key(table, removed, added, _make_rest_getter(line), group)
                for line, table in self.tables.items()
            }
        )


PathBucket = Group | MixedBucket


class PathBuckets:
    """Candidates by path, found by each of these lines, best line first. Never changes."""

    __slots__ = ("_buckets", "_key", "_lines", "_settings")

    def __init__(self, lines: tuple[PathLine, ...], settings: MatchSettings) -> None:
        self._lines = lines
        self._key = TEXT_KEYS[lines[-1]]
        self._settings = settings
        self._buckets: PersistentMap[str, PathBucket] = PersistentMap()

    def __len__(self) -> int:
        return len(self._buckets)

    def find_fitting(self, text: str) -> Iterator[tuple[PathLine, Group]]:
        """The groups whose paths equal this one by each line, best line first; what is alone comes once."""
        cell = self._find_bucket(text)
        if isinstance(cell, MixedBucket):
            for line, known in cell.tables.items():
                if (found := known.get(REST_KEYS[line](text))) is not None:
                    yield line, found
        elif cell is not None:
            yield next(line for line in self._lines if REST_KEYS[line](cell.text) == REST_KEYS[line](text)), cell

    def find_equal(self, text: str) -> Group | None:
        """The group whose paths equal this one by the best line."""
        cell, best = self._find_bucket(text), self._lines[0]
        if cell is None or isinstance(cell, MixedBucket):
            return None if cell is None else cell.tables[best].get(REST_KEYS[best](text))
        return cell if REST_KEYS[best](cell.text) == REST_KEYS[best](text) else None

    def apply_changes(self, removed: Collection[Candidate], added: Collection[Candidate]) -> PathBuckets:
        """The cells without the candidates that are gone and with those that come."""
        after = PathBuckets(self._lines, self._settings)
        after._buckets = update_by_key(self._buckets, removed, added, self._get_key, self._update_bucket)
        return after

    def _find_bucket(self, text: str) -> PathBucket | None:
        key = self._key(text)
        return None if key is None else self._buckets.get(key)

    def _get_key(self, candidate: Candidate) -> str | None:
        text = candidate.path.text
        key = self._key(text)
        return text if key == text else key  # most paths are their own key: one text in memory, not two

    def _update_bucket(
        self, cell: PathBucket | None, gone: Collection[Candidate], come: Collection[Candidate]
    ) -> PathBucket | None:
        if cell is None and len(come) == 1:
            return candidate_groups.update_group(None, (), come, self._settings)
        best = self._lines[0]
        if not isinstance(cell, MixedBucket):
            rests = set(map(_make_rest_getter(best), come))
            if cell is not None:
                rests.add(REST_KEYS[best](cell.text))
            if len(rests) == 1:
                return candidate_groups.update_group(cell, gone, come, self._settings)
            held = [] if cell is None else [cell]
            cell = MixedBucket(
                {line: PersistentMap({REST_KEYS[line](each.text): each for each in held}) for line in self._lines}
            )
        after = cell.apply_changes(gone, come, self._settings)
        return after if len(after.tables[best]) > 1 else next(after.tables[best].values(), None)


def _make_rest_getter(line: PathLine) -> Callable[[Candidate], str]:
    rest = REST_KEYS[line]
    return lambda candidate: rest(candidate.path.text)
