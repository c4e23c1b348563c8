"""Delays, faults, rate limits and timings as people write them, and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from understudy.store.errors import UserError
from understudy.store.model.mock_servers import LONGEST_DELAY, PRESETS, Delay, DelayKind, Fault, FaultKind, RateLimit

NONE = "none"

MOST_SIGMA = 5.0  # at the median of 1 ms, the longest delay is then 2.4 deviations away
DELAYS = f"2G, 3G, milliseconds from 1 to {LONGEST_DELAY}, a range such as 100-300, or lognormal:MEDIAN:SIGMA"

_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
_LOGNORMAL = re.compile(r"lognormal:([0-9]{1,6}):([0-9]{1,3}(?:\.[0-9]{1,6})?)", re.IGNORECASE)
_FAULT = re.compile(r"([a-z]+)(?::([0-9]{1,3}(?:\.[0-9]{1,6})?)%?)?", re.IGNORECASE)
_RATE = re.compile(r"([0-9]{1,9})/([0-9]{1,5})")
_FASTER = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)x", re.IGNORECASE)
_TIMINGS = {"recorded": 1.0, NONE: 0.0}
MOST_FASTER = 1000.0
LONGEST_WINDOW = 86_400


def read_delay(text: str) -> Delay:
    """Return the delay of `2G`, `250`, `100-300` or `lognormal:200:0.5`; raises UserError."""
    preset = PRESETS.get(text.upper())
    if preset:
        return preset
    spread, spans = _LOGNORMAL.fullmatch(text), _RANGE.fullmatch(text)
    if spread and 0 < float(spread[2]) <= MOST_SIGMA and _is_delay(int(spread[1])):
        return Delay(int(spread[1]), DelayKind.LOGNORMAL, sigma=float(spread[2]))
    if spans:
        least, most = int(spans[1]), int(spans[2] or spans[1])
        if least <= most and _is_delay(least) and _is_delay(most):
            return Delay(least) if least == most else Delay(least, DelayKind.UNIFORM, most=most)
    raise UserError(f"a delay is {DELAYS}, not {text!r}")


def delay_text(delay: Delay | None) -> str:
    """Return a delay as `read_delay` reads it; `none` without one."""
    if delay is None:
        return NONE
    if delay.preset:
        return delay.preset
    match delay.kind:
        case DelayKind.FIXED:
            return str(delay.millis)
        case DelayKind.UNIFORM:
            return f"{delay.millis}-{delay.most}"
        case DelayKind.LOGNORMAL:
            return f"lognormal:{delay.millis}:{delay.sigma:g}"


def read_fault(text: str) -> Fault:
    """Return the fault of `reset` or `garbage:2.5`; raises UserError."""
    found = _FAULT.fullmatch(text)
    kinds = {kind.value: kind for kind in FaultKind if kind is not FaultKind.UNFINISHED}
    percent = float(found[2] or 100) if found else 0.0
    if found is None or found[1].lower() not in kinds or not 0 < percent <= 100:
        raise UserError(
            f"a fault is one of {', '.join(kinds)}, with a percentage of calls unless it is all: reset:10; not {text!r}"
        )
    return Fault(kinds[found[1].lower()], percent)


def fault_text(fault: Fault | None) -> str:
    """Return a fault as `read_fault` reads it; `none` without one."""
    if fault is None:
        return NONE
    return fault.kind.value if fault.percent == 100 else f"{fault.kind}:{fault.percent:g}"


def read_rate_limit(text: str) -> RateLimit:
    """Return the rate limit of `10/60`, ten calls in sixty seconds; raises UserError."""
    found = _RATE.fullmatch(text)
    if found is None or not int(found[1]) or not 0 < int(found[2]) <= LONGEST_WINDOW:
        raise UserError(f"a rate limit is CALLS/SECONDS, such as 10/60, at most {LONGEST_WINDOW} seconds, not {text!r}")
    return RateLimit(int(found[1]), int(found[2]))


def rate_limit_text(limit: RateLimit | None) -> str:
    """Return a rate limit as `read_rate_limit` reads it; `none` without one."""
    return NONE if limit is None else f"{limit.calls}/{limit.seconds}"


def read_bytes_per_second(text: str) -> int:
    """Return a number of bytes per second; raises UserError."""
    if not re.fullmatch("[0-9]{1,12}", text) or not int(text):
        raise UserError(f"bytes per second are a whole number from 1, not {text!r}")
    return int(text)


def bytes_per_second_text(number: int | None) -> str:
    """Return a number of bytes per second as text; `none` without one."""
    return NONE if number is None else str(number)


def read_timing(text: str) -> float:
    """Return the factor for the recorded times of a stream: 1 for `recorded`, 0 for `none`, 0.5 for `2x`.

    Raises UserError.
    """
    if text in _TIMINGS:
        return _TIMINGS[text]
    found = _FASTER.fullmatch(text)
    if found is None or not 0 < float(found[1]) <= MOST_FASTER:
        raise UserError(f"a timing is recorded, none, or how many times as fast, such as 2x or 0.5x, not {text!r}")
    return 1 / float(found[1])


def timing_text(timing: float | None) -> str:
    """Return a timing as `read_timing` reads it: `none` for at once, `recorded` where nothing is set."""
    if timing is None:
        return "recorded"
    return next((name for name, value in _TIMINGS.items() if value == timing), None) or f"{1 / timing:g}x"


READERS: Mapping[str, Callable[[str], object]] = {
    "delay": read_delay,
    "bytes_per_second": read_bytes_per_second,
    "fault": read_fault,
    "rate_limit": read_rate_limit,
    "timing": read_timing,
}
"""What reads the text of each field of `Behaviour`; each raises UserError."""


def _is_delay(millis: int) -> bool:
    return 1 <= millis <= LONGEST_DELAY
