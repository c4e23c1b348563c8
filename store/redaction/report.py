"""What was redacted, told to people: where, and in how many messages; never a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from understudy.store.model.exchanges import Part, Redacted
from understudy.store.model.naming import printable
from understudy.store.redaction.redactor import URL_FIELDS


def describe(requests: Mapping[Redacted, int], responses: Mapping[Redacted, int]) -> str:
    """One line that says what was redacted in how many messages, never a value; "nothing" if nothing was."""
    phrases = [
        f"{place} in {count} {noun}{'' if count == 1 else 's'}"
        for noun, counts in (("request", requests), ("response", responses))
        for place, count in _told(counts)
    ]
    return ", ".join(phrases) or "nothing"


def places_text(places: Iterable[Redacted]) -> str:
    """The places of one message, for people."""
    return ", ".join(dict.fromkeys(_place(place) for place in sorted(places)))


def _told(counts: Mapping[Redacted, int]) -> Iterable[tuple[str, int]]:
    told: dict[str, int] = {}
    for place, count in sorted(counts.items()):
        told[_place(place)] = told.get(_place(place), 0) + count
    return told.items()


def _place(place: Redacted) -> str:
    name = printable(place.name)
    match place.part:
        case Part.JSON:
            return name
        case Part.PATH:
            return "part of the path"
        case Part.TEXT:
            return "part of the text"
        case Part.HEADER:
            kept_in_part = place.name in URL_FIELDS or place.name in ("cookie", "set-cookie")
            return f"{name.title()} {'value' if kept_in_part else 'header'}"
    return f"{name} {place.part} value"
