"""Recording beside long writes to its store: a promotion, a prune and a bulk write.

python -m bench.beside [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.load.clients import measure_until
from bench.load.exchanges import FIRST, SESSIONS, make_exchanges
from bench.matcher import describe_machine
from bench.programs import Program, run_understudy, run_upstream, store_file
from understudy.proxy.store_opening import open_or_upgrade_store

CONNECTIONS = 8
MOST_MS = 500.0
ALONE_SECONDS = 5.0
BATCH = 500
MILLISECONDS = 1000.0
UNDERSTUDY = (sys.executable, "-c", "from understudy.proxy.cli import main; main()")


@dataclass(frozen=True)
class Plan:
    """The size of a run: exchanges in the store before, and megabytes of the bulk write."""

    exchanges: int = 50_000
    megabytes: int = 500


@dataclass(frozen=True)
class Phase:
    """What happened beside one long write: latencies in milliseconds, and the seconds that the write took."""

    name: str
    seconds: float
    latencies: list[float]

    @property
    def p99(self) -> float:
        """The 99th percentile of the latencies."""
        return statistics.quantiles(self.latencies, n=100)[-1]


def main() -> int:
    """Measure, print the table, and return 1 if a p99 is above its aim."""
    parser = argparse.ArgumentParser("bench.beside", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    plan = Plan(2_000, 20) if parser.parse_args().quick else Plan()
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        phases = measure(plan, Path(name))
    _print(plan, phases)
    return 0 if all(phase.p99 <= MOST_MS for phase in phases) else 1


def measure(plan: Plan, folder: Path) -> list[Phase]:
    """Record under load, alone and beside each long write in turn; raise RuntimeError if an exchange is lost."""
    _fill(folder, plan.exchanges)
    store = str(store_file(folder))
    middle = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(FIRST + plan.exchanges // 2))
    writes = {
        "a promotion of all": (*UNDERSTUDY, "--store", store, "promote", "--date", "2026-01-01", "--to", "all"),
        "a prune of the older half": (*UNDERSTUDY, "--store", store, "store", "prune", "--older-than", middle),
        f"a bulk write of {plan.megabytes} MB": (
            *(sys.executable, "-m", "bench.load.bulk_write", store, str(plan.megabytes)),
        ),
    }
    with run_upstream(folder) as server, run_understudy(folder, server.url) as gateway:
        phases = [_measure_alone(folder, gateway)]
        phases += [_measure_beside(folder, gateway, name, command) for name, command in writes.items()]
    return phases


def _fill(folder: Path, number: int) -> None:
    store = open_or_upgrade_store(str(store_file(folder)))
    sessions = [store.sessions.create(name, None).id for name in SESSIONS]
    exchanges = make_exchanges(number, sessions)
    while batch := list(itertools.islice(exchanges, BATCH)):
        store.history.add(batch)
    store.close()


def _measure_alone(folder: Path, gateway: Program) -> Phase:
    end = time.monotonic() + ALONE_SECONDS
    return _measure(folder, gateway, "nothing else", lambda: time.monotonic() < end)


def _measure_beside(folder: Path, gateway: Program, name: str, command: tuple[str, ...]) -> Phase:
    with (folder / "write.log").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        phase = _measure(folder, gateway, name, lambda: process.poll() is None)
        if process.wait() != 0:
            raise RuntimeError(f"{name} failed: {(folder / 'write.log').read_text()[-500:]}")
    return phase


def _measure(folder: Path, gateway: Program, name: str, goes_on: Callable[[], bool]) -> Phase:
    begun, before = time.perf_counter(), _count_recorded(folder)
    durations = asyncio.run(measure_until(gateway.port, CONNECTIONS, goes_on))
    phase = Phase(name, time.perf_counter() - begun, [duration * MILLISECONDS for duration in durations])
    recorded = _count_recorded(folder) - before
    if recorded != len(durations):
        raise RuntimeError(f"beside {name} {len(durations)} responses were delivered, and {recorded} are in history")
    return phase


def _count_recorded(folder: Path) -> int:
    query = "select count(*) from exchanges join sessions on number = session_number where name = 'bench'"
    with closing(sqlite3.connect(store_file(folder))) as connection:
        return int(connection.execute(query).fetchone()[0])


def _print(plan: Plan, phases: list[Phase]) -> None:
    title = f"Recording on {CONNECTIONS} connections beside long writes, {plan.exchanges:,} exchanges in the store"
    table = Table(title=title, title_justify="left")
    for column in (
        "beside",
        "seconds",
        "recorded",
        "median ms",
        "p99 ms",
        "slowest ms",
        f"p99 within {MOST_MS:.0f} ms",
    ):
        table.add_column(column, justify="left" if column == "beside" else "right")
    for phase in phases:
        median, slowest = statistics.median(phase.latencies), max(phase.latencies)
        times = (f"{value:.1f}" for value in (median, phase.p99, slowest))
        met = "met" if phase.p99 <= MOST_MS else "NOT MET"
        table.add_row(phase.name, f"{phase.seconds:.1f}", f"{len(phase.latencies):,}", *times, met)
    console = Console(width=140)
    console.print(table)
    console.print(describe_machine(), highlight=False)


if __name__ == "__main__":
    sys.exit(main())
