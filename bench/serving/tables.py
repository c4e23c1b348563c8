"""The tables of a run, and the versions of all programs."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.peers.failures import read_version
from bench.peers.peer import Peer, output_of
from bench.serving.cases import Measured, Plan
from bench.serving.edits import Edits, median_longest, median_p99
from bench.serving.side_by_side import Measurement, Outcome, Results

MILLISECONDS = 1000
COLUMNS = ("server", "load", "requests/s", "p50 ms", "p99 ms", "CPU µs each", "memory MB", "start s")
PROGRAMS = (("Node", ["node", "--version"]), ("Java", ["java", "-version"]))


def show(console: Console, plan: Plan, measured: Measured) -> None:
    """Print a table for every case, the fastest server first."""
    for results in measured.cases.values():
        console.print(_table(results))
        for peer, outcome in results.of.items():
            if outcome.problem:
                console.print(f"{peer.name}: {outcome.problem}", highlight=False)
        console.print()
    if measured.edits:
        console.print(_edits(plan, measured.edits))
    console.print(
        f"{plan.rounds} rounds in turn, medians; wrk with one thread and 64 connections on the same machine, which "
        "uses up to one of its processors. HTTPS goes directly to the reverse listener of the gateway and of mitmdump, "
        "because wrk does not support CONNECT. Answers are 300 bytes of JSON, checked before the load.",
        highlight=False,
    )


def versions(available: Mapping[Peer, Path], missing: Mapping[Peer, str]) -> str:
    """Return the versions of all programs, and the peers that were not available."""
    known = {peer.name.partition(",")[0]: read_version(peer, place) for peer, place in available.items()}
    words = [f"{name} {version}" for name, version in known.items()]
    words += [f"{name} {_version(command)}" for name, command in PROGRAMS if shutil.which(command[0])]
    words += [f"wrk {_version(['wrk', '--version'])}", f"Python {platform.python_version()}"]
    words.append(f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}")
    absent = [f"Not measured: {peer.name}, {reason}." for peer, reason in missing.items()]
    return "\n".join([", ".join(words), *absent])


def _table(results: Results) -> Table:
    table = Table(title=results.case.title, title_justify="left", box=MARKDOWN)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in COLUMNS[:2] else "right")
    for question in results.case.questions:
        answered = [(peer, outcome) for peer, outcome in results.of.items() if question.name in outcome.measurements]
        for peer, outcome in sorted(answered, key=lambda one: -one[1].measurements[question.name].rate):
            table.add_row(peer.name, question.name, *_cells(outcome, outcome.measurements[question.name]))
    return table


def _cells(outcome: Outcome, measured: Measurement) -> tuple[str, ...]:
    cpu = "" if measured.cpu_each is None else f"{measured.cpu_each:,.0f}"
    return (
        f"{measured.rate:,.0f}",
        f"{measured.p50 * MILLISECONDS:,.2f}",
        f"{measured.p99 * MILLISECONDS:,.1f}",
        cpu,
        f"{outcome.resident:,.0f}" if outcome.resident is not None else "",
        f"{outcome.started:.2f}" if outcome.started is not None else "",
    )


def _edits(plan: Plan, all_edits: list[Edits]) -> Table:
    table = Table(title=f"An edit under load, {plan.many_kept:,} examples", title_justify="left", box=MARKDOWN)
    for column in ("load", "", "p99 ms", "longest ms", "served after the command's start", "return"):
        table.add_column(column, justify="left" if column in ("load", "") else "right")
    for edits in all_edits:
        rows = {"before": edits.before, "edit": edits.during, "a command that only reads": edits.beside_show}
        for name, loads in rows.items():
            waits = [f"{max(each):.3f} s" for each in (edits.after_start, edits.after_return)]
            tail, most = (f"{each(loads) * MILLISECONDS:.1f}" for each in (median_p99, median_longest))
            table.add_row(edits.load, name, tail, most, *(waits if loads is edits.during else ()))
    return table


def _version(command: list[str]) -> str:
    number = re.search(r"\d+(\.\d+)+", output_of(*command))
    return number[0] if number else "of unknown version"
