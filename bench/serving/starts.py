"""The time from the start of a mock server's process to its first right answer, with few and with many examples."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench.load.pairs import make_gets
from bench.peers.ours import MOCKS
from bench.peers.peer import Place, run_peer
from bench.programs import find_free_port
from bench.quiet import QuietRounds


def measure_start(examples: int, times: int, quiet: QuietRounds) -> float:
    """Start a mock server several times on one store; return the median in seconds."""
    pairs = make_gets(examples)
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        place = Place(Path(name), find_free_port(), Path())
        launch = MOCKS.launch(place, pairs)

        def start() -> float:
            with run_peer(MOCKS, place, launch, pairs[-1]) as server:
                return server.program.started

        return statistics.median(quiet.run(start) for _ in range(times))
