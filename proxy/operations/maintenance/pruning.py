"""Pruning: delete old history once, or let the gateways of a store do it again and again."""

from __future__ import annotations

import time

from understudy.store.errors import UserError
from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.repositories.maintenance import OldHistory, Pruned
from understudy.store.repositories.store import Store
from understudy.store.retention import RETENTION, Retention


def choose_old_history(
    store: Store, before: float, *, keep_promoted: bool = False, session: str | None = None
) -> OldHistory:
    """Return the history that started before a time, of all sessions or the one of this name or id; raises NotFound."""
    session_id = None if session is None else store.sessions.find(session).id
    return OldHistory(before, keep_promoted, session_id)


def count_old_history(store: Store, old: OldHistory) -> int:
    """Return how many exchanges `prune_history` would delete."""
    return store.maintenance.count_old(old)


def prune_history(store: Store, old: OldHistory, report: ReportProgress = ignore_progress) -> Pruned:
    """Delete old exchanges, and the bodies that nothing uses; examples that were promoted from them stay.

    It takes several transactions; what is deleted stays deleted if it is interrupted, and cannot be undone: it is to
    make space. Deletions that are too old to be undone go, too.
    """
    store.trash.tidy(time.time())
    return store.maintenance.prune(old, report)


def read_retention(store: Store) -> Retention | None:
    """Return for how long gateways keep history, None for ever."""
    return Retention.from_setting(store.settings.get(RETENTION))


def keep_retention(store: Store, retention: Retention | None, *, actor: str) -> None:
    """Let gateways that record delete what is older, or with None nothing; raises UserError for no time at all."""
    if retention is not None and retention.seconds <= 0:
        raise UserError("history has to be kept for some time, such as 1d", field="older_than")
    with store.transaction(actor):
        store.settings.set(RETENTION, None if retention is None else retention.as_setting())


def apply_retention(store: Store, now: float, report: ReportProgress = ignore_progress) -> Pruned | None:
    """Delete what is older than the store's setting says; None if there is no setting, or nothing to delete.

    Deletions that are too old to be undone go in any case.
    """
    store.trash.tidy(now)
    retention = read_retention(store)
    if retention is None:
        return None
    old = OldHistory(now - retention.seconds, retention.keep_promoted)
    return prune_history(store, old, report) if count_old_history(store, old) else None
