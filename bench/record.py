"""Recording: this gateway, `mitmdump -w`, and mock servers that record, under the same load.

python -m bench.record [--rounds N] [--seconds N] [--only PART] [--peers DIR] [--quick]
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.arguments import parse_arguments
from bench.load.clients import (
    download,
    load_for_seconds,
    measure_latencies,
    measure_latencies_under_load,
    send_requests,
)
from bench.programs import Program, find_program, run_mitmdump, run_understudy, run_upstream, store_file
from bench.recorders import MITMDUMP, OURS, Recorder, Start, find_recording_peers
from understudy.store.model.values import replace

LEAST_RATIO = 20.0
LEAST_PEER_RATIO = 2.0
MOST_GROWTH_MB = 10.0
MOST_MB = 200.0
AMONG = (8, 32)
MB = 1024 * 1024
MILLISECONDS = 1000.0
WARM_UP_REQUESTS = 200
# Memory is read after the garbage of the last batch was collected.
SETTLE_SECONDS = 1.0

MICROSECONDS = 1e6
PARTS = ("throughput", "latency", "memory", "download")

Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Plan:
    """The size of a run."""

    rounds: int = 3
    seconds: int = 10
    single: int = 2_000
    few: int = 1_000
    many: int = 100_000
    large: int = 2 * 1024 * MB
    parts: Sequence[str] = PARTS
    peers: Path | None = None


QUICK = Plan(rounds=1, seconds=2, single=300, few=500, many=3_000, large=64 * MB)


@dataclass
class Rates:
    """The results of a recorder in each round; `problem` is why it was left out of later rounds."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # seconds for each request
    resident: int = 0
    problem: str = ""

    @property
    def rate(self) -> float:
        return statistics.median(self.rates) if self.rates else 0.0


def main() -> int:
    """Measure, and print the table."""
    plan = _plan()
    if find_program("wrk") is None:
        print("This benchmark needs wrk: apt install wrk, or brew install wrk", file=sys.stderr)
        return 2
    if find_program("nginx") is None:
        print("nginx is not installed (apt install nginx): a bare asyncio server is the upstream", file=sys.stderr)
    peers, missing = find_recording_peers(plan.peers) if plan.peers else ([], {})
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        folder = Path(name)
        with run_upstream(folder) as server:
            rows = _measure(plan, folder, server, peers)
    _print(plan, rows, peers)
    for peer, reason in missing.items():
        print(f"Not measured: {peer}, {reason}.")
    return 0


def _measure(plan: Plan, folder: Path, server: Program, peers: Sequence[Recorder]) -> list[Row]:
    rows: list[Row] = []
    if "throughput" in plan.parts:
        rows += measure_throughput(plan, folder, server.url, peers)
    if "latency" in plan.parts:
        rows += [*measure_latency(plan, folder, server), *measure_latency_under_load(plan, folder, server)]
    if "memory" in plan.parts:
        rows += measure_memory(plan, folder, server.url)
    if "download" in plan.parts:
        rows += measure_download(plan, folder, server.url)
    return rows


def measure_throughput(plan: Plan, folder: Path, url: str, peers: Sequence[Recorder]) -> list[Row]:
    """Measure the requests per second of all recorders in turn; return the rows."""
    results = {recorder: Rates() for recorder in (OURS, MITMDUMP, *peers)}
    for _ in range(plan.rounds):
        for recorder, rates in results.items():
            if not rates.problem:
                _load(plan, folder, url, recorder, rates)
    rows = [_rate_row(recorder, rates) for recorder, rates in results.items()]
    rows.append(_ratio_row("ratio to mitmdump -w", results[OURS], results[MITMDUMP], LEAST_RATIO))
    best = max(
        (rates for recorder, rates in results.items() if recorder in peers), key=lambda one: one.rate, default=None
    )
    return (
        rows if best is None else [*rows, _ratio_row("ratio to the best peer", results[OURS], best, LEAST_PEER_RATIO)]
    )


