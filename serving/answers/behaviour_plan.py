"""The simulated delay, bandwidth and fault of one answer, drawn from a behaviour."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from understudy.store.model.messages import Chunk
from understudy.store.model.mock_servers import LONGEST_DELAY, PLAIN, Behaviour, Delay, DelayKind, FaultKind
from understudy.store.model.values import replace

STEP_SECONDS = 0.05  # between the pieces of a throttled body
MILLISECOND = 0.001


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan for one answer: seconds before it begins, bytes per second of its body (None: no limit), and a fault."""

    delay: float = 0.0
    bytes_per_second: int | None = None
    fault: FaultKind | None = None


EMPTY_PLAN = Plan()


def merge_behaviours(example: Behaviour, mock: Behaviour) -> Behaviour:
    """Return the behaviour of an example, each missing part taken from its mock server."""
    if example is PLAIN or example == PLAIN:
        return mock
    return Behaviour(
        delay=example.delay or mock.delay,
        bytes_per_second=example.bytes_per_second or mock.bytes_per_second,
        fault=example.fault or mock.fault,
        rate_limit=example.rate_limit or mock.rate_limit,
        timing=mock.timing if example.timing is None else example.timing,
    )


def apply_requested_delay(behaviour: Behaviour, milliseconds: int | None) -> Behaviour:
    """Return the behaviour with the delay of the request's `x-mock-response-delay`, if it has one."""
    return behaviour if milliseconds is None else replace(behaviour, delay=Delay(milliseconds))


def draw_plan(behaviour: Behaviour, random: Random) -> Plan:
    """Draw the plan for one answer."""
    delay = behaviour.delay
    fault = behaviour.fault
    is_faulty = fault is not None and (fault.percent >= 100 or random.random() * 100 < fault.percent)
    return Plan(
        0.0 if delay is None else draw_delay(delay, random) * MILLISECOND,
        behaviour.bytes_per_second,
        fault.kind if fault is not None and is_faulty else None,
    )


def draw_delay(delay: Delay, random: Random) -> float:
    """Draw the milliseconds of one delay; never more than the longest one."""
    match delay.kind:
        case DelayKind.FIXED:
            return float(delay.millis)
        case DelayKind.UNIFORM:
            return random.uniform(delay.millis, delay.most or delay.millis)
        case DelayKind.LOGNORMAL:
            return min(random.lognormvariate(math.log(delay.millis), delay.sigma or 0.0), float(LONGEST_DELAY))


def throttle_chunks(size: int, bytes_per_second: int) -> Iterator[Chunk]:
    """Yield the chunks of a body of this size that is sent at this rate."""
    step = max(1, int(bytes_per_second * STEP_SECONDS))
    for start in range(0, size, step):
        end = min(start + step, size)
        yield Chunk(end / bytes_per_second, end - start)
