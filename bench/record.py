"""Recording: this gateway, `mitmdump -w`, and mock servers that record, under the same load.

python -m bench.record [--rounds N] [--seconds N] [--only PART] [--peers DIR] [--quick]
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.arguments import parse_arguments
from bench.programs import find_program, run_upstream
from bench.recording.latency import measure_latency
from bench.recording.memory import measure_download, measure_memory
from bench.recording.plan import (
    DOWNLOAD,
    LATENCY,
    MEMORY,
    PARTS,
    QUICK,
    SIZE,
    THROUGHPUT,
    WEBSOCKETS,
    Plan,
    Row,
    Run,
)
from bench.recording.recorders import find_recording_peers
from bench.recording.size import measure_sizes
from bench.recording.throughput import measure_throughput
from bench.recording.websockets import measure_websockets
from understudy.store.model.values import replace

MEASUREMENTS: Mapping[str, Callable[[Run], list[Row]]] = {
    THROUGHPUT: measure_throughput,
    LATENCY: measure_latency,
    MEMORY: measure_memory,
    DOWNLOAD: measure_download,
    SIZE: measure_sizes,
    WEBSOCKETS: measure_websockets,
}


def main() -> int:
    """Measure, and print the table."""
    plan = _plan()
    if find_program("wrk") is None:
        print("This benchmark needs wrk: apt install wrk, or brew install wrk", file=sys.stderr)
        return 2
    if find_program("nginx") is None:
        print("nginx is not installed (apt install nginx): a bare asyncio server is the upstream", file=sys.stderr)
    peers, missing = find_recording_peers(plan.peers) if plan.peers else ([], {})
    with tempfile.TemporaryDirectory(prefix="understudy-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with run_upstream(folder) as server:
            run = Run(plan, folder, server, peers, left_out=missing)
            rows = [row for part in MEASUREMENTS if part in plan.parts for row in MEASUREMENTS[part](run)]
    _print(run, rows)
    return 0


def _print(run: Run, rows: list[Row]) -> None:
    plan = run.plan
    table = Table(title="Recording 1 KB JSON answers of unique URLs, 32 connections", title_justify="left")
    for column in ("measured", "value", "range or aim", ""):
        table.add_column(column, justify="right" if column == "value" else "left")
    for row in rows:
        table.add_row(*row)
    console = Console(width=160)
    console.print(table)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    console.print(f"{plan.rounds} rounds of {plan.seconds} s in turn, medians; {plan.single:,} single requests")
    console.print(f"{run.rounds.note} Load average at the end: {load}", highlight=False)
    console.print(", ".join(_versions(run)), highlight=False)
    for peer, reason in run.left_out.items():
        console.print(f"Not measured: {peer}: {reason}", highlight=False, markup=False)


def _versions(run: Run) -> list[str]:
    nginx = _said([find_program("nginx") or "nginx", "-v"]).rpartition("/")[2] if find_program("nginx") else ""
    return [
        f"understudy {version('understudy')}",
        f"mitmproxy {version('mitmproxy')}",
        *(f"{peer.name} {peer.version}" for peer in run.peers),
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
