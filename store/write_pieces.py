"""Long writes in pieces, so that a recorder never waits long for the write lock."""

from __future__ import annotations

import time

LONGEST_SECONDS = 0.1
"""How long a long write may hold the write lock at a time."""
AIM_SECONDS = 0.04
PAUSE_SECONDS = 0.01
"""Between two pieces: a writer that waits tries to get the lock more often."""
GROWTH = 2.0


class PieceSize:
    """The number of rows of the next piece, by how long the last one took; call `note` after each piece."""

    def __init__(self, rows: int, *, least: int = 1, most: int = 2_000) -> None:
        self.rows = rows
        self._least = least
        self._most = most

    def note(self, seconds: float) -> None:
        """Note how long a piece held the lock, and pause for those who wait for it."""
        factor = min(AIM_SECONDS / max(seconds, 1e-6), GROWTH)
        self.rows = max(min(int(self.rows * factor), self._most), self._least)
        time.sleep(PAUSE_SECONDS)
