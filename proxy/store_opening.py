"""Open the store of a program: as `open_store` does, and with what an upgrade of an old store needs."""

from __future__ import annotations

from understudy.store.model.messages import Request
from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store


def open_or_upgrade_store(
    url: str, *, sync_full: bool = False, make: bool = True, report_upgrade: ReportProgress = ignore_progress
) -> Store:
    """Open a store and upgrade it if an older Understudy wrote it; parameters and errors are those of `open_store`."""
    return open_store(
        url, sync_full=sync_full, make=make, request_key=_compute_request_key, report_upgrade=report_upgrade
    )


def _compute_request_key(request: Request, body: bytes, varied: frozenset[str]) -> str:
    # Imported for upgrades alone: every command opens a store, and few need the matcher.
    from understudy.matcher.replay_keys import compute_request_key

    return compute_request_key(request, body, varied)
