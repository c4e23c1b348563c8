"""Checkpoints of SQLite's write-ahead log in a thread, so that no commit waits long for one.

SQLite's own checkpoint is part of the commit that makes the log long enough: it writes megabytes and waits for the disk
while it holds the write lock. A passive checkpoint holds up nobody; what then restarts the log has little left to do.

The files of a database must be opened by SQLite alone: when a process closes a file, all its locks on that file are
gone, those of SQLite too (sqlite.org/howtocorrupt.html, section 2.2). So the length of the log is an estimate, from the
commits since its restart; the size of its file is that of the longest log so far.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

logger = logging.getLogger(__name__)

# The length of the log, in bytes, at which it is written into the database. To restart it takes some 10 ms, in which
# nothing is committed: the longer the log, the fewer responses wait for that.
LOG_BYTES = 64 * 1024 * 1024
# Passive checkpoints before the restart: each leaves what was committed during it.
PASSES = 2
FIRST_FRAMES_PER_COMMIT = 8.0
# How long commits wait at most while those are waited for that still read the log.
WAIT_SECONDS = 0.05


def connect_existing(file: Path, timeout: float) -> sqlite3.Connection:
    """Connect to a database; raise OperationalError if the file does not exist, which SQLite would make otherwise."""
    url = f"file:{quote(str(file.absolute()))}?mode=rw"
    return sqlite3.connect(url, uri=True, isolation_level=None, check_same_thread=False, timeout=timeout)


def clear_log(file: Path, timeout: float) -> bool:
    """Write the log into the database and empty it, with all that it had of deleted rows; return whether that is done.

    It is not while another program reads an older state, or writes, for `timeout` seconds.
    """
    with closing(connect_existing(file, timeout)) as connection:
        is_busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    return not is_busy


class Checkpointer:
    """Writes the log of one database file into it when it is long; its thread starts when that happens first."""

    def __init__(self, file: Path, page_size: int) -> None:
        self._file = file.absolute()
        self._log = Path(f"{self._file}-wal")
        self._most_frames = LOG_BYTES // page_size
        self._frames_per_commit = FIRST_FRAMES_PER_COMMIT
        self._commits = 0  # since the log was restarted
        self._most_bytes = LOG_BYTES
        self._is_due = threading.Event()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def note_commit(self) -> None:
        """Count a commit; have the log written into the database when it is long."""
        self._commits += 1
        if self._commits * self._frames_per_commit > self._most_frames:
            self._start()

    def start_if_long(self) -> None:
        """Have the log written into the database if its file has grown much, after a commit that has written much."""
        if self._measure_log() > self._most_bytes:
            self._start()

    def _start(self) -> None:
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
            if not self._is_closed:
                commits = self._commits
                with suppress(sqlite3.Error):  # it is tried again when the log is as long again
                    self._note_length(self._checkpoint(), commits)
                self._commits = 0
                self._most_bytes = self._measure_log() + LOG_BYTES
                self._is_due.clear()

    def _checkpoint(self) -> int:
        """Write the log into the database and restart it; return how many frames it had."""
        with closing(connect_existing(self._file, WAIT_SECONDS)) as connection:
            for _ in range(PASSES):
                connection.execute("pragma wal_checkpoint(passive)").fetchone()
            is_busy, frames, written = connection.execute("pragma wal_checkpoint(restart)").fetchone()
            logger.debug("checkpoint: %d of %d frames, %s", written, frames, "in use" if is_busy else "restarted")
        return int(frames)

    def _note_length(self, frames: int, commits: int) -> None:
        if commits and frames > 0:
            self._frames_per_commit = max(frames / commits, 1.0)

    def _measure_log(self) -> int:
        try:
            return os.stat(self._log).st_size
        except OSError:
            return 0
