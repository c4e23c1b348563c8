"""Reports of redaction for users: the places and the numbers of messages, never a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.naming import escape_unprintable
from understudy.store.redaction.redactor import URL_FIELDS


def describe_redaction(requests: Mapping[RedactedPlace, int], responses: Mapping[RedactedPlace, int]) -> str:
    """Return one line with the redacted places and the number of messages of each; "nothing" if it is empty."""
    phrases = [
        f"{place} in {count} {noun}{'' if count == 1 else 's'}"
        for noun, counts in (("request", requests), ("response", responses))
        for place, count in _count_by_place(counts)
    ]
    return ", ".join(phrases) or "nothing"


def format_places(places: Iterable[RedactedPlace]) -> str:
    """Return the places of one message, for display."""
    return ", ".join(dict.fromkeys(_describe_place(place) for place in sorted(places)))


def _count_by_place(counts: Mapping[RedactedPlace, int]) -> Iterable[tuple[str, int]]:
    totals: dict[str, int] = {}
    for place, count in sorted(counts.items()):
        totals[_describe_place(place)] = totals.get(_describe_place(place), 0) + count
    return totals.items()


def _describe_place(place: RedactedPlace) -> str:
    name = escape_unprintable(place.name)
    match place.part:
        case Part.JSON:
            return name
        case Part.PATH:
            return "part of the path"
        case Part.TEXT:
            return "part of the text"
        case Part.HEADER:
            is_partly_secret = place.name in URL_FIELDS or place.name in ("cookie", "set-cookie")
            return f"{name.title()} {'value' if is_partly_secret else 'header'}"
    return f"{name} {place.part} value"