def _load(plan: Plan, folder: Path, url: str, recorder: Recorder, rates: Rates) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        try:
            with recorder.start(place, url) as program:
                through = url if recorder.proxy else ""
                load_for_seconds(place, program.url, recorder.warm_up, through)
                cpu = program.cpu_seconds
                load = load_for_seconds(place, program.url, plan.seconds, through)
                rates.cpu.append((program.cpu_seconds - cpu) / load.requests)
                rates.resident = max(rates.resident, program.resident)
                if recorder is OURS:
                    _check_recorded(place, load.requests)
        except RuntimeError as problem:
            if recorder is OURS:
                raise
            rates.problem = str(problem)
            return
    rates.rates.append(load.rate)


def _rate_row(recorder: Recorder, rates: Rates) -> Row:
    name = f"requests per second, {recorder.name}"
    if not rates.rates:
        return (name, "failed", "", rates.problem[:80])
    spread = f"{min(rates.rates):,.0f} to {max(rates.rates):,.0f}"
    cpu = f"{statistics.median(rates.cpu) * MICROSECONDS:,.0f} µs of processors each, {rates.resident / MB:,.0f} MB"
    return (name, f"{rates.rate:,.0f}", spread, rates.problem[:80] or cpu)


def _ratio_row(name: str, ours: Rates, theirs: Rates, least: float) -> Row:
    ratio = ours.rate / theirs.rate if theirs.rate else float("inf")
    return (name, f"{ratio:.2f}", f"at least {least:.0f}", _met(ratio >= least))


def measure_latency(plan: Plan, folder: Path, server: Program) -> list[Row]:
    """Measure the latency that recording adds on one connection; return the rows."""
    direct: list[float] = []
    added: dict[str, list[float]] = {}
    starts: dict[str, Start] = {"understudy": run_understudy, "mitmdump -w": run_mitmdump}
    for name, start in starts.items():
        with tempfile.TemporaryDirectory(dir=folder) as place, start(Path(place), server.url) as program:
            measure_latencies(program.port, WARM_UP_REQUESTS)
            direct += measure_latencies(server.port, plan.single)
            added[name] = measure_latencies(program.port, plan.single)
    median, slow = _quantiles(direct)
    rows: list[Row] = [("direct call, median / p99", f"{median:.2f} / {slow:.2f} ms", "", "")]
    for name, durations in added.items():
        more_median, more_slow = (x - y for x, y in zip(_quantiles(durations), (median, slow), strict=True))
        rows.append((f"added by {name}, median / p99", f"{more_median:.2f} / {more_slow:.2f} ms", "", ""))
    return rows


def measure_memory(plan: Plan, folder: Path, url: str) -> list[Row]:
    """Measure resident memory after few and after many exchanges, and check that all of them are in the store."""
    with tempfile.TemporaryDirectory(dir=folder) as place, run_understudy(Path(place), url) as program:
        small = _resident_after(Path(place), program, plan.few)
        large = _resident_after(Path(place), program, plan.many - plan.few)
    growth = large - small
    return [
        (f"resident memory after {plan.few:,} exchanges", f"{small:.0f} MB", "", ""),
        (f"resident memory after {plan.many:,} exchanges", f"{large:.0f} MB", "", ""),
        ("growth", f"{growth:.1f} MB", f"within {MOST_GROWTH_MB:.0f} MB", _met(abs(growth) <= MOST_GROWTH_MB)),
    ]


