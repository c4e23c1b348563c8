"""The inputs from which an index was compiled, beside its examples; a change is compiled with the same ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from understudy.matcher.lookup.persistent_map import PersistentMap, group_by_key
from understudy.matcher.parts.candidate import BodyLoader, Candidate
from understudy.matcher.parts.negotiation import read_exact_values
from understudy.matcher.settings import MatchSettings
from understudy.matcher.variables import Variables
from understudy.store.errors import UnderstudyError
from understudy.store.model.collections import Example
from understudy.store.model.ids import compute_order_key
from understudy.store.model.values import replace

READING_ERRORS = (UnderstudyError, OSError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class UnusableExamples:
    """Examples (one, or those of a sequence) that could not be compiled, and the reason: they answer nothing."""

    examples: tuple[Example, ...]
    reason: str

    @property
    def example(self) -> Example:
        """The newest example."""
        return self.examples[-1]


@dataclass(frozen=True, slots=True)
class IndexChange:
    """A change of an index: the ids of removed candidates, the added candidates, and the examples that are unusable."""

    removed: Collection[str] = ()
    added: tuple[Candidate, ...] = ()
    unusable: tuple[UnusableExamples, ...] = ()

    def apply_settings(self, settings: MatchSettings) -> IndexChange:
        """Return the same change for an index with these settings."""
        added: list[Candidate] = []
        unusable = list(self.unusable)
        for candidate in self.added:
            try:
                added.append(candidate.apply_settings(settings))
            except READING_ERRORS as error:
                unusable.append(UnusableExamples(candidate.examples, str(error)))
        return IndexChange(self.removed, tuple(added), tuple(unusable))

    def filter_by_status(self, code: int) -> IndexChange:
        """Return the same change for an index of the examples that answer with this status."""
        return IndexChange(
            self.removed, tuple(filter(None, (each.filter_by_status(code) for each in self.added))), self.unusable
        )


@dataclass(frozen=True, slots=True)
class IndexSource:
    """How examples become candidates, and which of them form sequences: by name, and the name by example id."""

    settings: MatchSettings
    load_body: BodyLoader
    variables: Variables
    sequences: PersistentMap[str, tuple[Example, ...]] = field(default_factory=PersistentMap)
    names: PersistentMap[str, str] = field(default_factory=PersistentMap)

    def compile_changes(self, removed: Collection[str], examples: Iterable[Example]) -> tuple[IndexSource, IndexChange]:
        """Return the source and the change that remove the examples with these ids, and add or replace `examples`."""
        added = sorted(examples, key=lambda example: compute_order_key(example.id))
        ids = {*removed, *(example.id for example in added)}
        joining = group_by_key((each for each in added if each.sequence is not None), lambda each: each.sequence or "")
        old_names = (
            {each: name for each in ids if (name := self.names.get(each)) is not None} if len(self.names) else {}
        )
        sequences = {
            name: self._merge_sequence(name, ids, joining.get(name, []))
            for name in sorted({*old_names.values(), *joining})
        }
        new_names = {each.id: name for name, members in joining.items() for each in members}
        source = replace(
            self,
            sequences=self.sequences.replace_entries({name: members or None for name, members in sequences.items()}),
            names=self.names.replace_entries(dict.fromkeys(old_names) | new_names),
        )
        ids |= {each.id for name in sequences for each in self._list_newest(self.sequences.get(name) or ())}
        singles = [(example,) for example in added if example.sequence is None]
        return source, self._compile(ids, [*singles, *filter(None, sequences.values())])

    def _merge_sequence(self, name: str, ids: Collection[str], joining: list[Example]) -> tuple[Example, ...]:
        staying = [each for each in self.sequences.get(name) or () if each.id not in ids]
        return tuple(sorted([*staying, *joining], key=lambda example: compute_order_key(example.id)))

    def _list_newest(self, members: tuple[Example, ...]) -> Sequence[Example]:
        """Return examples whose ids are those of all candidates of a sequence: each has that of its newest example."""
        return members if self._listed_headers else members[-1:]

    @property
    def _listed_headers(self) -> tuple[str, ...]:
        return (*self.settings.list_compared_headers(), *self.settings.list_preferred_headers())

    def _split_by_headers(self, examples: tuple[Example, ...]) -> Iterable[tuple[Example, ...]]:
        """Return the examples of a sequence by the values of the headers that the settings list.

        One request is promoted as a sequence whatever its other headers are; where these count, it is several.
        """
        names = self._listed_headers
        if len(examples) == 1 or not names:
            return [examples]
        groups = group_by_key(examples, lambda each: read_exact_values(each.request.headers, names))
        return map(tuple, groups.values())

    def _compile(self, removed: Collection[str], groups: Iterable[tuple[Example, ...]]) -> IndexChange:
        added: list[Candidate] = []
        unusable: list[UnusableExamples] = []
        for examples in chain.from_iterable(map(self._split_by_headers, groups)):
            try:
                added.append(Candidate.of(examples, self.settings, self.load_body, self.variables))
            except READING_ERRORS as error:
                unusable.append(UnusableExamples(examples, str(error)))
        return IndexChange(removed, tuple(added), tuple(unusable))
