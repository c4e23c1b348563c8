"""The latency that recording adds: on one connection, and under load."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.load.clients import CONNECTIONS, Load, load_for_seconds, measure_latencies, measure_latencies_under_load
from bench.peers.failures import FAILURES
from bench.recording.plan import Row, Run, say_met
from bench.recording.recorders import MITMDUMP, OURS, Recorder
from bench.recording.stored import check_recorded

AMONG = (8, 32)
MOST_MEDIANS = 3.0
MILLISECONDS = 1000.0
WARM_UP_REQUESTS = 200

Durations = tuple[list[float], list[float]]
"""The seconds of direct calls, and of those through a recorder."""


def measure_latency(run: Run) -> list[Row]:
    """Measure the latency on one connection and under load; return the rows."""
    return [*_measure_alone(run), *_measure_added_under_load(run), *measure_tail(run)]


def measure_tail(run: Run) -> list[Row]:
    """Measure the latency of calls through the gateway with wrk, each round with a new store; return the rows."""
    return make_tail_rows([run.rounds.run(partial(_load, run)) for _ in range(run.plan.rounds)])


def make_tail_rows(loads: Sequence[Load]) -> list[Row]:
    """Return the rows of the median and the 99th percentile under load, of the medians of all rounds."""
    median, slow = (statistics.median(values) for values in zip(*((load.p50, load.p99) for load in loads), strict=True))
    ratio = slow / median
    value = f"{median * MILLISECONDS:.2f} / {slow * MILLISECONDS:.2f} ms"
    return [
        (f"call through understudy, wrk with {CONNECTIONS} connections, median / p99", value, "", ""),
        (
            f"p99 divided by the median, {CONNECTIONS} connections",
            f"{ratio:.2f}",
            f"at most {MOST_MEDIANS:.0f}",
            say_met(ratio <= MOST_MEDIANS),
        ),
    ]


def _load(run: Run) -> Load:
    with tempfile.TemporaryDirectory(dir=run.folder) as name, OURS.start(Path(name), run.server.url) as program:
        load_for_seconds(Path(name), program.url, OURS.warm_up)
        load = load_for_seconds(Path(name), program.url, run.plan.seconds)
        check_recorded(Path(name), load.requests)
    return load


def _measure_alone(run: Run) -> list[Row]:
    direct: list[float] = []
    added: dict[str, list[float]] = {}
    for recorder in (OURS, MITMDUMP):
        if recorder.name in run.left_out:
            continue
        try:
            durations = run.rounds.run(partial(_call_alone, run, recorder))
        except FAILURES as problem:
            run.leave_out(recorder, problem)
        else:
            direct += durations[0]
            added[recorder.name] = durations[1]
    median, slow = _compute_quantiles(direct)
    rows: list[Row] = [("direct call, median / p99", f"{median:.2f} / {slow:.2f} ms", "", "")]
    for name, each in added.items():
        more_median, more_slow = (x - y for x, y in zip(_compute_quantiles(each), (median, slow), strict=True))
        rows.append((f"added by {name}, median / p99", f"{more_median:.2f} / {more_slow:.2f} ms", "", ""))
    return rows


def _call_alone(run: Run, recorder: Recorder) -> Durations:
    with (
        tempfile.TemporaryDirectory(dir=run.folder, ignore_cleanup_errors=True) as place,
        recorder.start(Path(place), run.server.url) as program,
    ):
        measure_latencies(program.port, WARM_UP_REQUESTS)
        direct = measure_latencies(run.server.port, run.plan.single)
        return direct, measure_latencies(program.port, run.plan.single)


def _measure_added_under_load(run: Run) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=run.folder) as place, OURS.start(Path(place), run.server.url) as program:
        measure_latencies(program.port, WARM_UP_REQUESTS)
        for connections in AMONG:
            direct, through = run.rounds.run(partial(_call_under_load, run, program.port, connections))
            median, slow = _compute_quantiles(direct)
            more_median, more_slow = _compute_quantiles(through)
            name = f"at {connections} connections, median / p99"
            rows.append((f"direct call {name}", f"{median:.2f} / {slow:.2f} ms", "", ""))
            value = f"{more_median - median:.2f} / {more_slow - slow:.2f} ms"
            rows.append((f"added by understudy {name}", value, "", ""))
    return rows


def _call_under_load(run: Run, port: int, connections: int) -> Durations:
    direct = measure_latencies_under_load(run.server.port, run.plan.single, connections)
    return direct, measure_latencies_under_load(port, run.plan.single, connections)


def _compute_quantiles(durations: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile, in milliseconds."""
    return statistics.median(durations) * MILLISECONDS, statistics.quantiles(durations, n=100)[-1] * MILLISECONDS
