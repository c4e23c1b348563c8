"""What an index was compiled from, beside its examples: with it, a change compiles as they were compiled."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from understudy.matcher.lookup.persistent_map import Map, by_key
from understudy.matcher.parts.candidate import BodyOf, Candidate
from understudy.matcher.settings import MatchSettings
from understudy.matcher.variables import Variables
from understudy.store.errors import UnderstudyError
from understudy.store.model.collections import Example

READING_ERRORS = (UnderstudyError, OSError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Examples, one or those of a sequence, that could not be read, and why: they answer nothing."""

    examples: tuple[Example, ...]
    reason: str

    @property
    def example(self) -> Example:
        """The newest example."""
        return self.examples[-1]


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to an index: candidates that go, by their places, and what comes."""

    gone: Collection[str] = ()
    come: tuple[Candidate, ...] = ()
    unusable: tuple[Unusable, ...] = ()

    def under(self, settings: MatchSettings) -> Change:
        """The change of an index with these settings."""
        come: list[Candidate] = []
        unusable = list(self.unusable)
        for candidate in self.come:
            try:
                come.append(candidate.under(settings))
            except READING_ERRORS as error:
                unusable.append(Unusable(candidate.examples, str(error)))
        return Change(self.gone, tuple(come), tuple(unusable))

    def only(self, code: int) -> Change:
        """The change of an index of the examples that answer with this status."""
        return Change(self.gone, tuple(filter(None, (each.only(code) for each in self.come))), self.unusable)


@dataclass(frozen=True, slots=True)
class Source:
    """How examples become candidates, and which of them are in sequences: by name, and the name by example id."""

    settings: MatchSettings
    body_of: BodyOf
    variables: Variables
    sequences: Map[str, tuple[Example, ...]] = field(default_factory=Map)
    names: Map[str, str] = field(default_factory=Map)

    def changed(self, gone: Collection[str], examples: Iterable[Example]) -> tuple[Source, Change]:
        """What takes the examples with these ids out and puts others in, in the place of those with their ids."""
        coming = sorted(examples, key=lambda example: example.id)
        ids = {*gone, *(example.id for example in coming)}
        joining = by_key((each for each in coming if each.sequence is not None), lambda each: each.sequence or "")
        left = {each: name for each in ids if (name := self.names.get(each)) is not None} if len(self.names) else {}
        after = {name: self._members(name, ids, joining.get(name, [])) for name in sorted({*left.values(), *joining})}
        names = {each.id: name for name, members in joining.items() for each in members}
        source = replace(
            self,
            sequences=self.sequences.changed({name: members or None for name, members in after.items()}),
            names=self.names.changed(dict.fromkeys(left) | names),
        )
        ids |= {members[-1].id for name in after if (members := self.sequences.get(name))}
        alone = [(example,) for example in coming if example.sequence is None]
        return source, self._compiled(ids, [*alone, *filter(None, after.values())])

    def _members(self, name: str, ids: Collection[str], joining: list[Example]) -> tuple[Example, ...]:
        staying = [each for each in self.sequences.get(name) or () if each.id not in ids]
        return tuple(sorted([*staying, *joining], key=lambda example: example.id))

    def _compiled(self, gone: Collection[str], together: Iterable[tuple[Example, ...]]) -> Change:
        come: list[Candidate] = []
        unusable: list[Unusable] = []
        for examples in together:
            try:
                come.append(Candidate.of(examples, self.settings, self.body_of, self.variables))
            except READING_ERRORS as error:
                unusable.append(Unusable(examples, str(error)))
        return Change(gone, tuple(come), tuple(unusable))
