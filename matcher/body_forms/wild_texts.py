"""Texts of an example that hold `{{name}}`, each of which stands for any text, and values that contain such texts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from understudy.matcher.assignments import can_assign
from understudy.matcher.body_forms.json_forms import is_token

MAX_COMPARISONS = 1_000_000  # of texts with wildcards and values of one form field: a second

WILD = re.compile(r"\{\{[^{}]+\}\}")


@dataclass(frozen=True, slots=True)
class WildText:
    """The literals around the wildcards of a text, in order: one more than there are wildcards."""

    literals: tuple[str, ...]

    @property
    def is_single(self) -> bool:
        """Whether the text is a single `{{name}}`, which matches any value, not only a text."""
        return self.literals == ("", "")

    def fits(self, text: str) -> bool:
        """Return whether the text consists of the literals, with any texts between them, empty ones too."""
        first, *middle, last = self.literals
        end = len(text) - len(last)
        if end < len(first) or not text.startswith(first) or not text.endswith(last):
            return False
        start = len(first)
        for literal in middle:
            # The first occurrence leaves the most text for the literals that follow.
            found = text.find(literal, start, end)
            if found < 0:
                return False
            start = found + len(literal)
        return True


def parse_wild_text(text: str, decode: Callable[[str], str] = str) -> str | WildText:
    """Return the text with its wildcards; the decoded text itself if it has none."""
    literals = WILD.split(text)
    return WildText(tuple(map(decode, literals))) if len(literals) > 1 else decode(text)


@dataclass(frozen=True, slots=True)
class WildPairs:
    """The pairs of a form, in any order."""

    pairs: tuple[tuple[str, object], ...]

    def fits(self, other: WildPairs, *, contains: bool) -> bool:
        """Return whether each pair has a partner; without `contains`, every pair of the other one must have one too."""
        mine, theirs = _group_values(self.pairs), _group_values(other.pairs)
        if not contains and mine.keys() != theirs.keys():
            return False
        return all(_assign_values(mine[name], theirs.get(name, []), contains=contains) for name in mine)

    def list_differing_names(self, other: WildPairs) -> list[str]:
        """Return the names whose values have no partners, each once, those of this form first."""
        mine, theirs = _group_values(self.pairs), _group_values(other.pairs)
        return [
            name
            for name in mine | theirs
            if not _assign_values(mine.get(name, []), theirs.get(name, []), contains=False)
        ]


def find_wild_leaves(value: object) -> Iterator[WildText]:
    """Yield the texts with wildcards that a value contains."""
    if isinstance(value, WildText):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from find_wild_leaves(each)
    elif isinstance(value, WildPairs):
        yield from find_wild_leaves([text for _, text in value.pairs])


def mark_wild_texts(value: object) -> object:
    """Return a value of JSON, a list or a text, with a `WildText` in the place of each text that has a wildcard."""
    if isinstance(value, str):
        return parse_wild_text(value)
    if isinstance(value, dict):
        return {name: mark_wild_texts(each) for name, each in value.items()}
    return [mark_wild_texts(each) for each in value] if isinstance(value, list) else value


def fits_value(mine: object, theirs: object, *, contains: bool = False) -> bool:
    """Return whether a request's value is equal to an example's, which may have open places and wildcards.

    With `contains`, objects and forms of the request may have more members; arrays must be as long.
    """
    if is_token(mine):
        return True
    if isinstance(mine, WildText):
        return mine.is_single or (isinstance(theirs, str) and mine.fits(theirs))
    if isinstance(mine, WildPairs):
        return isinstance(theirs, WildPairs) and mine.fits(theirs, contains=contains)
    if isinstance(mine, dict):
        return (
            isinstance(theirs, dict)
            and (contains or len(mine) == len(theirs))
            and all(name in theirs and fits_value(mine[name], theirs[name], contains=contains) for name in mine)
        )
    if isinstance(mine, list):
        return (
            isinstance(theirs, list)
            and len(theirs) == len(mine)
            and all(fits_value(one, other, contains=contains) for one, other in zip(mine, theirs, strict=True))
        )
    return type(theirs) is type(mine) and theirs == mine


def _group_values(pairs: Sequence[tuple[str, object]]) -> dict[str, list[object]]:
    groups: defaultdict[str, list[object]] = defaultdict(list)
    for name, value in pairs:
        groups[name].append(value)
    return groups


def _assign_values(mine: Sequence[object], theirs: Sequence[object], *, contains: bool) -> bool:
    """Return whether each value of one name has a partner of its own, and, without `contains`, none is left."""
    rest = Counter(theirs)
    rest.subtract(Counter(value for value in mine if isinstance(value, str)))
    wild = [value for value in mine if isinstance(value, WildText)]
    left = list((+rest).elements())
    if min(rest.values(), default=0) < 0 or len(wild) > len(left) or (len(wild) < len(left) and not contains):
        return False
    inner = [text for text in wild if not text.is_single]  # those that match any value need no partner in particular
    if len(inner) * len(left) > MAX_COMPARISONS:
        return False
    return can_assign([[number for number, value in enumerate(left) if fits_value(text, value)] for text in inner])
