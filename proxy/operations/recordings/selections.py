"""What a person chose of history: ranges of entries, and why nothing of it fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from understudy.proxy.operations.collections.typing_checks import check_method
from understudy.store.errors import UserError
from understudy.store.model.values import replace
from understudy.store.repositories.history import MOST_RANGES, HistoryFilter
from understudy.store.repositories.store import Store

_ENTRIES = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")


def read_entries(texts: Iterable[str]) -> HistoryFilter:
    """Return the filter for entries such as `7`, `1-5` and `1-5,9`; no texts are no condition. Raises UserError."""
    ranges = [_read_range(text) for given in texts for text in given.split(",")]
    if all(first == last for first, last in ranges):
        return HistoryFilter(ids=frozenset(first for first, _ in ranges) or None)
    if len(ranges) > MOST_RANGES:
        raise UserError(f"takes up to {MOST_RANGES} entries and ranges where there are ranges", field="entry_id")
    return HistoryFilter(id_ranges=tuple(ranges))


def check_entries(store: Store, criteria: HistoryFilter) -> None:
    """Raise NotFound for an entry that is named alone and does not exist; a range may have gaps."""
    singles = [first for first, last in criteria.id_ranges if first == last]
    for entry_id in sorted([*(criteria.ids or ()), *singles]):
        store.history.get(entry_id)


def explain_nothing(store: Store, criteria: HistoryFilter) -> str:
    """Return in a sentence why no exchange fits: the conditions that no exchange meets, else that none meets all."""
    conditions = list(_split_conditions(criteria))
    alone = [text for text, condition in conditions if not store.history.count(condition, 0)]
    if not alone:
        return "no exchange meets all of these conditions" if conditions else "there is no exchange"
    return f"there is no exchange {' and none '.join(alone)}{_suggest_method(criteria.method)}"


def _read_range(text: str) -> tuple[int, int]:
    found = _ENTRIES.fullmatch(text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if first > last:
        raise UserError(f"takes entries such as 7, 1-5 or 1-5,9, not {text!r}", field="entry_id")
    return first, last


def _split_conditions(criteria: HistoryFilter) -> Iterator[tuple[str, HistoryFilter]]:
    """Yield each condition of a filter in words, and alone."""
    if criteria.since is not None or criteria.until is not None:
        yield "at that time", HistoryFilter(since=criteria.since, until=criteria.until)
    if criteria.session_id is not None:
        yield "of that session", HistoryFilter(session_id=criteria.session_id)
    if criteria.ids is not None or criteria.id_ranges:
        yield "with such an id", HistoryFilter(ids=criteria.ids, id_ranges=criteria.id_ranges)
    for name in ("method", "host", "path", "status", "media_type", "search"):
        value = getattr(criteria, name)
        if value is not None:
            shown = {"media_type": "type", "search": "the words"}.get(name, name)
            yield f"with {shown} {value!r}", replace(HistoryFilter(), **{name: value})


def _suggest_method(method: str | None) -> str:
    try:
        check_method((method or "GET").upper())
    except UserError as error:
        return f"; {error}"
    return ""
