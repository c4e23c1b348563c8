"""Decisions: the cost of a decision among 10, 1,000 and 100,000 examples, and of compiling and keeping an index.

python -m bench.matcher [--quick]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.quiet import QuietRounds
from understudy.matcher.index import Index, compile_index
from understudy.matcher.settings import POSTMAN, MatchSettings
from understudy.store.model.collections import Example
from understudy.store.model.messages import Headers, Request, Response

MOST_RATIO = 1.5
AIMS = {"exact path": 5.0, "JSON body": 25.0}  # microseconds, on a fast laptop core
MICROSECOND = 1_000
ON_ONE_PATH = 1_000  # examples on one path that differ by query
CLIENT = (("Host", "api.example.com"), ("User-Agent", "curl/8.5.0"), ("Accept", "*/*"))
TURNS = 20
BODIES = MatchSettings(body=True)

Make = Callable[[int, int], Request]  # the request of an example, from its number and the number of all examples


@dataclass(frozen=True)
class Case:
    """A case: the examples, and the requests that find them."""

    name: str
    example: Make
    request: Make
    settings: MatchSettings = POSTMAN
    hits: bool = True
    bounded: bool = False  # the cost grows up to 1,000 paths, for which distance is computed, and no further


@dataclass(frozen=True)
class Cost:
    """The cost of a case at one size; times are in microseconds."""

    compile_s: float
    median: float
    p99: float


def make_get(target: str) -> Request:
    """Return a GET request as a client sends it."""
    return Request("GET", target.encode(), Headers.of(CLIENT))


def make_order(number: int, *, spaced: bool) -> Request:
    """Return a POST request with a JSON body of about 1 KB; `spaced`: in another layout."""
    items = [{"sku": f"item-{line:04d}", "count": line, "price": line * 1.25, "gift": False} for line in range(14)]
    value = {"customer": f"customer-{number}", "items": items, "note": "Leave it with the neighbours, please. " * 5}
    body = json.dumps(value, sort_keys=spaced, separators=None if spaced else (",", ":")).encode()
    return Request("POST", b"/orders", Headers.of([*CLIENT, ("Content-Type", "application/json")]), body)


def make_negotiated(number: int, _size: int) -> Request:
    """Return a GET request that asks for one of many variants of one URL."""
    fields = {**dict(CLIENT), "Accept": f"application/vnd.example.v{number % 10}+json"}
    return Request("GET", b"/orders", Headers.of([*fields.items(), ("Accept-Language", f"x-{number // 10}")]))


CASES = (
    Case(
        "exact path",
        lambda i, _: make_get(f"/users/user-name-{i:06d}/posts"),
        lambda i, _: make_get(f"/users/user-name-{i:06d}/posts"),
    ),
    Case(
        "wildcard path",
        lambda i, _: make_get(f"/shop{i:06d}/{{{{id}}}}/posts"),
        lambda i, _: make_get(f"/shop{i:06d}/ann/posts"),
    ),
    Case(
        "path without ids",
        lambda i, _: make_get(f"/shop{i:06d}x/7/posts"),
        lambda i, _: make_get(f"/shop{i:06d}x/8/posts"),
    ),
    Case(
        "query, up to 1,000 on one path",
        lambda i, _: make_get(f"/search/{i // ON_ONE_PATH}?q=tea&page={i}"),
        lambda i, _: make_get(f"/search/{i // ON_ONE_PATH}?page={i}&q=tea"),
    ),
    Case(
        "JSON body, all on one path",
        lambda i, _: make_order(i, spaced=False),
        lambda i, _: make_order(i, spaced=True),
        BODIES,
    ),
    Case(
        "JSON body preferred, all on one path",
        lambda i, _: make_order(i, spaced=False),
        lambda i, _: make_order(i, spaced=True),
    ),
    Case("negotiation, all on one path", make_negotiated, make_negotiated),
    Case(
        "a miss",
        lambda i, _: make_get(f"/users/user-name-{i:06d}/posts"),
        lambda i, _: make_get(f"/nothing/here{i}"),
        hits=False,
    ),
    Case(
        "a miss with near paths",
        lambda i, _: make_get(f"/users/{i * 7919 % 999983:x}-x"),
        lambda i, _: make_get(f"/users/{i * 104729 % 999983:x}-q"),
        hits=False,
        bounded=True,
    ),
)


def main() -> int:
    """Measure, print the tables, and return 1 if a ratio is above its aim."""
    parser = argparse.ArgumentParser(prog="python -m bench.matcher", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    quick = parser.parse_args().quick
    sizes, decisions = ((10, 100, 1_000), 500) if quick else ((10, 1_000, 100_000), 4_000)
    console = Console(width=120)
    quiet = QuietRounds()
    costs = {case.name: _costs(case, sizes, decisions, quiet) for case in CASES}
    ratios = {name: each[-1].median / each[0].median for name, each in costs.items()}
    console.print(_table(sizes, costs, ratios))
    console.print(_memory(sizes))
    console.print(f"Medians of {decisions:,} decisions each; {describe_machine()}", highlight=False)
    console.print(quiet.note, highlight=False)
    for name, aim in AIMS.items():
        case = next(each for each in costs if each.startswith(name))
        console.print(f"{case}: {costs[case][-1].median:.1f} µs; the aim is about {aim:.0f} µs on a fast laptop core")
    aimed = [ratios[case.name] for case in CASES if not case.bounded]
    return 0 if quick or all(ratio <= MOST_RATIO for ratio in aimed) else 1


def _costs(case: Case, sizes: tuple[int, ...], decisions: int, quiet: QuietRounds) -> list[Cost]:
    """Return the cost at every size, measured in turns, so that other load affects all sizes equally."""
    compiled, durations = zip(*(_compile(case, size) for size in sizes), strict=True)
    gc.collect()
    gc.freeze()  # as programs do with an index, so that full collections do not traverse it
    times = quiet.run(lambda: _take_turns(case, sizes, compiled, decisions))
    gc.unfreeze()
    return [
        Cost(each, statistics.median(found) / MICROSECOND, statistics.quantiles(found, n=100)[-1] / MICROSECOND)
        for each, found in zip(durations, times, strict=True)
    ]


def _take_turns(case: Case, sizes: tuple[int, ...], compiled: Sequence[Index], decisions: int) -> list[list[int]]:
    times: list[list[int]] = [[] for _ in sizes]
    for turn in range(TURNS):
        for number, size in enumerate(sizes):
            chance = random.Random(turn)
            requests = [case.request(chance.randrange(size), size) for _ in range(decisions // TURNS)]
            times[number] += _times(compiled[number], requests, case)
    return times


def _compile(case: Case, size: int) -> tuple[Index, float]:
    examples = make_examples(case, size)
    started = time.process_time()
    index = compile_index(examples, case.settings)
    return index, time.process_time() - started


def _times(index: Index, requests: list[Request], case: Case) -> list[int]:
    if (index.decide(requests[0]).candidate is not None) is not case.hits:
        raise RuntimeError(f"{case.name}: {requests[0].url} had the wrong decision")
    durations = []
    for request in requests:
        started = time.perf_counter_ns()
        index.decide(request)
        durations.append(time.perf_counter_ns() - started)
    return durations


def make_examples(case: Case, size: int) -> list[Example]:
    """Return the examples of a case, by ascending id."""
    answer = Response(200, Headers.of([("Content-Type", "application/json")]), b'{"ok": true}')
    return [
        Example(f"{i:026d}", "collection", "item", f"Example {i}", case.example(i, size), answer, literal=False)
        for i in range(size)
    ]


def _table(sizes: tuple[int, ...], costs: dict[str, list[Cost]], ratios: dict[str, float]) -> Table:
    table = Table(title="A decision, in microseconds: median (99th percentile)", title_justify="left")
    table.add_column("case")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    table.add_column("largest to smallest", justify="right")
    table.add_column(f"at most {MOST_RATIO}")
    table.add_column("compiled in", justify="right")
    bounded = {case.name for case in CASES if case.bounded}
    for name, each in costs.items():
        times = (f"{cost.median:.1f} ({cost.p99:.1f})" for cost in each)
        met = "met" if ratios[name] <= MOST_RATIO else "bounded" if name in bounded else "NOT MET"
        table.add_row(name, *times, f"{ratios[name]:.2f}", met, f"{each[-1].compile_s:.2f} s")
    return table


def _memory(sizes: tuple[int, ...]) -> Table:
    table = Table(title="An index, in bytes per example, without the example itself", title_justify="left")
    table.add_column("case")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    for case in CASES:
        if case.hits:
            table.add_row(case.name, *(f"{_measure_memory(case, size):,.0f}" for size in sizes))
    return table


def _measure_memory(case: Case, size: int) -> float:
    examples = make_examples(case, size)
    compile_index(examples[:1], case.settings)  # imports and caches of the first use are not counted
    gc.collect()
    tracemalloc.start()
    index = compile_index(examples, case.settings)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(index) == size
    return held / size


def describe_machine() -> str:
    """Return a description of this machine."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = models[0].partition(":")[2].strip() if models else platform.machine()
    return f"Python {platform.python_version()}, {name}, {os.cpu_count()} CPUs, {platform.system()}"


if __name__ == "__main__":
    sys.exit(main())
