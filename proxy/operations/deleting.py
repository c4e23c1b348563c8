"""How everything is deleted: to the trash, from which it can be restored for a week, or for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from understudy.store.repositories.store import Store
from understudy.store.repositories.trash import MOST_BYTES, Amount, Deletion

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Deleted(Generic[Thing]):
    """What was deleted, as it was, and the deletion to undo; None if it was deleted for ever.

    `is_overwritten` is false if the write-ahead log may have copies of what was deleted for ever, because another
    program used the store; that is so until the log is written into the file.
    """

    thing: Thing
    deletion: Deletion | None
    is_overwritten: bool = True


def is_undoable(amount: Amount) -> bool:
    """Whether so much fits into the trash."""
    return amount.size <= MOST_BYTES


def delete_thing(store: Store, thing: Thing, put: Callable[[], Deletion], *, forever: bool) -> Deleted[Thing]:
    """Delete a thing by `put`, which puts it into the trash; raise what that does.

    With `forever`, or if it does not fit into the trash, it is deleted there at once. With `forever` its bytes are
    overwritten in the file of the store and in its log.
    """
    deletion = put()
    if is_undoable(deletion.amount) and not forever:
        store.trash.tidy(time.time())
        return Deleted(thing, deletion)
    store.trash.forget(deletion.number)
    return Deleted(thing, None, store.maintenance.clear_log() if forever else True)


def delete_at_once(
    store: Store, thing: Thing, put: Callable[[], Deletion], *, forever: bool, actor: str
) -> Deleted[Thing]:
    """Do the same for what takes a single transaction: it is deleted wholly or not at all."""

    def put_at_once() -> Deletion:
        with store.transaction(actor):
            return put()

    return delete_thing(store, thing, put_at_once, forever=forever)
