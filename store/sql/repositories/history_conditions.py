"""The conditions of a history filter in SQL."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.database import tables as t
from understudy.store.sql.repositories.search_index import MATCHES, to_match_expression

# A set of characters in a glob, negated by "!"; the first character may be "]".
_SET = re.compile(r"\[(?:(!)|(?!!))(.[^\]]*)\]", re.DOTALL)


def build_conditions(criteria: HistoryFilter) -> list[Any]:
    """Return the conditions of a filter, except that on ids."""
    row, conditions = t.ExchangeRow, _build_range_conditions(criteria)
    if criteria.session_id is not None:
        number = select(t.SessionRow.number).where(t.SessionRow.id == criteria.session_id).scalar_subquery()
        conditions.append(row.session_number == number)
    if criteria.since is not None:
        conditions.append(row.started_at >= criteria.since)
    if criteria.until is not None:
        conditions.append(row.started_at < criteria.until)
    if criteria.method is not None:
        conditions.append(func.upper(row.method) == criteria.method.upper())
    if criteria.host is not None:
        conditions.append(build_glob_condition(row.host, criteria.host))
    if criteria.path is not None:
        conditions.append(build_glob_condition(row.path, criteria.path))
    if criteria.status is not None:
        conditions.append(build_status_condition(row.status, criteria.status))
    if criteria.media_type is not None:
        conditions.append(build_glob_condition(row.media_type, criteria.media_type.lower()))
    if criteria.search is not None:
        conditions.append(MATCHES.bindparams(search=to_match_expression(criteria.search)))
    return conditions


def _build_range_conditions(criteria: HistoryFilter) -> list[Any]:
    ranges = [t.ExchangeRow.id.between(first, last) for first, last in criteria.id_ranges]
    return [or_(*ranges)] if ranges else []


def build_status_condition(column: InstrumentedAttribute[int | None], status: str) -> ColumnElement[bool]:
    """Return the condition that a column holds a status such as `404`, or one of a class such as `5xx`."""
    if status.endswith("xx"):
        first = int(status[0]) * 100
        return and_(column >= first, column < first + 100)
    return column == int(status)


def build_glob_condition(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], glob: str
) -> ColumnElement[bool]:
    """Return the condition that a column fits a glob (`*`, `?`, `[a-z]`, `[!a-z]`), compared with case."""
    if not re.search(r"[*?\[]", glob):
        return column == glob
    return column.op("GLOB", is_comparison=True)(_to_sqlite_glob(glob))


def _to_sqlite_glob(glob: str) -> str:
    """Return a glob of `fnmatch` in the syntax of SQLite, which negates a set by `^` and needs each set closed."""
    parts, position = [], 0
    while position < len(glob):
        found = _SET.match(glob, position)
        if found is not None:
            parts.append(_to_sqlite_set(found[1], found[2]))
            position = found.end()
        else:
            parts.append("[[]" if glob[position] == "[" else glob[position])
            position += 1
    return "".join(parts)


def _to_sqlite_set(negation: str | None, characters: str) -> str:
    if not negation and characters == "^":
        return "^"
    if not negation and characters.startswith("^"):  # first, it would negate
        characters = characters[1:] + "^"
    return f"[{'^' if negation else ''}{characters}]"
