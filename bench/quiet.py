"""Rounds of a benchmark that other programs on the machine disturb, and their repetition."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import psutil

MOST_SHARE = 0.05
MOST_REPEATS = 3
# The system counts processor time in hundredths of a second: in a shorter round two of them would be more than 5 %.
SHORTEST_SECONDS = 0.2

Result = TypeVar("Result")


@dataclass(frozen=True)
class Usage:
    """The processor time so far, of the whole machine and of the benchmark with all its programs, in seconds.

    `at` is the time of the reading.
    """

    at: float
    machine: float
    own: float


class QuietRounds:
    """Runs the rounds of a benchmark; repeats each one during which other programs used over 5 % of the processors.

    The last of `MOST_REPEATS` repetitions is kept in any case. `repeated` counts the repetitions, `disturbed` has the
    share that other programs used in each round that was kept nevertheless.
    """

    def __init__(self, read: Callable[[], Usage] | None = None, processors: int | None = None) -> None:
        self._read = read or read_usage
        self._processors = processors or psutil.cpu_count() or 1
        self.repeated = 0
        self.disturbed: list[float] = []

    def run(self, measure: Callable[[], Result]) -> Result:
        """Measure a round until it is quiet, but not more than four times; return its result."""
        for _ in range(MOST_REPEATS):
            result, share = self._measure(measure)
            if share <= MOST_SHARE:
                return result
            self.repeated += 1
        result, share = self._measure(measure)
        if share > MOST_SHARE:
            self.disturbed.append(share)
        return result

    @property
    def note(self) -> str:
        """A sentence that describes how quiet the rounds were."""
        limit = f"over {MOST_SHARE:.0%} of the processors"
        if not self.repeated:
            return f"Other programs used {limit} in no round."
        repetitions = f"{self.repeated} repetition{'s' if self.repeated > 1 else ''} of rounds in which other programs"
        if not self.disturbed:
            return f"{repetitions} used {limit}; all rounds that count were quiet."
        number, most = len(self.disturbed), max(self.disturbed)
        kept = f"{number} disturbed round{'s' if number > 1 else ''} had to be kept (up to {most:.0%})"
        return f"{repetitions} used {limit}; {kept}. Compare with care."

    def _measure(self, measure: Callable[[], Result]) -> tuple[Result, float]:
        before = self._read()
        result = measure()
        return result, compute_others_share(before, self._read(), self._processors)


def compute_others_share(before: Usage, after: Usage, processors: int) -> float:
    """Return the share of all processors that other programs used between two readings; 0 for a very short time."""
    seconds = after.at - before.at
    if seconds < SHORTEST_SECONDS:
        return 0.0
    others = (after.machine - before.machine) - (after.own - before.own)
    return max(0.0, others / (seconds * processors))


def read_usage() -> Usage:
    """Read the processor time of the machine, and of this process with its children, including those that ended.

    Time in interrupts is not counted for the machine: most of it is the traffic of the benchmark on loopback. Time
    that the host gave to other machines is counted.
    """
    times = psutil.cpu_times()
    machine = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "steal"))
    return Usage(time.monotonic(), machine, sum(_list_times()))


def _list_times() -> Iterator[float]:
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with suppress(psutil.Error):
            # User and system time: its own, and those of its children that ended.
            yield sum(process.cpu_times()[:4])
