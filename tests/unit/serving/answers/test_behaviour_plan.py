"""Simulated delays, throttled bodies and faults, drawn for each call."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from random import Random
from statistics import median

import pytest

from understudy.serving.answers.behaviour_plan import (
    STEP_SECONDS,
    Plan,
    apply_requested_delay,
    draw_delay,
    draw_plan,
    merge_behaviours,
    throttle_chunks,
)
from understudy.store.model.mock_servers import (
    LONGEST_DELAY,
    PLAIN,
    Behaviour,
    Delay,
    DelayKind,
    Fault,
    FaultKind,
    RateLimit,
)
from understudy.store.model.values import replace

EXAMPLE = Behaviour(Delay(1), 10, Fault(FaultKind.RESET), RateLimit(1), timing=0.0)
MOCK = Behaviour(Delay(2), 20, Fault(FaultKind.EMPTY), RateLimit(2), timing=2.0)


class Drawing(Random):
    """A Random that always draws this number from 0 to 1."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def random(self) -> float:
        return self.number


@pytest.mark.parametrize("name", [field.name for field in fields(Behaviour)])
def test_each_part_of_an_examples_behaviour_precedes_that_of_its_mock_server(name: str) -> None:
    own = getattr(EXAMPLE, name)
    behaviour = merge_behaviours(Behaviour(**{name: own}), MOCK)
    others = {field.name: getattr(MOCK, field.name) for field in fields(Behaviour) if field.name != name}
    assert behaviour == Behaviour(**others, **{name: own})


@pytest.mark.parametrize(
    ("example", "mock", "expected"),
    [(PLAIN, MOCK, MOCK), (Behaviour(), MOCK, MOCK), (EXAMPLE, PLAIN, EXAMPLE), (PLAIN, PLAIN, PLAIN)],
)
def test_a_plain_behaviour_leaves_the_other_as_it_is(example: Behaviour, mock: Behaviour, expected: Behaviour) -> None:
    assert merge_behaviours(example, mock) == expected


@pytest.mark.parametrize(("millis", "delay"), [(None, Delay(2)), (7, Delay(7))])
def test_the_delay_of_a_request_precedes_all_others(millis: int | None, delay: Delay) -> None:
    assert apply_requested_delay(MOCK, millis) == replace(MOCK, delay=delay)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (PLAIN, Plan()),
        (Behaviour(Delay(250)), Plan(delay=0.25)),
        (Behaviour(bytes_per_second=9), Plan(bytes_per_second=9)),
        (Behaviour(fault=Fault(FaultKind.CUT)), Plan(fault=FaultKind.CUT)),
        (Behaviour(rate_limit=RateLimit(0)), Plan()),
        (Behaviour(Delay(1), 9, Fault(FaultKind.RESET)), Plan(0.001, 9, FaultKind.RESET)),
    ],
)
def test_a_plan_is_in_seconds(behaviour: Behaviour, expected: Plan) -> None:
    assert draw_plan(behaviour, Random(1)) == expected


@pytest.mark.parametrize(
    ("percent", "number", "strikes"),
    [(25, 0.0, True), (25, 0.2499, True), (25, 0.25, False), (25, 0.99, False), (0.1, 0.0009, True), (100, 1.0, True)],
)
def test_a_fault_strikes_below_its_percentage(percent: float, number: float, strikes: bool) -> None:
    drawn_plan = draw_plan(Behaviour(fault=Fault(FaultKind.ERROR, percent)), Drawing(number))
    assert (drawn_plan.fault is FaultKind.ERROR) is strikes


UNIFORM = Delay(100, DelayKind.UNIFORM, most=300)
LOGNORMAL = Delay(100, DelayKind.LOGNORMAL, sigma=0.5)


@pytest.mark.parametrize(
    ("delay", "number", "expected"),
    [
        (Delay(100), 0.7, 100),
        (UNIFORM, 0.0, 100),
        (UNIFORM, 0.5, 200),
        (UNIFORM, 1.0, 300),
        (Delay(100, DelayKind.UNIFORM), 0.5, 100),
        (Delay(100, DelayKind.LOGNORMAL), 0.5, 100),
    ],
)
def test_a_delay_is_drawn_from_its_bounds(delay: Delay, number: float, expected: float) -> None:
    assert draw_delay(delay, Drawing(number)) == pytest.approx(expected)


def test_a_log_normal_delay_lies_about_its_median() -> None:
    """Two thirds of them within one standard deviation of the logarithm: 60.7 to 164.9."""
    chance = Random(7)
    delays = [draw_delay(LOGNORMAL, chance) for _ in range(5_000)]
    assert median(delays) == pytest.approx(100, rel=0.05)
    assert sum(60.7 <= delay <= 164.9 for delay in delays) / len(delays) == pytest.approx(0.683, abs=0.03)


def test_no_delay_is_longer_than_the_longest() -> None:
    wild, chance = Delay(LONGEST_DELAY, DelayKind.LOGNORMAL, sigma=3), Random(1)
    assert max(draw_delay(wild, chance) for _ in range(100)) == LONGEST_DELAY


@pytest.mark.parametrize(
    ("size", "rate", "sizes"),
    [(0, 100, []), (3, 1, [1, 1, 1]), (10, 100, [5, 5]), (11, 100, [5, 5, 1]), (10, 1_000_000, [10])],
)
def test_a_throttled_body_is_sent_in_pieces(size: int, rate: int, sizes: list[int]) -> None:
    assert [chunk.size for chunk in throttle_chunks(size, rate)] == sizes


@pytest.mark.parametrize("rate", [1, 7, 100, 12_345])
def test_a_throttled_body_takes_the_time_of_its_rate(rate: int) -> None:
    chunks = list(throttle_chunks(1_000, rate))
    assert chunks[-1].at == pytest.approx(1_000 / rate)
    waits = [later.at - before.at for before, later in pairwise(chunks)]
    assert max([chunks[0].at, *waits]) <= max(STEP_SECONDS, 1 / rate) + 1e-9
