"""Counters in a memory-mapped file that the mock server processes of one store share.

The file is a hash table of 64-bit numbers: positions in sequences, calls in the window of a rate limit, calls that each
process answered and logged. The first process that serves starts with an empty table. A crash needs no repair: locks
end with their process.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from understudy.store.errors import StoreError

SLOTS = 1 << 18
FULL = SLOTS * 3 // 4
_SLOT = struct.Struct("=16s8sQ")  # digest of the key, digest of its group, the number
_NUMBER_OFFSET = 24  # of the number in its slot
_USED = struct.Struct("=Q")
FILE_SIZE = (1 + SLOTS) * _SLOT.size  # sparse: unwritten pages take no room
LOCK_ATTEMPTS, LOCK_RETRY_SECONDS = 3, 0.002  # `is_served` of another process holds the lock for a moment
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
    """The table of one store's mock servers. Raises StoreError if its file cannot be used or is full.

    `serve`: start with an empty table if no other process serves; without it, only read.
    """

    def __init__(self, path: Path, *, serve: bool) -> None:
        self._thread_lock = threading.Lock()
        try:
            self._file = _open_file(path, serve=serve)
            self._map = mmap.mmap(self._file, FILE_SIZE)
        except OSError as error:
            raise StoreError(f"cannot use {path}, in which mock servers share their counters: {error}") from error
        self._numbers = memoryview(self._map).cast("Q")

    def close(self) -> None:
        """Close the file; its counters must not be used after this."""
        # The map has the file open too, as long as a counter exists, so the lock would stay.
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)

    def is_served(self) -> bool:
        """Return whether a process serves from this table; for tables that were opened without `serve`."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False

    def make_counter(self, group: str) -> SharedCounter:
        """Return a counter of this group, of the process that counts with it."""
        return SharedCounter(lambda: self._locate_own(group))

    def _locate_own(self, group: str) -> memoryview:
        with self._lock():
            place = self._locate(f"{group} {os.getpid()}", group) // 8
        return self._numbers[place : place + 1]

    def sum_group(self, group: str) -> int:
        """Return the sum of the numbers of a group."""
        return sum(self._numbers[place // 8] for place in self._scan_group(group))

    def clear(self, group: str) -> None:
        """Set every number of a group to 0."""
        with self._lock():
            for place in self._scan_group(group):
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
            start = (1 + slot) * _SLOT.size
            found = self._map[start : start + 16]
            if found == digest:
                return start + _NUMBER_OFFSET
            if found == _FREE:
                self._claim_slot(start, digest, group)
                return start + _NUMBER_OFFSET
            slot = (slot + 1) % SLOTS

    def _claim_slot(self, start: int, digest: bytes, group: str) -> None:
        used = self._numbers[0]
        if used >= FULL:
            raise StoreError("the table of counters is full; stop all mock servers of this store once to empty it")
        self._numbers[0] = used + 1
        _SLOT.pack_into(self._map, start, digest, _digest(group), 0)

    def _scan_group(self, group: str) -> Iterator[int]:
        digest = _digest(group)
        found = self._map.find(digest, _SLOT.size)
        while found >= 0:
            if found % _SLOT.size == 16:  # else the same bytes are there by chance
                yield found + 8
            found = self._map.find(digest, found + 1)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        # The lock of the file belongs to the process, so its threads need their own.
        with self._thread_lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1)


def _open_file(path: Path, *, serve: bool) -> int:
    """Open the file, and replace it by a new one if no other process serves from it.

    It is never emptied in place: a process that reads it then would be killed (SIGBUS).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not serve:
            os.ftruncate(file, FILE_SIZE)
            return file
        if _try_exclusive_lock(file):
            if os.fstat(file).st_size and _is_at(file, path):
                path.unlink()
        else:
            fcntl.flock(file, fcntl.LOCK_SH)
        os.ftruncate(file, FILE_SIZE)
        fcntl.flock(file, fcntl.LOCK_SH)
        if _is_at(file, path):
            return file
        os.close(file)


def _try_exclusive_lock(file: int) -> bool:
    """Lock the file exclusively if no process serves from it; return whether it is locked."""
    for _ in range(LOCK_ATTEMPTS):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(LOCK_RETRY_SECONDS)
    return False


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _digest(group: str) -> bytes:
    return hashlib.blake2b(group.encode(), digest_size=8).digest()
