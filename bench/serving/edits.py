"""An edit of one example while a mock server of very many is under load: when it is served, and what the load feels."""

from __future__ import annotations

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
from pathlib import Path

from bench.load.check_answers import seconds_until
from bench.load.pairs import SEED, Pair, gets
from bench.load.wrk import Load, load
from bench.peers.ours import COMMAND, MOCKS, NAME, environment
from bench.peers.peer import Place, Server, started
from bench.programs import free_port
from understudy.store.model.values import replace

HOT = 1_000
SERVED_WITHIN = 30.0
# wrk reads its requests first, then connects; the edit has to fall into its load.
HEAD_START = 0.8


@dataclass
class Edits:
    """What was seen, one of each a round; times in seconds.

    `beside_show` is the load beside a command that only reads: it takes as much of the two processors, and edits
    nothing.
    """

    asked: str
    before: list[Load] = field(default_factory=list)
    during: list[Load] = field(default_factory=list)
    beside_show: list[Load] = field(default_factory=list)
    after_start: list[float] = field(default_factory=list)
    after_return: list[float] = field(default_factory=list)

    @property
    def worse(self) -> float:
        """How many times the p99 before is the p99 during an edit; medians of the rounds."""
        return p99(self.during) / p99(self.before)


def p99(loads: Sequence[Load]) -> float:
    """The median of the rounds, in seconds."""
    return statistics.median(load.p99 for load in loads)


def longest(loads: Sequence[Load]) -> float:
    """The slowest answer in each round, of these the median, in seconds."""
    return statistics.median(load.most for load in loads)


def edits_under_load(examples: int, rounds: int, seconds: int) -> list[Edits]:
    """Edit under two loads: at random among all examples, and among a thousand of them."""
    pairs = gets(examples)
    some = random.Random(SEED).sample(pairs, min(HOT, examples))
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        place = Place(Path(name), free_port(), Path())
        launch = MOCKS.launch(place, pairs)
        with started(MOCKS, place, launch, pairs[-1]) as server:
            return [
                _edits(server, place, asked, Edits(f"at random among {len(asked):,}"), rounds, seconds)
                for asked in ([pairs, some] if examples > HOT else [pairs])
            ]


def _edits(server: Server, place: Place, asked: Sequence[Pair], seen: Edits, rounds: int, seconds: int) -> Edits:
    load(place.folder, server.url, asked, seconds)
    for number in range(rounds):
        edited = asked[number * 7 % len(asked)]
        seen.before.append(load(place.folder, server.url, asked, seconds))
        with ThreadPoolExecutor(1) as beside:
            loading = beside.submit(load, place.folder, server.url, asked, seconds)
            time.sleep(HEAD_START)
            after_start, after_return = _edit(server, place, edited, number)
            seen.during.append(loading.result())
            seen.after_start.append(after_start)
            seen.after_return.append(after_return)
            loading = beside.submit(load, place.folder, server.url, asked, seconds)
            time.sleep(HEAD_START)
            _run("show", place, edited)
            seen.beside_show.append(loading.result())
    return seen


def _edit(server: Server, place: Place, edited: Pair, number: int) -> tuple[float, float]:
    """Seconds until the new answer is served, from the start of the command and from its end."""
    body = json.dumps({**json.loads(edited.answer), "edition": number})
    returned: list[float] = []

    def command() -> None:
        _run("set", place, edited, "--body", body)
        returned.append(time.perf_counter())

    thread = threading.Thread(target=command)
    thread.start()
    after_start = seconds_until(server.url, replace(edited, answer=body), within=SERVED_WITHIN)
    served = time.perf_counter()
    thread.join()
    return after_start, max(0.0, served - returned[0])


def _run(verb: str, place: Place, edited: Pair, *options: str) -> None:
    command = [*COMMAND, "examples", verb, f"{edited.method} {edited.target} - 200", "--collection", NAME, *options]
    subprocess.run(command, env=_environment(place), capture_output=True, check=True)


def _environment(place: Place) -> Mapping[str, str]:
    return {**os.environ, **environment(place)}
