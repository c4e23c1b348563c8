"""Reports of redaction for users: the places and the numbers of messages, never a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.json_paths import parse_json_path
from understudy.store.model.naming import escape_unprintable
from understudy.store.redaction.redactor import URL_FIELDS

SHOWN_PLACES = 10
"""Places of requests, and of responses, that a report names; a document may have thousands."""


def describe_redaction(requests: Mapping[RedactedPlace, int], responses: Mapping[RedactedPlace, int]) -> str:
    """Return one line with the redacted places and the number of messages of each; "nothing" if it is empty.

    Of more than `SHOWN_PLACES` places those with the same last name are counted together, and the first few are named.
    """
    phrases = [*_describe_places("request", requests), *_describe_places("response", responses)]
    return ", ".join(phrases) or "nothing"


def _describe_places(noun: str, counts: Mapping[RedactedPlace, int]) -> list[str]:
    by_place = _count_by_place(counts)
    if len(by_place) <= SHOWN_PLACES:
        return [f"{place} in {count} {noun}{'' if count == 1 else 's'}" for place, count in by_place.items()]
    by_name = Counter(_describe_name(place) for place in counts)
    named = sorted(by_name.items(), key=lambda pair: (-pair[1], pair[0]))
    phrases = [
        f"{name} at {number} place{'' if number == 1 else 's'} of {noun}s" for name, number in named[:SHOWN_PLACES]
    ]
    others = sum(number for _, number in named[SHOWN_PLACES:])
    return [*phrases, f"and {others} more of {noun}s"] if others else phrases


def _describe_name(place: RedactedPlace) -> str:
    if place.part is not Part.JSON:
        return _describe_place(place)
    try:
        steps = [step for step in parse_json_path(place.name) if isinstance(step, str)]
    except ValueError:
        return escape_unprintable(place.name)
    return escape_unprintable(f"$..{steps[-1]}" if steps else "$[*]")


def format_places(places: Iterable[RedactedPlace]) -> str:
    """Return the places of one message, for display."""
    return ", ".join(dict.fromkeys(_describe_place(place) for place in sorted(places)))


def _count_by_place(counts: Mapping[RedactedPlace, int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for place, count in sorted(counts.items()):
        totals[_describe_place(place)] = totals.get(_describe_place(place), 0) + count
    return totals


def _describe_place(place: RedactedPlace) -> str:
    name = escape_unprintable(place.name)
    match place.part:
        case Part.JSON | Part.XML:
            return name
        case Part.PATH:
            return "part of the path"
        case Part.TEXT:
            return "part of the text"
        case Part.HEADER:
            is_partly_secret = place.name in URL_FIELDS or place.name in ("cookie", "set-cookie")
            return f"{name.title()} {'value' if is_partly_secret else 'header'}"
    return f"{name} {place.part} value"
