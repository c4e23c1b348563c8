"""Serving: this mock server and gateway, the mock servers of package registries, and nginx under the same load.

python -m bench.serve [--rounds N] [--seconds N] [--only PART] [--peers DIR] [--quick]
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console

from bench.aims import table_of
from bench.arguments import arguments
from bench.peers.table import OTHERS, OURS, had
from bench.programs import installed
from bench.serving import tables
from bench.serving.aims import aims_of
from bench.serving.cases import PARTS, QUICK, Plan, measured
from understudy.store.model.values import replace


def main() -> int:
    """Measure, print the tables, and return 1 if an aim is missed."""
    given = arguments("bench.serve", __doc__, PARTS)
    plan = _plan(given)
    if installed("wrk") is None:
        print("This benchmark needs wrk: apt install wrk, or brew install wrk", file=sys.stderr)
        return 2
    begun = time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - begun:5.0f} s  {what}", file=sys.stderr, flush=True)

    found, missing = had([*OURS, *(OTHERS if plan.others else ())], given.peers, tell)
    seen = measured(plan, found, given.only or PARTS, tell)
    tell("done")
    aims = aims_of(plan, seen)
    console = Console(width=130)
    tables.show(console, plan, seen)
    console.print(tables.versions(found, missing), highlight=False)
    console.print(table_of(aims))
    return 0 if given.quick or all(aim.met for aim in aims) else 1


def _plan(given: argparse.Namespace) -> Plan:
    plan = QUICK if given.quick else Plan()
    seconds = given.seconds or plan.seconds
    return replace(
        plan,
        rounds=given.rounds or plan.rounds,
        seconds=seconds,
        body_seconds=max(seconds, plan.body_seconds),
    )


if __name__ == "__main__":
    sys.exit(main())
