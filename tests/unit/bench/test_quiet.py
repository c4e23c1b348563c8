from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from bench.quiet import QuietRounds, Usage, compute_others_share

START = Usage(100.0, 1_000.0, 10.0)


def rounds_with(shares: Sequence[float]) -> QuietRounds:
    """Rounds of ten seconds on two processors, in each of which other programs use this share of them."""
    return QuietRounds(_make_reader(shares), processors=2)


def _make_reader(shares: Sequence[float]) -> Callable[[], Usage]:
    readings = iter([each for share in shares for each in (START, Usage(110.0, 1_005.0 + 20 * share, 15.0))])
    return lambda: next(readings)


@pytest.mark.parametrize(
    ("machine", "own", "share"),
    [
        (10.0, 10.0, 0.0),  # only the benchmark ran
        (11.0, 10.0, 0.05),
        (20.0, 10.0, 0.5),
        (10.0, 10.5, 0.0),  # readings are rounded
    ],
)
def test_what_the_benchmark_did_not_use_was_used_by_others(machine: float, own: float, share: float) -> None:
    after = Usage(START.at + 10, START.machine + machine, START.own + own)
    assert compute_others_share(START, after, processors=2) == pytest.approx(share)


def test_a_very_short_round_is_kept_and_counted() -> None:
    after = Usage(START.at + 0.1, START.machine + 0.1, START.own)
    assert compute_others_share(START, after, processors=1) is None
    readings = iter([START, after])
    rounds = QuietRounds(lambda: next(readings), processors=1)
    assert rounds.run(lambda: "only") == "only"
    assert rounds.short == 1
    assert rounds.note.endswith("Rounds too short to find out: 1.")


def test_a_quiet_round_is_measured_once() -> None:
    rounds = rounds_with([0.05])
    results = iter(["first", "second"])
    assert rounds.run(lambda: next(results)) == "first"
    assert (rounds.repeated, rounds.disturbed) == (0, [])
    assert rounds.note == "Other programs used over 5% of the processors in no round."


def test_a_disturbed_round_is_repeated_until_it_is_quiet() -> None:
    rounds = rounds_with([0.2, 0.06, 0.01])
    results = iter(["first", "second", "third"])
    assert rounds.run(lambda: next(results)) == "third"
    assert (rounds.repeated, rounds.disturbed) == (2, [])
    assert "2 repetitions" in rounds.note
    assert "all rounds that count were quiet" in rounds.note


def test_a_round_is_repeated_three_times_at_most_and_then_kept_with_a_note() -> None:
    rounds = rounds_with([0.2, 0.3, 0.4, 0.25])
    results = iter(range(1, 9))
    assert rounds.run(lambda: next(results)) == 4
    assert rounds.repeated == 3
    assert rounds.disturbed == pytest.approx([0.25])
    assert "1 disturbed round had to be kept (up to 25%)" in rounds.note


def test_each_round_has_repetitions_of_its_own() -> None:
    rounds = rounds_with([0.2, 0.3, 0.4, 0.25, 0.1, 0.0])
    results = iter(range(1, 9))
    assert [rounds.run(lambda: next(results)), rounds.run(lambda: next(results))] == [4, 6]


def test_a_benchmark_without_rounds_says_nothing_about_other_programs() -> None:
    assert rounds_with([]).note == "Nothing was measured in rounds."
