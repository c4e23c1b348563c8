"""The names of what is restored: as it was, with ` (restored)` after it where another thing has the name now."""

from __future__ import annotations

from itertools import count

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Transaction

from understudy.store.model.naming import SLUG_LENGTH
from understudy.store.sql.lookup.find_by_name import LONGEST_NAME

NameColumn = InstrumentedAttribute[str]
ANY: ColumnElement[bool] = true()


def find_restored_name(tx: Transaction, column: NameColumn, name: str, among: ColumnElement[bool] = ANY) -> str:
    """Return the name if no row `among` those of the column has it, else `name (restored)`, `name (restored 2)`, ..."""
    return _find_free(tx, column, name, (" (restored{})", " "), LONGEST_NAME, among)


def find_restored_slug(tx: Transaction, column: NameColumn, slug: str) -> str:
    """Return the slug if it is free, else `slug-restored`, `slug-restored-2` and so on."""
    return _find_free(tx, column, slug, ("-restored{}", "-"), SLUG_LENGTH, ANY)


def _find_free(
    tx: Transaction, column: NameColumn, name: str, ending: tuple[str, str], longest: int, among: ColumnElement[bool]
) -> str:
    wanted = name
    for number in count(1):
        if tx.scalar(select(column).where(column == wanted, among).limit(1)) is None:
            break
        end = ending[0].format(f"{ending[1]}{number}" if number > 1 else "")
        wanted = name[: longest - len(end)] + end
    return wanted
