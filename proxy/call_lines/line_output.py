"""A thread that writes lines to a file descriptor: a reader that is slow, stopped or gone never delays who puts them.

A descriptor that others share, as a terminal is, may not be set to non-blocking mode; so a thread writes, and waits.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

# What several processes write at once to a pipe stays whole up to this size (POSIX, write).
ATOMIC_BYTES = 4_096
MOST_WAITING = 1_000
PAUSE_SECONDS = 0.02  # between two writes, so that many lines are written at once
STOP_SECONDS = 1.0  # a reader that does not read is not waited for longer
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

Line = TypeVar("Line")


class LineOutput(Generic[Line]):
    """Lines that wait to be written, and the thread that writes them.

    `render` returns a line with its end; `render_dropped` that for a number of dropped ones. At most `most_waiting`
    wait; further ones are dropped, and the number of them is written once the reader reads again. Up to `piece_bytes`
    are written at once.
    """

    def __init__(
        self,
        file: int,
        render: Callable[[Line], bytes],
        render_dropped: Callable[[int], bytes],
        *,
        most_waiting: int = MOST_WAITING,
        piece_bytes: int = ATOMIC_BYTES,
    ) -> None:
        self._piece_bytes = piece_bytes
        self._file = file
        self._render = render
        self._render_dropped = render_dropped
        self._most_waiting = most_waiting
        self._waiting: deque[tuple[Line, int]] = deque()
        self._dropped = 0  # belongs to who puts lines
        self._failed = 0  # lines that a full disk refused; belongs to the thread, as all that follows
        self._reported = 0
        self._is_cut = False  # the last line on the disk is not whole
        self._is_broken = False  # nobody reads any more
        self._is_asleep = False
        self._is_stopping = False
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; after a fork, in the process that puts lines."""
        self._thread = threading.Thread(target=self._run, name="call lines", daemon=True)
        self._thread.start()

    def put(self, line: Line, number: int = 1) -> None:
        """Have a line written soon, or drop it; it may be several joined ones. Called by one thread."""
        if len(self._waiting) >= self._most_waiting or self._is_broken:
            self._dropped += number
            return
        self._waiting.append((line, number))
        if self._is_asleep:
            self._woken.set()

    def note_dropped(self, number: int) -> None:
        """Count lines that were dropped before they came here. Called by the thread that puts lines."""
        self._dropped += number
        self._woken.set()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Write what waits, and stop; a reader that does not read is not waited for longer than this."""
        self._is_stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._is_stopping and not self._is_broken:
            self._is_asleep = True
            if not self._waiting and self._dropped + self._failed == self._reported:
                self._woken.wait()
            self._is_asleep = False
            self._woken.clear()
            self._write_waiting()
            if not self._is_stopping:
                time.sleep(PAUSE_SECONDS)
        self._write_waiting()

    def _write_waiting(self) -> None:
        piece, lines = bytearray(), 0
        for rendered, number in self._take_rendered():
            if piece and len(piece) + len(rendered) > self._piece_bytes:
                self._write(piece, lines)
                piece, lines = bytearray(), 0
            piece += rendered
            lines += number
        self._write(piece, lines)
        lost = self._dropped + self._failed - self._reported
        if lost and not self._is_broken and self._write(self._render_dropped(lost), 0):
            self._reported += lost

    def _take_rendered(self) -> Iterator[tuple[bytes, int]]:
        while True:
            try:
                line, number = self._waiting.popleft()
            except IndexError:
                return
            try:
                yield self._render(line), number
            except Exception:
                logger.exception("a call cannot be shown")

    def _write(self, data: bytes | bytearray, lines: int) -> bool:
        """Write bytes that have this number of lines; return whether all were written."""
        rest = memoryview(b"\n" + data if self._is_cut and data else data)
        size = len(rest)
        while rest and not self._is_broken:
            try:
                rest = rest[os.write(self._file, rest) :]
            except BlockingIOError:  # another program set the shared descriptor to non-blocking mode
                self._wait_until_writable()
            except OSError as error:
                if error.errno in FULL_DISK:
                    self._is_cut = self._is_cut or len(rest) < size
                    self._failed += lines
                    return False
                self._is_broken = True  # nobody reads any more
        self._is_cut = self._is_cut and not size
        return not rest

    def _wait_until_writable(self) -> None:
        poll = select.poll()
        poll.register(self._file, select.POLLOUT)
        poll.poll()
