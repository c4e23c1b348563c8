"""Changes: the cost of adding, deleting or editing one example in an index of 10, 1,000 and 100,000 examples.

python -m bench.changes [--quick]
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.matcher import CASES, MICROSECOND, Case, describe_machine, make_examples
from bench.quiet import QuietRounds
from understudy.matcher.index import Index, compile_index
from understudy.store.model.collections import Example
from understudy.store.model.values import replace

LONGEST_MS = 5.0

Change = tuple[Collection[str], Collection[Example]]


@dataclass(frozen=True)
class Cost:
    """The cost of changes, in microseconds."""

    median: float
    longest: float


def main() -> int:
    """Measure, print the table, and fail if a change of the largest index takes longer than the aim."""
    parser = argparse.ArgumentParser(prog="python -m bench.changes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    quick = parser.parse_args().quick
    sizes, changes = ((10, 100, 1_000), 30) if quick else ((10, 1_000, 100_000), 600)
    console = Console(width=120)
    table = Table(title="A change, in microseconds: median (longest)", title_justify="left")
    table.add_column("case")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    table.add_column(f"median at most {LONGEST_MS:.0f} ms")
    slowest, quiet = 0.0, QuietRounds()
    for case in CASES:
        if case.hits:
            costs = [_cost(case, size, changes, quiet) for size in sizes]
            slowest = max(slowest, costs[-1].median)
            met = "met" if costs[-1].median <= LONGEST_MS * 1000 else "NOT MET"
            table.add_row(case.name, *(f"{cost.median:,.0f} ({cost.longest:,.0f})" for cost in costs), met)
    console.print(table)
    console.print(
        f"{changes:,} consecutive changes, each applied to the result of the one before; {describe_machine()}",
        highlight=False,
    )
    console.print(quiet.note, highlight=False)
    return 0 if quick or slowest <= LONGEST_MS * 1000 else 1


def _cost(case: Case, size: int, changes: int, quiet: QuietRounds) -> Cost:
    examples = make_examples(case, size)
    index = compile_index(examples, case.settings)
    gc.collect()
    gc.freeze()  # as a program does with an index
    changed, durations = quiet.run(lambda: _apply_changes(case, examples, index, changes))
    gc.unfreeze()
    _check(changed, case, size)
    return Cost(statistics.median(durations), max(durations))


def _apply_changes(case: Case, examples: list[Example], index: Index, changes: int) -> tuple[Index, list[float]]:
    """Return the changed index, and the microseconds that each change took."""
    chance = random.Random(len(examples))
    durations = []
    for number in range(changes):
        gone, come = _change(case, examples, number, chance)
        started = time.perf_counter_ns()
        index = index.apply_changes(gone, come)
        durations.append((time.perf_counter_ns() - started) / MICROSECOND)
    return index, durations


def _change(case: Case, examples: list[Example], number: int, chance: random.Random) -> Change:
    """Return a change: a deletion, an edit or an addition, in turn."""
    size = len(examples)
    chosen = examples[chance.randrange(size)]
    request = case.example(size + number, size)
    return (
        ((chosen.id,), ()),
        ((), (replace(chosen, request=request),)),
        ((), (replace(chosen, id=f"{size + number:026d}", request=request),)),
    )[number % 3]


def _check(index: Index, case: Case, size: int) -> None:
    newest = next(iter(index.candidates))
    if index.decide(newest.request).candidate is not newest:
        raise RuntimeError(f"{case.name}: a change among {size:,} examples has no effect")


if __name__ == "__main__":
    sys.exit(main())
