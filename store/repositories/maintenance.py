"""The protocol of the upkeep of a store: its sizes, its check, pruning of old history, and giving space back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from understudy.store.progress import ReportProgress, ignore_progress


@dataclass(frozen=True, slots=True)
class StoreNumbers:
    """How much a store holds.

    `bodies` are those that have a row of their own, and `body_bytes` their size; small ones are inside their exchanges.
    `oldest` and `newest` are when the first and the last exchange started, in seconds since the epoch; None without
    exchanges. `deletions` are those that can be undone, and `deleted_bytes` what they keep, about.
    """

    sessions: int
    exchanges: int
    examples: int
    bodies: int
    body_bytes: int
    calls: int
    oldest: float | None
    newest: float | None
    deletions: int = 0
    deleted_bytes: int = 0


@dataclass(frozen=True, slots=True)
class StoreSizes:
    """The sizes of a store in bytes and pages: of its file, of the write-ahead log beside it, and what is unused.

    A store in memory has a file and a log of 0 bytes. `revision` is that of its schema.
    """

    file_bytes: int
    log_bytes: int
    page_bytes: int
    pages: int
    free_pages: int
    revision: str

    @property
    def free_bytes(self) -> int:
        """The bytes that are in the file and not used; `vacuum` gives them back."""
        return self.free_pages * self.page_bytes


@dataclass(frozen=True, slots=True)
class StoreDescription:
    """How large a store is, and how much is in it."""

    sizes: StoreSizes
    numbers: StoreNumbers


@dataclass(frozen=True, slots=True)
class OldHistory:
    """The exchanges that started before a time, in seconds since the epoch.

    With `keep_promoted` without those that have an example, with `session_id` only those of one session. Those of a
    session that a running gateway replays are left out, and so are WebSockets of one to which it records.
    """

    before: float
    keep_promoted: bool = False
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pruned:
    """The numbers of deleted exchanges, of deleted bodies, and of the bytes of these bodies."""

    exchanges: int
    bodies: int
    body_bytes: int


class Maintenance(Protocol):
    """The upkeep of a store. A gateway may record meanwhile, except during `vacuum`."""

    def describe(self) -> StoreDescription:
        """Return how large the store is, and how much is in it."""
        ...

    def check(self, report: ReportProgress = ignore_progress) -> list[str]:
        """Return the problems of the store, one line each; an empty list if it is sound.

        SQLite checks its file, and all that refers to something is looked up. The bytes of each body are read and
        compared with its digest. `report` gets the numbers of checked bodies and of all.
        """
        ...

    def count_old(self, old: OldHistory) -> int:
        """Return how many exchanges `prune` would delete."""
        ...

    def prune(self, old: OldHistory, report: ReportProgress = ignore_progress) -> Pruned:
        """Delete old exchanges with their messages, and the bodies that nothing uses; in several transactions.

        `report` is called between these, with the numbers of deleted exchanges and of all.
        """
        ...

    def clear_log(self) -> bool:
        """Empty the write-ahead log, which has copies of rows that were deleted; return whether that was possible.

        Programs that read meanwhile hold it up: it is tried for some seconds.
        """
        ...

    def vacuum(self) -> None:
        """Give the free pages of the file back, and make its pages as large as those of a new store.

        It takes up to twice the size of the store on its disk, and no other program may use the store meanwhile. Raises
        StoreError that names the programs that use it, or for a full disk; the store is then as it was.
        """
        ...
