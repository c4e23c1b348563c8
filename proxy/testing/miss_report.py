"""The calls of a test that no example answered, for the report of a test that failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from understudy.proxy.call_log.in_memory import MissedCall
from understudy.store.model.naming import escape_unprintable

MOST_SHOWN = 20
LONGEST_LINE = 300


def describe_misses(misses: Sequence[MissedCall], redact: Callable[[str], str]) -> str:
    """Return different misses, each with the nearest example and what differs; "" without misses.

    `redact` removes secrets from a text.
    """
    counts: dict[tuple[str, ...], int] = {}
    for missed in misses:
        lines = tuple(_describe(missed))
        counts[lines] = counts.get(lines, 0) + 1
    shown = list(counts.items())[:MOST_SHOWN]
    text = [_format(lines, number, redact) for lines, number in shown]
    left = len(misses) - sum(number for _, number in shown)
    return "\n".join([*text, *([f"and {left} more"] if left else [])])


def _format(lines: Sequence[str], number: int, redact: Callable[[str], str]) -> str:
    cleaned = [_cut(redact(escape_unprintable(line))) for line in lines]
    times = f", {number} times" if number > 1 else ""
    return "\n".join([f"{cleaned[0]}{times}", *cleaned[1:]])


def _describe(missed: MissedCall) -> Iterator[str]:
    request = missed.call.request
    yield f"{request.method} {request.url}"
    yield f"  {missed.why}"
    for difference in _read_differences(missed.answer):
        part = difference.get("part", "")
        yield f"    {part:<7} expected  {difference.get('expected', '')}"
        yield f"    {'':<7} actual    {difference.get('actual', '')}"


def _read_differences(answer: bytes) -> Sequence[Mapping[str, Any]]:
    """Return what differs from the nearest example, by the answer that the client got."""
    try:
        nearest = json.loads(answer)["error"]["explanation"]["nearest"]
        return nearest[0]["differences"] if nearest else ()
    except (ValueError, KeyError, TypeError, IndexError):  # another error than a miss, or an answer to HEAD
        return ()


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
