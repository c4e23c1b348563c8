"""Where an answer gets its random values and the time from: state beside the index, seeded where runs must be alike."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from random import Random


class RandomSource:
    """The random values of one gateway run. `now` tells seconds since the epoch.

    With a seed, the n-th answer of one example gets the same values in every run, whatever is asked in between.
    """

    def __init__(self, now: Callable[[], float], seed: int | None = None) -> None:
        self.now = now
        self._seed = seed
        self._shared = Random()  # noqa: S311 - made-up names and numbers, no secrets
        self._answers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, key: str) -> Random:
        """The source for the next answer of what `key` names; for the caller alone when there is a seed."""
        if self._seed is None:
            return self._shared
        with self._lock:
            self._answers[key] += 1
            number = self._answers[key]
        return Random(f"{self._seed} {number} {key}")  # noqa: S311 - as above
