"""The size of a run of `bench.record`, and what its parts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers.failures import describe_failure
from bench.programs import Program
from bench.quiet import QuietRounds
from bench.recording.recorders import Recorder

MB = 1024 * 1024
PARTS = ("throughput", "latency", "memory", "download", "size", "websockets")
THROUGHPUT, LATENCY, MEMORY, DOWNLOAD, SIZE, WEBSOCKETS = PARTS

Row = tuple[str, str, str, str]
"""What was measured, its value, its range or aim, and whether the aim is met."""


@dataclass(frozen=True)
class Plan:
    """The size of a run: rounds and seconds of each load, and numbers of exchanges; `large` is in bytes."""

    rounds: int = 3
    seconds: int = 10
    single: int = 2_000
    few: int = 1_000
    many: int = 100_000
    large: int = 2 * 1024 * MB
    sized: int = 20_000
    parts: Sequence[str] = PARTS
    peers: Path | None = None


QUICK = Plan(rounds=1, seconds=2, single=300, few=500, many=3_000, large=64 * MB, sized=500)


@dataclass
class Run:
    """A run: its plan, the folder for its files, the upstream, and the recording peers that are available.

    `left_out` has the reason for each peer that failed, by name.
    """

    plan: Plan
    folder: Path
    server: Program
    peers: Sequence[Recorder] = ()
    rounds: QuietRounds = field(default_factory=QuietRounds)
    left_out: dict[str, str] = field(default_factory=dict)

    def leave_out(self, recorder: Recorder, problem: Exception) -> None:
        """Note why a peer is left out from now on; raise the problem again if it is our own program."""
        if recorder.ours:
            raise problem
        self.left_out[recorder.name] = describe_failure(problem)


def say_met(holds: bool) -> str:
    """Return the last cell of a row with an aim."""
    return "met" if holds else "NOT MET"
