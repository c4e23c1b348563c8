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
    share that other programs used in each round that was kept nevertheless, `short` counts the rounds that were too
    short to find out. `measured` counts all rounds, with repetitions.
    """

    def __init__(self, read: Callable[[], Usage] | None = None, processors: int | None = None) -> None:
        self._read = read or read_usage
        self._processors = processors or psutil.cpu_count() or 1
        self.measured = self.repeated = self.short = 0
        self.disturbed: list[float] = []

    def run(self, measure: Callable[[], Result]) -> Result:
        """Measure a round until it is quiet, but not more than four times; return its result."""
        for _ in range(MOST_REPEATS):
            result, share = self._measure(measure)
            if share is None or share <= MOST_SHARE:
                return result
            self.repeated += 1
        result, share = self._measure(measure)
        if share is not None and share > MOST_SHARE:
            self.disturbed.append(share)
        return result

    @property
    def note(self) -> str:
        """Sentences that describe how quiet the rounds were."""
        short = f" Rounds too short to find out: {self.short}." if self.short else ""
        return self._describe_repetitions() + short

    def _describe_repetitions(self) -> str:
        limit = f"over {MOST_SHARE:.0%} of the processors"
        if not self.measured:
            return "Nothing was measured in rounds."
        if not self.repeated:
            return f"Other programs used {limit} in no round."
        repetitions = f"{_count(self.repeated, 'repetition')} of rounds in which other programs used {limit}"
        if not self.disturbed:
            return f"{repetitions}; all rounds that count were quiet."
        kept = f"{_count(len(self.disturbed), 'disturbed round')} had to be kept (up to {max(self.disturbed):.0%})"
        return f"{repetitions}; {kept}. Compare with care."

    def _measure(self, measure: Callable[[], Result]) -> tuple[Result, float | None]:
        before = self._read()
        result = measure()
        share = compute_others_share(before, self._read(), self._processors)
        self.measured += 1
        self.short += share is None
        return result, share


def compute_others_share(before: Usage, after: Usage, processors: int) -> float | None:
    """Return the share of all processors that other programs used between two readings; None for a very short time."""
    seconds = after.at - before.at
    if seconds < SHORTEST_SECONDS:
        return None
    others = (after.machine - before.machine) - (after.own - before.own)
    return max(0.0, others / (seconds * processors))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


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
