"""The tables of what is in the trash: each has the columns of another table, and the number of the deletion.

Sessions and exchanges stay in their own tables, which hide them by views. The rest is moved, so that no query of the
other tables can find what was deleted.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Table

from understudy.store.sql.database import tables as t
from understudy.store.sql.database.columns import Base, Serial

_BODY = "bodies.digest"


def _copy_table(row: type[Base]) -> Table:
    """Return the table of the trash for a table; its rows keep the bodies that they refer to, and nothing else."""
    table = row.__table__
    assert isinstance(table, Table)
    number = Column("deletion", Serial, ForeignKey("deletions.number"), primary_key=True, autoincrement=False)
    return Table(f"deleted_{row.__tablename__}", Base.metadata, number, *map(_copy_column, table.columns))


def _copy_column(column: Column[Any]) -> Column[Any]:
    has_body = any(key.target_fullname == _BODY for key in column.foreign_keys)
    return Column(
        column.name,
        column.type,
        *([ForeignKey(_BODY)] if has_body else []),
        primary_key=column.primary_key,
        nullable=column.nullable,
        autoincrement=False,
        index=has_body,
    )


TRASH: dict[type[Base], Table] = {
    row: _copy_table(row)
    for row in (
        *(t.CollectionRow, t.FolderRow, t.RequestItemRow, t.ExampleRow, t.PromotedRow),
        *(t.EnvironmentRow, t.MockServerRow, t.ServerErrorRow, t.CallRow),
    )
}
"""The table of the trash for each table whose rows are moved there."""

DELETED_EXAMPLES = TRASH[t.ExampleRow]
