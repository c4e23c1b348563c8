"""The names of what is restored: as it was, with ` (restored)` after it where another thing has the name now."""

from __future__ import annotations

from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Transaction

from understudy.store.model.naming import SLUG_LENGTH
from understudy.store.sql.lookup.find_by_name import LONGEST_NAME

NameColumn = InstrumentedAttribute[str]


def find_restored_name(tx: Transaction, column: NameColumn, name: str) -> str:
    """Return the name if nothing in the column has it, else `name (restored)`, `name (restored 2)` and so on."""
    return _find_free(tx, column, name, (" (restored{})", " "), LONGEST_NAME)


def find_restored_slug(tx: Transaction, column: NameColumn, slug: str) -> str:
    """Return the slug if it is free, else `slug-restored`, `slug-restored-2` and so on."""
    return _find_free(tx, column, slug, ("-restored{}", "-"), SLUG_LENGTH)


def _find_free(tx: Transaction, column: NameColumn, name: str, ending: tuple[str, str], longest: int) -> str:
    wanted = name
    for number in count(1):
        if tx.scalar(select(column).where(column == wanted).limit(1)) is None:
            break
        end = ending[0].format(f"{ending[1]}{number}" if number > 1 else "")
        wanted = name[: longest - len(end)] + end
    return wanted
