"""Checkpoints of SQLite's write-ahead log in a thread, so that no commit waits for one.

SQLite's own checkpoint is part of the commit that makes the log long enough: it writes megabytes and waits for the disk
while it holds the write lock. A passive checkpoint holds up nobody; the restart after it has little left to write.
"""

from __future__ import annotations

import logging
import sqlite3
import struct
import threading
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

# The length of the log, in bytes, at which it is written into the database.
LOG_BYTES = 32 * 1024 * 1024
COMMITS_PER_LOOK = 16
WAIT_SECONDS = 0.2
# Of the header of the log's index: the number of its last frame, and how many frames are in the database already
# (sqlite.org/walformat.html, section 2.1).
_LAST_FRAME_AT, _WRITTEN_AT = 16, 96
_NUMBER = struct.Struct("=I")


class Checkpointer:
    """Writes the log of one database file into it when it is long; its thread starts when that happens first."""

    def __init__(self, file: Path, page_size: int) -> None:
        self._file = file
        self._most_frames = LOG_BYTES // page_size
        self._commits = 0
        self._is_due = threading.Event()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def note_commit(self) -> None:
        """Look at the log's length now and then."""
        self._commits += 1
        if self._commits % COMMITS_PER_LOOK == 0:
            self.look()

    def look(self) -> None:
        """Look at the log's length now, after a commit that has written much."""
        if count_new_frames(self._file) > self._most_frames:
            self._is_due.set()
            with self._lock:
                if self._thread is None and not self._is_closed:
                    self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._is_closed, thread = True, self._thread
        self._is_due.set()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._is_closed:
            self._is_due.wait()
            self._is_due.clear()
            if not self._is_closed:
                with suppress(sqlite3.Error):  # it is tried again after the next commits
                    self._checkpoint()

    def _checkpoint(self) -> None:
        connection = sqlite3.connect(self._file, isolation_level=None, timeout=WAIT_SECONDS)
        try:
            connection.execute("pragma wal_checkpoint(passive)").fetchone()
            is_busy, frames, written = connection.execute("pragma wal_checkpoint(restart)").fetchone()
            logger.debug("checkpoint: %d of %d frames, %s", written, frames, "readers wait" if is_busy else "restarted")
        finally:
            connection.close()


def count_new_frames(file: Path) -> int:
    """Return how many frames of the log are not in the database yet, as its index says; 0 without an index."""
    try:
        with open(f"{file}-shm", "rb") as index:
            header = index.read(_WRITTEN_AT + _NUMBER.size)
    except OSError:
        return 0
    if len(header) < _WRITTEN_AT + _NUMBER.size:
        return 0
    [last], [written] = _NUMBER.unpack_from(header, _LAST_FRAME_AT), _NUMBER.unpack_from(header, _WRITTEN_AT)
    return max(int(last) - int(written), 0)
