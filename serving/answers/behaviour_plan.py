"""What is done to one answer on purpose: how long it is held up, how slowly it is sent, and how it is broken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from understudy.store.model.messages import Chunk
from understudy.store.model.mock_servers import LONGEST_DELAY, PLAIN, Behaviour, Delay, DelayKind, FaultKind

STEP_SECONDS = 0.05  # a slow body is sent in pieces, so far apart
MILLISECOND = 0.001


@dataclass(frozen=True, slots=True)
class Plan:
    """One answer's fate: seconds before it begins, bytes per second of its body (None: at once), and a fault."""

    delay: float = 0.0
    bytes_per_second: int | None = None
    fault: FaultKind | None = None


EMPTY_PLAN = Plan()


def merge_behaviours(example: Behaviour, mock: Behaviour) -> Behaviour:
    """What counts of an example's and its mock server's: the example's, field by field."""
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
    """The behaviour with the delay that a request asks for by `x-mock-response-delay`."""
    return behaviour if milliseconds is None else replace(behaviour, delay=Delay(milliseconds))


def draw_plan(behaviour: Behaviour, chance: Random) -> Plan:
    """Draw what happens to one answer."""
    delay = behaviour.delay
    fault = behaviour.fault
    strikes = fault is not None and (fault.percent >= 100 or chance.random() * 100 < fault.percent)
    return Plan(
        0.0 if delay is None else draw_delay(delay, chance) * MILLISECOND,
        behaviour.bytes_per_second,
        fault.kind if fault is not None and strikes else None,
    )


def draw_delay(delay: Delay, chance: Random) -> float:
    """The milliseconds of one call; never more than the longest delay."""
    match delay.kind:
        case DelayKind.FIXED:
            return float(delay.millis)
        case DelayKind.UNIFORM:
            return chance.uniform(delay.millis, delay.most or delay.millis)
        case DelayKind.LOGNORMAL:
            return min(chance.lognormvariate(math.log(delay.millis), delay.sigma or 0.0), float(LONGEST_DELAY))


def throttle_chunks(size: int, bytes_per_second: int) -> Iterator[Chunk]:
    """A body of this size in the pieces of one that comes with so many bytes per second."""
    step = max(1, int(bytes_per_second * STEP_SECONDS))
    for start in range(0, size, step):
        end = min(start + step, size)
        yield Chunk(end / bytes_per_second, end - start)
