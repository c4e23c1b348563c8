"""Places in a body whose values do not count: redacted, wildcards, ignored by the settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from understudy.store.model.gateways import Part, Redacted

IN_BODIES = (Part.FORM, Part.JSON, Part.TEXT)


class Mark(StrEnum):
    """Why a value does not count, as it is shown to people. What is IGNORED need not even be there."""

    REDACTED = "[redacted]"
    ANY = "[any]"
    IGNORED = "[ignored]"


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """A place of a body: the name of a form field, a JSON path such as `$.user.token`, or the pattern of a text."""

    part: Part
    name: str
    mark: Mark = Mark.REDACTED


Places = frozenset[Opening]
NOWHERE: Places = frozenset()


def opened(redacted: Iterable[Redacted]) -> Places:
    """The redacted places that lie in a body."""
    return frozenset(Opening(each.part, each.name) for each in redacted if each.part in IN_BODIES)


def names(places: Places, part: Part) -> dict[str, Mark]:
    """The names of the places in one part, each with its mark."""
    return {place.name: place.mark for place in sorted(places) if place.part is part} if places else {}
