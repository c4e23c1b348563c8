"""The options of the benchmarks that compare with peers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import platformdirs


def parse_arguments(bench: str, doc: str | None, parts: Sequence[str]) -> argparse.Namespace:
    """Parse the options of `python -m <bench>`; `parts` are the values of --only."""
    parser = argparse.ArgumentParser(prog=f"python -m {bench}", description=doc)
    parser.add_argument("--rounds", type=int, help="rounds of each load")
    parser.add_argument("--seconds", type=int, help="seconds of each load")
    parser.add_argument("--only", action="append", choices=parts, help="only this part; may be given several times")
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="DIR",
        default=platformdirs.user_cache_path("understudy") / "bench-peers",
        help="the folder for installed peers [%(default)s]",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a small run without peers, to check that the benchmark works"
    )
    return parser.parse_args()
