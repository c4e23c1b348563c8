"""The time from the start of a mock server's process to its first right answer, with few and with many examples."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench.load.pairs import gets
from bench.peers.ours import MOCKS
from bench.peers.peer import Place, started
from bench.programs import free_port


def seconds_to_start(examples: int, times: int) -> float:
    """Start a mock server several times on one store; return the median in seconds."""
    pairs = gets(examples)
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        place = Place(Path(name), free_port(), Path())
        launch = MOCKS.launch(place, pairs)
        taken = []
        for _ in range(times):
            with started(MOCKS, place, launch, pairs[-1]) as server:
                taken.append(server.program.started)
    return statistics.median(taken)
