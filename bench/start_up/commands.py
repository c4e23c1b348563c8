"""Start-up: how long each command that only reads takes, against a Python that does nothing.

python -m bench.start_up.commands [--quick]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.aims import Aim, make_table

RUN = "from understudy.proxy.console import main; main()"
MOST_SECONDS, MOST_HELP_SECONDS = 0.25, 0.2
MAKE = ["mocks", "create", "shop", "--request", "GET /users/1 200 Ada"]
COMMANDS = (
    ["--help"],
    ["--version"],
    ["sessions", "list"],
    ["history", "list"],
    ["collections", "list"],
    ["examples", "list", "shop"],
    ["examples", "show", "GET /users/1 - 200"],
    ["environments", "list"],
    ["mocks", "list"],
    ["mocks", "show", "shop"],
    ["mocks", "logs", "shop"],
    ["keys", "list"],
    ["mode"],
    ["redaction", "list"],
    ["store", "info"],
    ["match", "GET", "/users/1", "--mock", "shop"],
)


@dataclass(frozen=True)
class Duration:
    """The shortest of some runs, in seconds, by the clock and of the processor."""

    wall: float
    processor: float


def main() -> int:
    """Measure, print the table, and fail if a command takes longer than the aim."""
    parser = argparse.ArgumentParser(prog="python -m bench.start_up.commands", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    rounds = 1 if parser.parse_args().quick else 10
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "understudy.db")
        measure([sys.executable, "-c", RUN, *MAKE], store, 1)
        nothing = measure([sys.executable, "-c", "pass"], store, rounds)
        measured = {" ".join(each): measure([sys.executable, "-c", RUN, *each], store, rounds) for each in COMMANDS}
        toolkit = measure([sys.executable, "-c", "import sqlalchemy.orm, sqlalchemy.dialects.sqlite"], store, rounds)
    measured["(import sqlalchemy.orm)"] = toolkit
    console = Console(width=120)
    table = Table(title=f"Start-up: the shortest of {rounds} runs", title_justify="left", box=MARKDOWN)
    for column in ("understudy ...", "seconds", "of the processor", "times python -c pass"):
        table.add_column(column, justify="left" if column == "understudy ..." else "right")
    for name, took in measured.items():
        ratio = took.processor / nothing.processor
        table.add_row(name, f"{took.wall:.2f}", f"{took.processor:.2f}", f"{ratio:.0f}")
    console.print(table)
    slowest = max(measured[" ".join(each)].wall for each in COMMANDS[2:])
    aims = [
        Aim("--help, seconds", measured["--help"].wall, MOST_HELP_SECONDS, least=False),
        Aim("the slowest command that reads, seconds", slowest, MOST_SECONDS, least=False),
    ]
    console.print(make_table(aims))
    return 0 if all(aim.met for aim in aims) else 1


def measure(command: list[str], store: str, rounds: int) -> Duration:
    """Return the shortest durations of some runs of a command, which has to succeed."""
    environment = os.environ | {"UNDERSTUDY_STORE": store}
    walls, processors = [], []
    for _ in range(rounds):
        before, begun = os.times(), time.perf_counter()
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
        walls.append(time.perf_counter() - begun)
        after = os.times()
        processors.append(
            after.children_user + after.children_system - before.children_user - before.children_system or 0.01
        )
    return Duration(min(walls), min(processors))


if __name__ == "__main__":
    sys.exit(main())
