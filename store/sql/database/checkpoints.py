"""Checkpoints of SQLite's write-ahead log in a thread, so that no commit waits for one.

SQLite's own checkpoint is part of the commit that makes the log long enough: it writes megabytes and waits for the disk
while it holds the write lock. A passive checkpoint holds up nobody; what then empties the log has little left to write.

The files of a database must be opened by SQLite alone: when a process closes a file, all its locks on that file are
gone, those of SQLite too (sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

logger = logging.getLogger(__name__)

# The length of the log, in bytes, at which it is written into the database. To empty it takes some 20 ms, in which
# nothing is committed: the longer the log, the fewer responses wait for that.
LOG_BYTES = 96 * 1024 * 1024
COMMITS_PER_LOOK = 16
# How long the log is kept from growing while those are waited for that still read it.
WAIT_SECONDS = 0.05


class Checkpointer:
    """Writes the log of one database file into it when it is long; its thread starts when that happens first."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._log = Path(f"{file}-wal")
        self._due_at = LOG_BYTES
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
        if self._measure_log() > self._due_at:
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
                # The log keeps its length while somebody reads it; then it is tried again when it is longer.
                self._due_at = self._measure_log() + LOG_BYTES

    def _checkpoint(self) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None, timeout=WAIT_SECONDS)) as connection:
            connection.execute("pragma wal_checkpoint(passive)").fetchone()
            is_busy, frames, written = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
            logger.debug("checkpoint: %d of %d frames, %s", written, frames, "in use" if is_busy else "emptied")

    def _measure_log(self) -> int:
        try:
            return os.stat(self._log).st_size
        except OSError:
            return 0
