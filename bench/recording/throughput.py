"""The requests per second of all recorders in turn, and the ratios between them."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.aims import compute_ratio
from bench.load.clients import load_for_seconds
from bench.peers.failures import FAILURES
from bench.recording.plan import MB, Row, Run, say_met
from bench.recording.recorders import MITMDUMP, OURS, Recorder
from bench.recording.stored import check_recorded

LEAST_RATIO = 12.0
LEAST_PEER_RATIO = 2.0
MICROSECONDS = 1e6


@dataclass(frozen=True)
class Round:
    """The result of a recorder in one round: requests per second, processor seconds of each, and bytes of memory."""

    rate: float
    cpu: float
    resident: int


@dataclass
class Rates:
    """The results of a recorder in all rounds."""

    rounds: list[Round] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(one.rate for one in self.rounds)


def measure_throughput(run: Run) -> list[Row]:
    """Measure all recorders in turn; return the rows."""
    return make_rows(measure_in_turn(run, (OURS, MITMDUMP, *run.peers), partial(_load, run)))


def measure_in_turn(
    run: Run, recorders: Iterable[Recorder], measure: Callable[[Recorder], Round]
) -> dict[Recorder, Rates]:
    """Measure each recorder once in each round; a peer that fails in one round is left out of the results."""
    results = {recorder: Rates() for recorder in recorders}
    for _ in range(run.plan.rounds):
        for recorder, rates in list(results.items()):
            try:
                rates.rounds.append(run.rounds.run(partial(measure, recorder)))
            except FAILURES as problem:
                run.leave_out(recorder, problem)
                del results[recorder]
    return results


def make_rows(results: Mapping[Recorder, Rates]) -> list[Row]:
    """Return a row for each recorder, and those of the ratios; peers that failed are not among the results."""
    rates = {recorder: result.rate for recorder, result in results.items()}
    best = max((rate for recorder, rate in rates.items() if recorder not in (OURS, MITMDUMP)), default=None)
    return [
        *(_make_rate_row(recorder, result) for recorder, result in results.items()),
        _make_ratio_row("ratio to mitmdump -w", compute_ratio(rates[OURS], rates.get(MITMDUMP)), LEAST_RATIO),
        _make_ratio_row("ratio to the best peer", compute_ratio(rates[OURS], best), LEAST_PEER_RATIO),
    ]


def _load(run: Run, recorder: Recorder) -> Round:
    with tempfile.TemporaryDirectory(dir=run.folder, ignore_cleanup_errors=True) as name:
        place, through = Path(name), run.server.url if recorder.proxy else ""
        with recorder.start(place, run.server.url) as program:
            load_for_seconds(place, program.url, recorder.warm_up, through)
            cpu = program.cpu_seconds
            load = load_for_seconds(place, program.url, run.plan.seconds, through)
            result = Round(load.rate, (program.cpu_seconds - cpu) / load.requests, program.resident)
            if recorder.ours:
                check_recorded(place, load.requests)
    return result


def _make_rate_row(recorder: Recorder, rates: Rates) -> Row:
    each = [one.rate for one in rates.rounds]
    cpu = statistics.median(one.cpu for one in rates.rounds) * MICROSECONDS
    resident = max(one.resident for one in rates.rounds) / MB
    spread = f"{min(each):,.0f} to {max(each):,.0f}"
    name = f"requests per second, {recorder.name}"
    return (name, f"{rates.rate:,.0f}", spread, f"{cpu:,.0f} µs of processors each, {resident:,.0f} MB")


def _make_ratio_row(name: str, ratio: float | None, least: float) -> Row:
    if ratio is None:
        return (name, "not measured", f"at least {least:.0f}", "")
    return (name, f"{ratio:.2f}", f"at least {least:.0f}", say_met(ratio >= least))
