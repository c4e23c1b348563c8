"""The rows of deletions: begun, read, changed in their state, and ended."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Transaction

from understudy.store.errors import Conflict, Hint, NotFound
from understudy.store.model.values import replace
from understudy.store.repositories.trash import Amount, Deletion, DeletionKind, DeletionState
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.columns import Base
from understudy.store.sql.database.engine import ACTOR, Database
from understudy.store.sql.database.trash_tables import TRASH

LARGEST_NUMBER = 2**63 - 1


def begin_deletion(
    tx: Transaction,
    kind: DeletionKind,
    name: str,
    subject: str | None,
    amount: Amount,
    *,
    state: DeletionState = DeletionState.DELETED,
    details: Mapping[str, Any] | None = None,
) -> Deletion:
    """Add the row of a deletion, and return it with its number."""
    row = t.DeletionRow(
        kind=kind,
        name=name,
        subject=subject,
        state=state,
        at=time.time(),
        actor=tx.info.get(ACTOR),
        size=amount.size,
        counts=json.dumps(dict(amount.counts)),
        details=json.dumps(dict(details or {})),
    )
    tx.add(row)
    tx.flush()
    return _build(row)


def read_deletions(database: Database) -> Sequence[Deletion]:
    """Return all deletions, the newest first."""
    with database.begin_read() as tx:
        return [_build(row) for row in tx.scalars(select(t.DeletionRow).order_by(t.DeletionRow.number.desc()))]


def read_deletion(tx: Transaction, number: int) -> Deletion:
    """Return a deletion; raise NotFound."""
    row = tx.get(t.DeletionRow, number) if 0 < number <= LARGEST_NUMBER else None
    if row is None:
        message = f"there is no deletion {number} that can be undone"
        raise NotFound(message, what="deletion", which=str(number), hint=Hint("list_deletions"))
    return _build(row)


def set_state(database: Database, number: int, state: DeletionState) -> Deletion:
    """Change the state of a deletion, and return it; raise NotFound, and Conflict for one that is being forgotten."""
    with database.begin_write() as tx:
        found = read_deletion(tx, number)
        if found.state is DeletionState.FORGETTING is not state:
            raise Conflict(f"deletion {number} can be undone no more", what="deletion", which=str(number))
        tx.execute(update(t.DeletionRow).where(t.DeletionRow.number == number).values(state=state))
    return replace(found, state=state)


def end_deletion(tx: Transaction, number: int) -> None:
    """Delete the row of a deletion, of which nothing is in the trash any more."""
    tx.execute(delete(t.DeletionRow).where(t.DeletionRow.number == number))


def raise_deleted(tx: Transaction, number: int, what: str) -> None:
    """Raise the Conflict that something is itself in the trash, by the deletion of this number."""
    other = read_deletion(tx, number)
    hint = Hint("undo_first", {"deletion": str(number)})
    message = f"the {what} {other.name} that it belongs to is deleted itself"
    raise Conflict(message, what=what, which=other.name, hint=hint)


def check_there(tx: Transaction, row: type[Base], id_: str, what: str) -> None:
    """Raise Conflict or NotFound if what something belongs to is in the trash itself, or gone."""
    if tx.get(row, id_) is not None:
        return
    number = find_deletion_of(tx, row, id_)
    if number is not None:
        raise_deleted(tx, number, what)
    raise NotFound(f"the {what} that it belongs to was deleted for ever", what=what, which=id_)


def find_deletion_of(tx: Transaction, row: type[Base], id_: str) -> int | None:
    """Return the number of the deletion that put the row with this id into the trash; None if it is not there."""
    trash = TRASH[row]
    found: int | None = tx.scalar(select(trash.c.deletion).where(trash.c.id == id_))
    return found


def _build(row: t.DeletionRow) -> Deletion:
    return Deletion(
        row.number,
        DeletionKind(row.kind),
        row.name,
        row.subject,
        DeletionState(row.state),
        row.at,
        row.actor,
        Amount(json.loads(row.counts), row.size),
        json.loads(row.details),
    )
