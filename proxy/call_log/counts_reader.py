"""Numbers that mock server processes count in a shared file, for a process that serves nothing itself."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from understudy.proxy.counts_file import FILE_SIZE, NUMBER, has_table, make_counts_error, scan_group


class CountsReader:
    """The numbers that other processes count in a file. Raises StoreError if it cannot be read."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise make_counts_error(path, error) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def is_served(self) -> bool:
        """Return whether a process serves from this table."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False

    def is_counted(self) -> bool:
        """Return whether the numbers are in the file: not those of processes whose start found no room for it."""
        fcntl.flock(self._file, fcntl.LOCK_SH)  # a process that starts holds it exclusively until the file has its size
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return has_table(self._file)

    def sum_group(self, group: str) -> int:
        """Return the sum of the numbers of a group."""
        # Read, not mapped: even to look at a page of a mapped file may need room on the disk (tmpfs).
        table = os.pread(self._file, FILE_SIZE, 0)
        return sum(NUMBER.unpack_from(table, place)[0] for place in scan_group(table, group))
