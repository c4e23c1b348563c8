"""JSON shapes of deletions and of what was undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.proxy.operations.views.messages import iso_time
from understudy.store.repositories.trash import Deletion, Restored

if TYPE_CHECKING:
    from understudy.proxy.operations.deleting import Deleted


def deletion_json(deletion: Deletion) -> dict[str, Any]:
    """Return a deletion that can be undone; `size` is in bytes, and about."""
    return {
        "id": deletion.number,
        "kind": str(deletion.kind),
        "name": deletion.name,
        "subject": deletion.subject,
        "state": str(deletion.state),
        "deleted_at": iso_time(deletion.at),
        "deleted_by": deletion.actor,
        "expires_at": iso_time(deletion.expires_at),
        "counts": dict(deletion.amount.counts),
        "size": deletion.amount.size,
    }


def deleted_json(what: str, name: str, deleted: Deleted[Any]) -> dict[str, Any]:
    """Return what was deleted, with the id by which it can be undone; null if it was deleted for ever."""
    deletion = deleted.deletion
    return {
        "deleted": what,
        "name": name,
        "undo": deletion.number if deletion else None,
        "expires_at": iso_time(deletion.expires_at) if deletion else None,
        "overwritten": deleted.is_overwritten if deletion is None else False,
    }


def restored_json(restored: Restored) -> dict[str, Any]:
    """Return a deletion that was undone, and the name that what it deleted has now."""
    return {**deletion_json(restored.deletion), "state": "restored", "restored_as": restored.name}
