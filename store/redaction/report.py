"""Reports of redaction for users: the places and the numbers of messages, never a value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.json_paths import parse_json_path
from understudy.store.model.naming import escape_unprintable
from understudy.store.redaction.redactor import URL_FIELDS

SHOWN_PLACES = 10
"""Places of requests, and of responses, that a report names; a document may have thousands."""

COUNTED_PLACES = 100
"""Places that a report for programs names."""

_LONGEST_NAME = 80
_DIGITS = re.compile(r"[0-9]+")


def describe_redaction(requests: Mapping[RedactedPlace, int], responses: Mapping[RedactedPlace, int]) -> str:
    """Return one line with the redacted places and the number of messages of each; "nothing" if it is empty.

    Of more than `SHOWN_PLACES` places those with the same last name, numbers in it apart, are counted together, and the
    first few are named.
    """
    phrases = [*_describe_places("request", requests), *_describe_places("response", responses)]
    return ", ".join(phrases) or "nothing"


def count_places(counts: Mapping[RedactedPlace, int]) -> dict[str, int]:
    """Return the number of messages of each place, for programs, under names such as `json $.user.token`.

    Of more than `COUNTED_PLACES` places those with the same last name are counted together, numbers in it apart
    (`json $..token_*`); the rest are `others`.
    """
    exact = {f"{place.part} {place.name}": number for place, number in sorted(counts.items())}
    if len(exact) <= COUNTED_PLACES:
        return exact
    named = _count_by_name(counts, counts)
    shown = {f"{part} {name}": number for (part, name), number in named[:COUNTED_PLACES]}
    others = sum(number for _, number in named[COUNTED_PLACES:])
    return shown | ({"others": others} if others else {})


def format_places(places: Iterable[RedactedPlace]) -> str:
    """Return the first places of one message, for display."""
    described = list(dict.fromkeys(_describe_place(place) for place in sorted(places)))
    more = len(described) - SHOWN_PLACES
    return ", ".join(described[:SHOWN_PLACES] + ([f"and {more} more"] if more > 0 else []))


def _describe_places(noun: str, counts: Mapping[RedactedPlace, int]) -> list[str]:
    by_place = _count_by_place(counts)
    if len(by_place) <= SHOWN_PLACES:
        return [f"{place} in {count} {noun}{'' if count == 1 else 's'}" for place, count in by_place.items()]
    named = _count_by_name(counts, dict.fromkeys(counts, 1))
    phrases = [
        f"{_name_part(part, name)} at {number} place{'' if number == 1 else 's'} of {noun}s"
        for (part, name), number in named[:SHOWN_PLACES]
    ]
    others = sum(number for _, number in named[SHOWN_PLACES:])
    return [*phrases, f"and {others} more of {noun}s"] if others else phrases


def _count_by_name(
    places: Iterable[RedactedPlace], numbers: Mapping[RedactedPlace, int]
) -> list[tuple[tuple[Part, str], int]]:
    """Return the sum of the numbers of the places with the same part and last name, the largest first."""
    totals: Counter[tuple[Part, str]] = Counter()
    for place in places:
        totals[place.part, _find_last_name(place)] += numbers[place]
    return sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))


def _find_last_name(place: RedactedPlace) -> str:
    """Return the last name of a place, with `*` for numbers in it; "" for what is different in each message."""
    match place.part:
        case Part.JSON:
            return f"$..{_DIGITS.sub('*', _find_last_step(place.name))}"
        case Part.XML:
            return f"//{_DIGITS.sub('*', place.name.rpartition('/')[2])}"
        case Part.PATH | Part.TEXT:
            return ""
    return _DIGITS.sub("*", place.name)


def _find_last_step(path: str) -> str:
    try:
        return next((step for step in reversed(parse_json_path(path)) if isinstance(step, str)), "[*]")
    except ValueError:
        return path


def _count_by_place(counts: Mapping[RedactedPlace, int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for place, count in sorted(counts.items()):
        totals[_describe_place(place)] = totals.get(_describe_place(place), 0) + count
    return totals


def _describe_place(place: RedactedPlace) -> str:
    return _name_part(place.part, place.name)


def _name_part(part: Part, name: str) -> str:
    shown = escape_unprintable(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…")
    match part:
        case Part.JSON | Part.XML:
            return shown
        case Part.PATH:
            return "part of the path"
        case Part.TEXT:
            return "part of the text"
        case Part.HEADER:
            is_partly_secret = name in URL_FIELDS or name in ("cookie", "set-cookie")
            return f"{shown.title()} {'value' if is_partly_secret else 'header'}"
    return f"{shown} {part} value"
