"""JSON shapes of the upkeep of a store: its description, problems, and what was deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from understudy.proxy.operations.views.messages import iso_time
from understudy.store.repositories.maintenance import Pruned, StoreNumbers, StoreSizes
from understudy.store.retention import Retention

if TYPE_CHECKING:
    from understudy.proxy.operations.maintenance.store_upkeep import StoreReport, Vacuumed


def store_json(report: StoreReport) -> dict[str, Any]:
    """Return how large a store is and what is in it."""
    return {
        "store": report.location,
        **_sizes_json(report.description.sizes),
        **_numbers_json(report.description.numbers),
        "retention": _retention_json(report.retention),
    }


def check_json(problems: Sequence[str]) -> dict[str, Any]:
    """Return the problems of a store."""
    return {"sound": not problems, "problems": list(problems)}


def pruned_json(pruned: Pruned) -> dict[str, Any]:
    """Return what was deleted."""
    return {"exchanges": pruned.exchanges, "bodies": pruned.bodies, "body_bytes": pruned.body_bytes}


def vacuumed_json(vacuumed: Vacuumed) -> dict[str, Any]:
    """Return the sizes before and after."""
    return {
        "before": _sizes_json(vacuumed.before),
        "after": _sizes_json(vacuumed.after),
        "freed_bytes": vacuumed.freed_bytes,
    }


def _sizes_json(sizes: StoreSizes) -> dict[str, Any]:
    return {
        "schema": sizes.revision,
        "file_bytes": sizes.file_bytes,
        "log_bytes": sizes.log_bytes,
        "page_bytes": sizes.page_bytes,
        "pages": sizes.pages,
        "free_pages": sizes.free_pages,
        "free_bytes": sizes.free_bytes,
    }


def _numbers_json(numbers: StoreNumbers) -> dict[str, Any]:
    return {
        "sessions": numbers.sessions,
        "exchanges": numbers.exchanges,
        "examples": numbers.examples,
        "bodies": numbers.bodies,
        "body_bytes": numbers.body_bytes,
        "calls": numbers.calls,
        "deletions": numbers.deletions,
        "deleted_bytes": numbers.deleted_bytes,
        "oldest": iso_time(numbers.oldest),
        "newest": iso_time(numbers.newest),
    }


def _retention_json(retention: Retention | None) -> dict[str, Any] | None:
    return None if retention is None else retention.as_setting()
