"""Serving: this mock server and gateway, the mock servers of package registries, and nginx under the same load.

python -m bench.serve [--rounds N] [--seconds N] [--only PART] [--peers DIR] [--quick]
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console

from bench.aims import make_table
from bench.arguments import parse_arguments
from bench.peers.table import OTHERS, OURS, find_peers
from bench.programs import find_program
from bench.quiet import QuietRounds
from bench.serving import tables
from bench.serving.aims import list_aims
from bench.serving.cases import PARTS, QUICK, Plan, measure_cases
from understudy.store.model.values import replace


def main() -> int:
    """Measure, print the tables, and return 1 if an aim is missed."""
    options = parse_arguments("bench.serve", __doc__, PARTS)
    plan = _plan(options)
    if find_program("wrk") is None:
        print("This benchmark needs wrk: apt install wrk, or brew install wrk", file=sys.stderr)
        return 2
    begun = time.monotonic()

    def report(what: str) -> None:
        print(f"{time.monotonic() - begun:5.0f} s  {what}", file=sys.stderr, flush=True)

    available, missing = find_peers([*OURS, *(OTHERS if plan.others else ())], options.peers, report)
    quiet = QuietRounds()
    measured = measure_cases(plan, available, options.only or PARTS, quiet, report)
    report("done")
    aims = list_aims(plan, measured)
    console = Console(width=130)
    tables.show(console, plan, measured)
    console.print(tables.versions(available, missing), highlight=False)
    console.print(quiet.note, highlight=False)
    console.print(make_table(aims))
    return 0 if options.quick or all(aim.met for aim in aims) else 1


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else Plan()
    seconds = options.seconds or plan.seconds
    return replace(
        plan,
        rounds=options.rounds or plan.rounds,
        seconds=seconds,
        body_seconds=max(seconds, plan.body_seconds),
    )


if __name__ == "__main__":
    sys.exit(main())
