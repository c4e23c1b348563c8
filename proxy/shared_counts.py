"""Counters in a memory-mapped file that the mock server processes of one store share.

The file is a hash table of 64-bit numbers: positions in sequences, calls in the window of a rate limit, calls that each
process answered and logged. The first process that serves starts with an empty table. A crash needs no repair: locks
end with their process.

Where the disk has no room for the file, the table is in memory, for this process and those that it forks.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from understudy.proxy.counts_file import (
    FILE_SIZE,
    NUMBER_OFFSET,
    SLOT,
    SLOTS,
    digest_group,
    has_table,
    open_in_memory,
    open_to_serve,
    scan_group,
)
from understudy.store.errors import StoreError

logger = logging.getLogger(__name__)

FULL = SLOTS * 3 // 4
_FREE = bytes(16)
_WINDOW_BITS = 32


class SharedCounter:
    """A counter that belongs to one process: the one that first counts."""

    __slots__ = ("_find", "_place")

    def __init__(self, find: Callable[[], memoryview]) -> None:
        self._find = find
        self._place: memoryview | None = None

    def count(self, amount: int = 1) -> None:
        """Add this number."""
        place = self._place
        if place is None:
            place = self._place = self._find()
        place[0] += amount


class SharedCounts:
    """The table of processes that serve one store's mock servers; it is empty if no other process serves them.

    Without a path it is in memory, and belongs to this process and those that it forks. Raises StoreError if the file
    cannot be used, or is full of keys.
    """

    def __init__(self, path: Path | None) -> None:
        self._thread_lock = threading.Lock()
        self._served = open_to_serve(path) if path else None
        self._memory = None if self._served is not None and has_table(self._served) else open_in_memory()
        if path and self._memory is not None:
            logger.error("no space left on the disk for %s: calls are counted in memory, and cannot be verified", path)
        self._map = mmap.mmap(self._file, FILE_SIZE)
        self._numbers = memoryview(self._map).cast("Q")

    @property
    def _file(self) -> int:
        file = self._served if self._memory is None else self._memory
        assert file is not None
        return file

    def close(self) -> None:
        """Close the file; its counters must not be used after this."""
        if self._served is not None:
            # The map has the file open too, as long as a counter exists, so the lock would stay.
            fcntl.flock(self._served, fcntl.LOCK_UN)
            os.close(self._served)
        if self._memory is not None:
            os.close(self._memory)

    def make_counter(self, group: str) -> SharedCounter:
        """Return a counter of this group, of the process that counts with it."""
        return SharedCounter(lambda: self._locate_own(group))

    def _locate_own(self, group: str) -> memoryview:
        with self._lock():
            place = self._locate(f"{group} {os.getpid()}", group) // 8
        return self._numbers[place : place + 1]

    def sum_group(self, group: str) -> int:
        """Return the sum of the numbers of a group."""
        return sum(self._numbers[place // 8] for place in scan_group(self._map, group))

    def clear(self, group: str) -> None:
        """Set every number of a group to 0."""
        with self._lock():
            for place in scan_group(self._map, group):
                self._numbers[place // 8] = 0

    def advance(self, key: str, group: str, limit: int) -> int:
        """Return the number of a key, and then add 1, up to `limit`."""
        with self._lock():
            place = self._locate(key, group) // 8
            number = self._numbers[place]
            self._numbers[place] = min(number + 1, limit)
            return number

    def read(self, key: str, group: str) -> int:
        """Return the number of a key."""
        with self._lock():
            return self._numbers[self._locate(key, group) // 8]

    def raise_to(self, key: str, group: str, number: int) -> bool:
        """Raise the number of a key to at least this; return whether it was less."""
        with self._lock():
            place = self._locate(key, group) // 8
            less = self._numbers[place] < number
            if less:
                self._numbers[place] = number
            return less

    def count(self, key: str, window: int) -> int:
        """Count one more call in this window of a rate limit; return how many it has now."""
        with self._lock():
            place = self._locate(key, "rate limits") // 8
            known, calls = divmod(self._numbers[place], 1 << _WINDOW_BITS)
            calls = calls + 1 if known == window % (1 << _WINDOW_BITS) else 1
            self._numbers[place] = (window % (1 << _WINDOW_BITS) << _WINDOW_BITS) + calls
            return calls

    def _locate(self, key: str, group: str) -> int:
        """Return the offset of the number of a key, which starts with 0; call it under the lock only."""
        digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
        slot = int.from_bytes(digest[:8], "big") % SLOTS
        while True:
            start = (1 + slot) * SLOT.size
            found = self._map[start : start + 16]
            if found == digest:
                return start + NUMBER_OFFSET
            if found == _FREE:
                self._claim_slot(start, digest, group)
                return start + NUMBER_OFFSET
            slot = (slot + 1) % SLOTS

    def _claim_slot(self, start: int, digest: bytes, group: str) -> None:
        used = self._numbers[0]
        if used >= FULL:
            raise StoreError("the table of counters is full; stop all mock servers of this store once to empty it")
        self._numbers[0] = used + 1
        SLOT.pack_into(self._map, start, digest, digest_group(group), 0)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        # The lock of the file belongs to the process, so its threads need their own.
        with self._thread_lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1)
