"""The file of the counters that mock server processes share: its layout, its room on the disk, who has it open.

A page of a mapped file that the disk has no room for ends the process (SIGBUS). So the whole file gets its room at the
start; where there is none, the table is in memory, and the file stays empty.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from understudy.store.errors import StoreError

SLOTS = 1 << 18
SLOT = struct.Struct("=16s8sQ")  # digest of the key, digest of its group, the number
NUMBER_OFFSET = 24  # of the number in its slot
NUMBER = struct.Struct("=Q")
FILE_SIZE = (1 + SLOTS) * SLOT.size
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LOCK_ATTEMPTS, LOCK_RETRY_SECONDS = 3, 0.002  # `is_served` of another process holds the lock for a moment


def open_to_serve(path: Path) -> int | None:
    """Open the file with the lock of a process that serves; None if the disk has no room for another file.

    It is empty if the disk has no room for the table. A file that no other process serves from is replaced by a new
    one. It is never emptied in place: a process that maps it would be killed (SIGBUS). Raises StoreError if it cannot
    be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            is_alone = _try_exclusive_lock(file)
            if is_alone and os.fstat(file).st_size and _is_at(file, path):
                path.unlink()
            elif _share(file, path, is_alone=is_alone):
                return file
            os.close(file)
    except OSError as error:
        if error.errno in NO_ROOM:
            return None
        raise make_counts_error(path, error) from error


def open_in_memory() -> int:
    """Return a file of this process and those that it forks; its memory is taken as it is used."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("understudy-counts")
        os.ftruncate(file, FILE_SIZE)
        return file
    with tempfile.TemporaryFile() as unlinked:  # macOS
        _allocate(unlinked.fileno())
        return os.dup(unlinked.fileno())


def has_table(file: int) -> bool:
    """Return whether the file holds a table."""
    return os.fstat(file).st_size == FILE_SIZE


def scan_group(table: mmap.mmap | bytes, group: str) -> Iterator[int]:
    """Yield the offsets of the numbers of a group."""
    digest = digest_group(group)
    found = table.find(digest, SLOT.size)
    while found >= 0:
        if found % SLOT.size == 16:  # else the same bytes are there by chance
            yield found + 8
        found = table.find(digest, found + 1)


def digest_group(group: str) -> bytes:
    """Return what stands for a group in its slots."""
    return hashlib.blake2b(group.encode(), digest_size=8).digest()


def make_counts_error(path: Path, error: OSError) -> StoreError:
    """Return the error of a file that cannot be used."""
    return StoreError(f"cannot use {path}, in which mock servers share their counters: {error}")


def _share(file: int, path: Path, *, is_alone: bool) -> bool:
    """Share the lock, once the file has its room or proves to get none; return False if it was replaced meanwhile."""
    if not is_alone:
        fcntl.flock(file, fcntl.LOCK_SH)  # waits for a process that starts
    if is_alone or os.fstat(file).st_size:  # else the others have their tables in memory
        try:
            _allocate(file)
        except OSError as error:
            if error.errno not in NO_ROOM or not is_alone:
                raise
            os.ftruncate(file, 0)  # nobody maps it yet
    fcntl.flock(file, fcntl.LOCK_SH)
    return _is_at(file, path)


def _allocate(file: int) -> None:
    """Give the whole file its room on the disk; raises OSError if there is none."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, FILE_SIZE)
    elif (size := os.fstat(file).st_size) < FILE_SIZE:  # macOS
        os.pwrite(file, bytes(FILE_SIZE - size), size)


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
