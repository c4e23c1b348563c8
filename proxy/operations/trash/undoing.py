"""List the deletions that can be undone, undo one, or forget it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from understudy.proxy.operations.mock_servers.mock_server_rules import is_public_forbidden
from understudy.store.errors import Conflict, Hint, NotFound, UserError
from understudy.store.model.values import replace
from understudy.store.redaction.rules import Rules
from understudy.store.redaction.settings import read_rules, set_rules
from understudy.store.repositories.store import Store
from understudy.store.repositories.trash import Deletion, DeletionKind, Restored


def list_deletions(store: Store) -> Sequence[Deletion]:
    """Return the deletions that can be undone, the newest first; what is too old is forgotten."""
    store.trash.tidy(time.time())
    return store.trash.list()


def find_deletion(store: Store, number: int | None) -> Deletion:
    """Return the deletion of this number, or the newest one; raise NotFound."""
    known = list_deletions(store)
    if number is not None:
        return store.trash.find(number)
    if not known:
        raise NotFound("there is no deletion that can be undone", what="deletion")
    return known[0]


def undo_deletion(store: Store, number: int | None = None, *, actor: str) -> Restored:
    """Undo the deletion of this number, or the newest one; return it, and the name that what it deleted has now.

    What has a name that is taken gets ` (restored)` after it. Raises NotFound, Conflict if what it belongs to is
    deleted itself, and UserError for a public mock server where the policy forbids them.
    """
    deletion = find_deletion(store, number)
    if deletion.kind is DeletionKind.MOCK_SERVER and not deletion.details["private"] and is_public_forbidden(store):
        hint = Hint("allow_public")
        message = "public mock servers are forbidden on this store"
        raise UserError(message, what="mock server", which=deletion.name, hint=hint)
    with store.act_as(actor):
        if deletion.kind in (DeletionKind.VARIABLES, DeletionKind.REDACTION_RULES):
            return _restore_values(store, deletion, actor)
        return store.trash.restore(deletion.number)


def forget_deletion(store: Store, number: int) -> bool:
    """Delete for ever what a deletion keeps, and overwrite it; return whether the log has no copies of it either.

    Raises NotFound.
    """
    store.trash.forget(number)
    return store.maintenance.clear_log()


def empty_trash(store: Store) -> tuple[int, bool]:
    """Do that for all deletions; return their number, and whether the log has no copies of them either."""
    known = store.trash.list()
    for deletion in reversed(known):
        store.trash.forget(deletion.number)
    return len(known), store.maintenance.clear_log()


def _restore_values(store: Store, deletion: Deletion, actor: str) -> Restored:
    with store.transaction(actor):
        if deletion.kind is DeletionKind.VARIABLES:
            _restore_variables(store, deletion)
        else:
            set_rules(store, read_rules(store) | Rules.from_json(deletion.details["rules"]))
        return store.trash.restore(deletion.number)


def _restore_variables(store: Store, deletion: Deletion) -> None:
    """Set variables again; those that were set since keep their new values."""
    removed, owner = deletion.details["variables"], str(deletion.subject)
    try:
        if deletion.details["of"] == "environment":
            found = store.environments.find(owner)
            store.environments.save(replace(found, variables={**removed, **found.variables}))
        else:
            collection = store.collections.find(owner)
            store.collections.set_variables(owner, {**removed, **collection.variables})
    except NotFound as error:
        message = f"the {deletion.details['of']} of these variables is deleted itself"
        raise Conflict(message, what="deletion", which=str(deletion.number)) from error
