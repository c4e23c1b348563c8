"""How long work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

ReportProgress = Callable[[int, int], None]
"""Takes the numbers of things that are done and of all. It may raise, which ends the work; what is done stays."""


def ignore_progress(_done: int, _all: int) -> None:
    """Report nothing."""
