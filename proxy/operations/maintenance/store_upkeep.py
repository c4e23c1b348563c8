"""The upkeep of a store: describe it, check it, and give its free pages back."""

from __future__ import annotations

import time
from dataclasses import dataclass

from understudy.proxy.operations.maintenance.pruning import read_retention
from understudy.store.progress import ReportProgress, ignore_progress
from understudy.store.repositories.maintenance import StoreDescription, StoreSizes
from understudy.store.repositories.store import Store
from understudy.store.retention import Retention


@dataclass(frozen=True, slots=True)
class StoreReport:
    """A store: its place, how large it is, what is in it, and for how long its gateways keep history."""

    location: str
    description: StoreDescription
    retention: Retention | None


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """The sizes of a store before and after its free pages were given back."""

    before: StoreSizes
    after: StoreSizes

    @property
    def freed_bytes(self) -> int:
        """By how much the file and its log are shorter now; 0 if they are not."""
        before, after = (sizes.file_bytes + sizes.log_bytes for sizes in (self.before, self.after))
        return max(before - after, 0)


def describe_store(store: Store) -> StoreReport:
    """Return how large a store is and what is in it."""
    return StoreReport(store.location, store.maintenance.describe(), read_retention(store))


def check_store(store: Store, report: ReportProgress = ignore_progress) -> list[str]:
    """Return the problems of a store, one line each; `report` gets the numbers of checked bodies and of all."""
    return store.maintenance.check(report)


def vacuum_store(store: Store) -> Vacuumed:
    """Give the free pages of a store back, and return its sizes before and after.

    Deletions that are too old to be undone are forgotten first.

    Raises StoreError that names the programs that use it, or for a full disk; the store is then as it was.
    """
    before = store.maintenance.describe().sizes
    store.trash.tidy(time.time())
    store.maintenance.vacuum()
    return Vacuumed(before, store.maintenance.describe().sizes)
