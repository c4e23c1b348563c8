from __future__ import annotations

import http.client
import subprocess
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from bench.peers.peer import Missing
from bench.quiet import QuietRounds, Usage
from bench.recording.plan import Plan, Run
from bench.recording.recorders import MITMDUMP, OURS, Recorder
from bench.recording.throughput import Rates, Round, make_rows, measure_in_turn

FAST, SLOW = Recorder("fast", OURS.start), Recorder("slow", OURS.start)


def make_run(rounds: int = 3) -> Run:
    quiet = QuietRounds(lambda: Usage(0.0, 0.0, 0.0), processors=1)
    return Run(Plan(rounds=rounds), Path(), cast("Any", None), [FAST, SLOW], quiet)


def rates(*each: float) -> Rates:
    return Rates([Round(rate, 0.001, 100 * 1024 * 1024) for rate in each])


@pytest.mark.parametrize(
    "problem",
    [
        OSError("no route"),
        TimeoutError("timed out"),
        http.client.BadStatusLine("nonsense"),
        RuntimeError("12 requests failed"),
        ValueError("not JSON"),
        IndexError("wrk printed nothing"),
        subprocess.TimeoutExpired("wrk", 70),
        psutil.NoSuchProcess(1),
        Missing("the package contains no jar"),
    ],
)
def test_a_peer_that_fails_in_a_later_round_is_left_out_with_its_reason(problem: Exception) -> None:
    run, measured = make_run(), list[str]()

    def measure(recorder: Recorder) -> Round:
        measured.append(recorder.name)
        if recorder is SLOW and measured.count("slow") == 2:
            raise problem
        return Round(100.0, 0.001, 1)

    results = measure_in_turn(run, (OURS, FAST, SLOW), measure)
    assert list(results) == [OURS, FAST]
    assert (measured.count("understudy"), measured.count("fast"), measured.count("slow")) == (3, 3, 2)
    assert list(run.left_out) == ["slow"]
    assert str(problem).split()[0].strip("'") in run.left_out["slow"]


def test_a_failure_of_our_own_program_is_an_error() -> None:
    def measure(_: Recorder) -> Round:
        raise RuntimeError("only 5 are in history")

    with pytest.raises(RuntimeError, match="only 5"):
        measure_in_turn(make_run(), (OURS, FAST), measure)


def test_ratios_are_those_of_the_medians() -> None:
    rows = make_rows({OURS: rates(2_400, 100, 9_000), MITMDUMP: rates(200), FAST: rates(1_000), SLOW: rates(10)})
    assert rows[0][:3] == ("requests per second, understudy", "2,400", "100 to 9,000")
    assert rows[-2:] == [
        ("ratio to mitmdump -w", "12.00", "at least 12", "met"),
        ("ratio to the best peer", "2.40", "at least 2", "met"),
    ]


def test_an_aim_that_is_missed_is_named() -> None:
    rows = make_rows({OURS: rates(1_100), MITMDUMP: rates(100), FAST: rates(1_000)})
    assert [row[3] for row in rows[-2:]] == ["NOT MET", "NOT MET"]


def test_there_is_no_ratio_to_what_was_left_out() -> None:
    rows = make_rows({OURS: rates(1_100)})
    assert [row[1] for row in rows[-2:]] == ["not measured", "not measured"]
