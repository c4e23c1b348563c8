"""The limits on clients as users write them: NAME=VALUE in options, and the table [limits] of the project file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from math import inf

from understudy.serving.http1.limits import ANY_SIZE, DEFAULT_GATEWAY_LIMITS, DEFAULT_LIMITS, GatewayLimits, Limits
from understudy.store.errors import UserError
from understudy.store.model.values import replace

NO_LIMIT = "none"
LIMIT_NAMES = tuple(field.name for field in fields(Limits))
_UNITS = {"": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}
_SIZE = re.compile(r"([0-9]+) ?([kmg]b)?", re.IGNORECASE)
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([smh])?")
_TIMES = {"": 1, "s": 1, "m": 60, "h": 3600}

GivenLimits = Mapping[str, float]
"""Limits by the names of the fields of `Limits`."""


def parse_limits(texts: Iterable[str], project: Mapping[str, object] | None = None) -> GivenLimits:
    """Return the limits that a user gives as NAME=VALUE, over those of the project file; raises UserError."""
    given = {name: _parse_limit(name, value) for name, value in (project or {}).items()}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise UserError(f"takes NAME=VALUE, such as idle_seconds=30, got {text!r}", field="limit")
        name = name.strip().replace("-", "_")
        try:
            given[name] = _parse_limit(name, value.strip())
        except UserError as error:
            raise UserError(f"{name} {error}", field="limit") from None
    return given


def make_limits(given: GivenLimits) -> Limits:
    """Return the limits of mock servers."""
    return replace(DEFAULT_LIMITS, **given)


def make_gateway_limits(given: GivenLimits) -> GatewayLimits:
    """Return the limits of a gateway."""
    limits = DEFAULT_GATEWAY_LIMITS
    return GatewayLimits(replace(limits.answering, **given), replace(limits.forwarding, **given))


def _parse_limit(name: str, value: object) -> float:
    if name not in LIMIT_NAMES:
        raise UserError(f"is no limit; the limits are {', '.join(LIMIT_NAMES)}", field=name)
    text = str(value)
    if name.endswith("_seconds"):
        found = _SECONDS.fullmatch(text)
        if text == NO_LIMIT or (found and float(found[1]) > 0):
            return inf if found is None else float(found[1]) * _TIMES[found[2] or ""]
        raise UserError(f"takes seconds, such as 30, 2m, 1h or {NO_LIMIT}, got {value!r}", field=name)
    found = _SIZE.fullmatch(text)
    if text == NO_LIMIT:
        return 0 if name == "body_rate" else ANY_SIZE
    if found and (int(found[1]) or name == "body_rate"):
        return int(found[1]) * _UNITS[(found[2] or "").lower()]
    raise UserError(f"takes a number, such as 4096, 64KB, 1MB or {NO_LIMIT}, got {value!r}", field=name)
