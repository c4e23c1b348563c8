"""Edits of one example of a mock server under load: the time until served, and the effect on the load."""

from __future__ import annotations

import itertools
import json
import os
import random
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.load.check_answers import wait_for_answer
from bench.load.pairs import SEED, Pair, make_gets
from bench.load.wrk import Load, load
from bench.peers.ours import COMMAND, MOCKS, NAME, environment
from bench.peers.peer import Place, Server, run_peer
from bench.programs import find_free_port
from bench.quiet import QuietRounds
from understudy.store.model.values import replace

HOT = 1_000
SERVED_WITHIN = 30.0
# wrk reads its requests before it connects; the edit has to happen during its load.
HEAD_START = 0.8
# Each edit has another number, also if its round is repeated.
_editions = itertools.count()


@dataclass(frozen=True)
class Round:
    """The result of one edit: the loads before it, during it and beside a command that reads, and two times."""

    before: Load
    during: Load
    beside_show: Load
    after_start: float
    after_return: float


@dataclass
class Edits:
    """The results of edits, one of each per round; times are in seconds.

    `beside_show` is the load during a command that only reads: it uses as much processor time but edits nothing.
    """

    load: str
    before: list[Load] = field(default_factory=list)
    during: list[Load] = field(default_factory=list)
    beside_show: list[Load] = field(default_factory=list)
    after_start: list[float] = field(default_factory=list)
    after_return: list[float] = field(default_factory=list)

    def add(self, result: Round) -> None:
        """Add the result of a round."""
        self.before.append(result.before)
        self.during.append(result.during)
        self.beside_show.append(result.beside_show)
        self.after_start.append(result.after_start)
        self.after_return.append(result.after_return)

    @property
    def worse(self) -> float:
        """The p99 during an edit divided by the p99 before, of the medians of the rounds."""
        return median_p99(self.during) / median_p99(self.before)


def median_p99(loads: Sequence[Load]) -> float:
    """Return the median of the p99 of all rounds, in seconds."""
    return statistics.median(load.p99 for load in loads)


def median_longest(loads: Sequence[Load]) -> float:
    """Return the median of the slowest answers of all rounds, in seconds."""
    return statistics.median(load.most for load in loads)


def measure_edits(examples: int, rounds: int, seconds: int, quiet: QuietRounds) -> list[Edits]:
    """Edit under two random loads: on all examples, and on a thousand of them."""
    pairs = make_gets(examples)
    some = random.Random(SEED).sample(pairs, min(HOT, examples))
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        place = Place(Path(name), find_free_port(), Path())
        launch = MOCKS.launch(place, pairs)
        with run_peer(MOCKS, place, launch, pairs[-1]) as server:
            return [
                _measure_rounds(server, place, chosen, rounds, seconds, quiet)
                for chosen in ([pairs, some] if examples > HOT else [pairs])
            ]


def _measure_rounds(
    server: Server, place: Place, pairs: Sequence[Pair], rounds: int, seconds: int, quiet: QuietRounds
) -> Edits:
    edits = Edits(f"at random among {len(pairs):,}")
    load(place.folder, server.url, pairs, seconds)
    for number in range(rounds):
        edited = pairs[number * 7 % len(pairs)]
        edits.add(quiet.run(partial(_measure_round, server, place, pairs, edited, seconds)))
    return edits


def _measure_round(server: Server, place: Place, pairs: Sequence[Pair], edited: Pair, seconds: int) -> Round:
    before = load(place.folder, server.url, pairs, seconds)
    with ThreadPoolExecutor(1) as beside:
        loading = beside.submit(load, place.folder, server.url, pairs, seconds)
        time.sleep(HEAD_START)
        after_start, after_return = _edit(server, place, edited, next(_editions))
        during = loading.result()
        loading = beside.submit(load, place.folder, server.url, pairs, seconds)
        time.sleep(HEAD_START)
        _run("show", place, edited)
        return Round(before, during, loading.result(), after_start, after_return)


def _edit(server: Server, place: Place, edited: Pair, number: int) -> tuple[float, float]:
    """Edit an example; return the seconds until it is served, from the start and from the end of the command."""
    body = json.dumps({**json.loads(edited.answer), "edition": number})
    returned: list[float] = []

    def command() -> None:
        _run("set", place, edited, "--body", body)
        returned.append(time.perf_counter())

    thread = threading.Thread(target=command)
    thread.start()
    after_start = wait_for_answer(server.url, replace(edited, answer=body), within=SERVED_WITHIN)
    served = time.perf_counter()
    thread.join()
    return after_start, max(0.0, served - returned[0])


def _run(verb: str, place: Place, edited: Pair, *options: str) -> None:
    command = [*COMMAND, "examples", verb, f"{edited.method} {edited.target} - 200", "--collection", NAME, *options]
    subprocess.run(command, env=_environment(place), capture_output=True, check=True)


def _environment(place: Place) -> Mapping[str, str]:
    return {**os.environ, **environment(place)}
