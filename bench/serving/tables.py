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

from bench.peers.peer import Peer, said
from bench.serving.cases import Measured, Plan
from bench.serving.edits import Edits, longest, p99
from bench.serving.side_by_side import Asked, Outcome, Results

MILLISECONDS = 1000
COLUMNS = ("server", "asked", "requests/s", "p50 ms", "p99 ms", "CPU µs each", "memory MB", "start s")
PROGRAMS = (("Node", ["node", "--version"]), ("Java", ["java", "-version"]))


def show(console: Console, plan: Plan, seen: Measured) -> None:
    """Print a table for every case, the fastest server first."""
    for results in seen.cases.values():
        console.print(_table(results))
        for peer, outcome in results.of.items():
            if outcome.problem:
                console.print(f"{peer.name}: {outcome.problem}", highlight=False)
        console.print()
    if seen.edits:
        console.print(_edits(plan, seen.edits))
    console.print(
        f"{plan.rounds} rounds in turn, medians; wrk with one thread and 64 connections on the same machine, which "
        "uses up to one of its processors. HTTPS goes directly to the gateway's and mitmdump's reverse listener, because "
        "wrk does not support CONNECT. Answers are 300 bytes of JSON, checked before the load.",
        highlight=False,
    )


def versions(found: Mapping[Peer, Path], missing: Mapping[Peer, str]) -> str:
    """Return the versions of all programs, and the peers that were not available."""
    known = {peer.name.partition(",")[0]: peer.version(place) for peer, place in found.items()}
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
        answered = [(peer, outcome) for peer, outcome in results.of.items() if question.name in outcome.asked]
        for peer, outcome in sorted(answered, key=lambda one: -one[1].asked[question.name].rate):
            table.add_row(peer.name, question.name, *_cells(outcome, outcome.asked[question.name]))
    return table


def _cells(outcome: Outcome, asked: Asked) -> tuple[str, ...]:
    cpu = "" if asked.cpu_each is None else f"{asked.cpu_each:,.0f}"
    return (
        f"{asked.rate:,.0f}",
        f"{asked.p50 * MILLISECONDS:,.2f}",
        f"{asked.p99 * MILLISECONDS:,.1f}",
        cpu,
        f"{outcome.resident:,.0f}" if outcome.resident is not None else "",
        f"{outcome.started:.2f}" if outcome.started is not None else "",
    )


def _edits(plan: Plan, seen: list[Edits]) -> Table:
    table = Table(title=f"An edit under load, {plan.many_kept:,} examples", title_justify="left", box=MARKDOWN)
    for column in ("load", "", "p99 ms", "longest ms", "served after the command's start", "return"):
        table.add_column(column, justify="left" if column in ("load", "") else "right")
    for edits in seen:
        rows = {"before": edits.before, "edit": edits.during, "a command that only reads": edits.beside_show}
        for name, loads in rows.items():
            waits = [f"{max(each):.3f} s" for each in (edits.after_start, edits.after_return)]
            tail, most = (f"{each(loads) * MILLISECONDS:.1f}" for each in (p99, longest))
            table.add_row(edits.asked, name, tail, most, *(waits if loads is edits.during else ()))
    return table


def _version(command: list[str]) -> str:
    found = re.search(r"\d+(\.\d+)+", said(*command))
    return found[0] if found else "of unknown version"
