"""Delays, faults and rate limits as people write them, and back. Pure."""

from __future__ import annotations

import re

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
    """The delay of `2G`, `250`, `100-300` or `lognormal:200:0.5`; raises UserError."""
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
    """The inverse of `read_delay`; `none` for none."""
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
    """The fault of `reset` or `garbage:2.5`; raises UserError."""
    found = _FAULT.fullmatch(text)
    kinds = {kind.value: kind for kind in FaultKind if kind is not FaultKind.UNFINISHED}
    percent = float(found[2] or 100) if found else 0.0
    if found is None or found[1].lower() not in kinds or not 0 < percent <= 100:
        raise UserError(
            f"a fault is one of {', '.join(kinds)}, with a share of calls where it is not all: reset:10; not {text!r}"
        )
    return Fault(kinds[found[1].lower()], percent)


def fault_text(fault: Fault | None) -> str:
    """The inverse of `read_fault`; `none` for none."""
    if fault is None:
        return NONE
    return fault.kind.value if fault.percent == 100 else f"{fault.kind}:{fault.percent:g}"


def read_rate_limit(text: str) -> RateLimit:
    """The rate limit of `10/60`: ten calls in sixty seconds; raises UserError."""
    found = _RATE.fullmatch(text)
    if found is None or not int(found[1]) or not 0 < int(found[2]) <= LONGEST_WINDOW:
        raise UserError(f"a rate limit is CALLS/SECONDS, such as 10/60, at most {LONGEST_WINDOW} seconds, not {text!r}")
    return RateLimit(int(found[1]), int(found[2]))


def rate_limit_text(limit: RateLimit | None) -> str:
    """The inverse of `read_rate_limit`; `none` for none."""
    return NONE if limit is None else f"{limit.calls}/{limit.seconds}"


def read_bytes_per_second(text: str) -> int:
    """A number of bytes per second; raises UserError."""
    if not re.fullmatch("[0-9]{1,12}", text) or not int(text):
        raise UserError(f"bytes per second are a whole number from 1, not {text!r}")
    return int(text)


def bytes_per_second_text(number: int | None) -> str:
    """The inverse of `read_bytes_per_second`; `none` for none."""
    return NONE if number is None else str(number)


def read_timing(text: str) -> float:
    """What `recorded`, `none` or `2x` multiplies the recorded times of a stream by; raises UserError."""
    if text in _TIMINGS:
        return _TIMINGS[text]
    found = _FASTER.fullmatch(text)
    if found is None or not 0 < float(found[1]) <= MOST_FASTER:
        raise UserError(f"a timing is recorded, none, or how many times as fast, such as 2x or 0.5x, not {text!r}")
    return 1 / float(found[1])


def timing_text(timing: float | None) -> str:
    """The inverse of `read_timing`; `none` for at once, `recorded` where nothing is set."""
    if timing is None:
        return "recorded"
    return next((name for name, value in _TIMINGS.items() if value == timing), None) or f"{1 / timing:g}x"


def _is_delay(millis: int) -> bool:
    return 1 <= millis <= LONGEST_DELAY
