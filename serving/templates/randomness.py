"""The source of random values and of the time for answers; with a seed, runs get equal values."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from random import Random


class RandomSource:
    """The random values of one run; `now` returns seconds since the epoch.

    With a seed, the n-th answer of one example gets the same values in every run, whatever other requests there are.
    """

    def __init__(self, now: Callable[[], float], seed: int | None = None) -> None:
        self.now = now
        self._seed = seed
        self._shared = Random()  # noqa: S311 - invented names and numbers, no secrets
        self._answers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, key: str) -> Random:
        """Return the Random for the next answer of `key`; with a seed, it belongs to the caller alone."""
        if self._seed is None:
            return self._shared
        with self._lock:
            self._answers[key] += 1
            number = self._answers[key]
        return Random(f"{self._seed} {number} {key}")  # noqa: S311 - as above