def measure_latency_under_load(plan: Plan, folder: Path, server: Program) -> list[Row]:
    """Measure the latency that recording adds under load; return the rows."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=folder) as place, run_understudy(Path(place), server.url) as program:
        measure_latencies(program.port, WARM_UP_REQUESTS)
        for connections in AMONG:
            median, slow = _quantiles(measure_latencies_under_load(server.port, plan.single, connections))
            more_median, more_slow = _quantiles(measure_latencies_under_load(program.port, plan.single, connections))
            name = f"at {connections} connections, median / p99"
            rows.append((f"direct call {name}", f"{median:.2f} / {slow:.2f} ms", "", ""))
            value = f"{more_median - median:.2f} / {more_slow - slow:.2f} ms"
            rows.append((f"added by understudy {name}", value, "", ""))
    return rows


def measure_download(plan: Plan, folder: Path, url: str) -> list[Row]:
    """Measure the maximum of resident memory during a large download that is recorded; return the row."""
    if find_program("nginx") is None:
        return []
    folder.chmod(0o755)  # the workers of an nginx that root started run as the user nobody
    with (folder / "large.bin").open("wb") as file:
        file.truncate(plan.large)
    with tempfile.TemporaryDirectory(dir=folder) as place, run_understudy(Path(place), url) as program:
        most, came, looked = program.resident, 0, 0
        for size in download(program.port, "/large.bin"):
            came += size
            if came - looked > 16 * MB:
                most, looked = max(most, program.resident), came
        _check_recorded(Path(place), 1)
    if came < plan.large:
        raise RuntimeError(f"received {came} of {plan.large} bytes")
    name = f"most resident memory over a download of {plan.large // MB:,} MB"
    return [(name, f"{most / MB:.0f} MB", f"under {MOST_MB:.0f} MB", _met(most / MB < MOST_MB))]


def _resident_after(place: Path, program: Program, number: int) -> float:
    before = _count_exchanges(place)
    send_requests(program.port, number)
    _check_recorded(place, before + number)
    time.sleep(SETTLE_SECONDS)
    return program.resident / MB


def _check_recorded(place: Path, delivered: int) -> None:
    recorded = _count_exchanges(place)
    if recorded < delivered:
        raise RuntimeError(f"{delivered} responses were delivered, but only {recorded} are in history")


def _count_exchanges(place: Path) -> int:
    connection = sqlite3.connect(store_file(place))
    try:
        return int(connection.execute("select count(*) from exchanges").fetchone()[0])
    finally:
        connection.close()


def _quantiles(durations: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile, in milliseconds."""
    return statistics.median(durations) * MILLISECONDS, statistics.quantiles(durations, n=100)[-1] * MILLISECONDS


def _met(holds: bool) -> str:
    return "met" if holds else "NOT MET"


def _print(plan: Plan, rows: list[Row], peers: Sequence[Recorder]) -> None:
    table = Table(title="Recording 1 KB JSON answers of unique URLs, 32 connections", title_justify="left")
    for column in ("measured", "value", "range or aim", ""):
        table.add_column(column, justify="right" if column == "value" else "left")
    for row in rows:
        table.add_row(*row)
    console = Console(width=140)
    console.print(table)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    console.print(f"{plan.rounds} rounds of {plan.seconds} s in turn, medians; {plan.single:,} single requests")
    console.print(f"load average at the end: {load}", highlight=False)
    console.print(", ".join(_versions(peers)), highlight=False)


def _versions(peers: Sequence[Recorder]) -> list[str]:
    nginx = _said([find_program("nginx") or "nginx", "-v"]).rpartition("/")[2] if find_program("nginx") else ""
    return [
        f"understudy {version('understudy')}",
        f"mitmproxy {version('mitmproxy')}",
        *(f"{peer.name} {peer.version}" for peer in peers),
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"nginx {nginx}" if nginx else "asyncio upstream",
        f"wrk {_said([shutil.which('wrk') or 'wrk', '--version']).split()[1]}",
        f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}",
    ]


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # wrk --version exits with 1
    return (done.stdout + done.stderr).strip()


def _plan() -> Plan:
    options = parse_arguments("bench.record", __doc__, PARTS)
    plan = QUICK if options.quick else Plan(peers=options.peers)
    return replace(
        plan,
        rounds=options.rounds or plan.rounds,
        seconds=options.seconds or plan.seconds,
        parts=options.only or plan.parts,
    )


if __name__ == "__main__":
    sys.exit(main())
