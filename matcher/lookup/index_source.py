"""What an index was compiled from, beside its examples: with it, a change compiles as they were compiled."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key
from understudy.matcher.parts.candidate import BodyLoader, Candidate
from understudy.matcher.settings import MatchSettings
from understudy.matcher.variables import Variables
from understudy.store.errors import UnderstudyError
from understudy.store.model.collections import Example

READING_ERRORS = (UnderstudyError, OSError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class UnusableExamples:
    """Examples, one or those of a sequence, that could not be read, and why: they answer nothing."""

    examples: tuple[Example, ...]
    reason: str

    @property
    def example(self) -> Example:
        """The newest example."""
        return self.examples[-1]


@dataclass(frozen=True, slots=True)
class IndexChange:
    """What to do to an index: candidates that go, by their places, and what comes."""

    removed: Collection[str] = ()
    added: tuple[Candidate, ...] = ()
    unusable: tuple[UnusableExamples, ...] = ()

    def apply_settings(self, settings: MatchSettings) -> IndexChange:
        """The change of an index with these settings."""
        come: list[Candidate] = []
        unusable = list(self.unusable)
        for candidate in self.added:
            try:
                come.append(candidate.apply_settings(settings))
            except READING_ERRORS as error:
                unusable.append(UnusableExamples(candidate.examples, str(error)))
        return IndexChange(self.removed, tuple(come), tuple(unusable))

    def filter_by_status(self, code: int) -> IndexChange:
        """The change of an index of the examples that answer with this status."""
        return IndexChange(
            self.removed, tuple(filter(None, (each.filter_by_status(code) for each in self.added))), self.unusable
        )


@dataclass(frozen=True, slots=True)
class IndexSource:
    """How examples become candidates, and which of them are in sequences: by name, and the name by example id."""

    settings: MatchSettings
    load_body: BodyLoader
    variables: Variables
    sequences: PersistentMap[str, tuple[Example, ...]] = field(default_factory=PersistentMap)
    names: PersistentMap[str, str] = field(default_factory=PersistentMap)

    def compile_changes(self, removed: Collection[str], examples: Iterable[Example]) -> tuple[IndexSource, IndexChange]:
        """What takes the examples with these ids out and puts others in, in the place of those with their ids."""
        coming = sorted(examples, key=lambda example: example.id)
        ids = {*removed, *(example.id for example in coming)}
        joining = group_by_key((each for each in coming if each.sequence is not None), lambda each: each.sequence or "")
        left = {each: name for each in ids if (name := self.names.get(each)) is not None} if len(self.names) else {}
        after = {
            name: self._merge_sequence(name, ids, joining.get(name, [])) for name in sorted({*left.values(), *joining})
        }
        names = {each.id: name for name, members in joining.items() for each in members}
        source = replace(
            self,
            sequences=self.sequences.replace_entries({name: members or None for name, members in after.items()}),
            names=self.names.replace_entries(dict.fromkeys(left) | names),
        )
        ids |= {members[-1].id for name in after if (members := self.sequences.get(name))}
        alone = [(example,) for example in coming if example.sequence is None]
        return source, self._compile(ids, [*alone, *filter(None, after.values())])

    def _merge_sequence(self, name: str, ids: Collection[str], joining: list[Example]) -> tuple[Example, ...]:
        staying = [each for each in self.sequences.get(name) or () if each.id not in ids]
        return tuple(sorted([*staying, *joining], key=lambda example: example.id))

    def _compile(self, gone: Collection[str], together: Iterable[tuple[Example, ...]]) -> IndexChange:
        come: list[Candidate] = []
        unusable: list[UnusableExamples] = []
        for examples in together:
            try:
                come.append(Candidate.of(examples, self.settings, self.load_body, self.variables))
            except READING_ERRORS as error:
                unusable.append(UnusableExamples(examples, str(error)))
        return IndexChange(gone, tuple(come), tuple(unusable))
