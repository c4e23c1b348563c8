"""Behaviour and matching as the JSON texts that rows hold, and back; what has its usual value is left out."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from understudy.store.model.mock_servers import (
    PLAIN,
    Behaviour,
    Delay,
    DelayKind,
    Fault,
    FaultKind,
    Matching,
    RateLimit,
)


def behaviour_to_text(behaviour: Behaviour) -> str | None:
    """Behaviour as JSON; None for nothing on purpose."""
    return None if behaviour == PLAIN else json.dumps(_drop_unset(asdict(behaviour)))


def behaviour_from_text(text: str | None) -> Behaviour:
    """The inverse of `behaviour_text`."""
    if text is None:
        return PLAIN
    told = json.loads(text)
    return Behaviour(
        delay=_delay_from_json(told["delay"]) if "delay" in told else None,
        bytes_per_second=told.get("bytes_per_second"),
        fault=Fault(FaultKind(told["fault"]["kind"]), told["fault"]["percent"]) if "fault" in told else None,
        rate_limit=RateLimit(**told["rate_limit"]) if "rate_limit" in told else None,
        timing=told.get("timing"),
    )


def matching_to_text(matching: Matching) -> str:
    """Matching as JSON."""
    values = {one.name: getattr(matching, one.name) for one in fields(matching)}
    usual = Matching()
    changed = {name: value for name, value in values.items() if value != getattr(usual, name)}
    return json.dumps({name: sorted(v) if isinstance(v, frozenset) else v for name, v in changed.items()})


def matching_from_text(text: str) -> Matching:
    """The inverse of `matching_text`."""
    told: dict[str, Any] = json.loads(text)
    sets: dict[str, Any] = {name: frozenset(value) for name, value in told.items() if isinstance(value, list)}
    return Matching(**{**told, **sets})


def _delay_from_json(told: dict[str, Any]) -> Delay:
    return Delay(**{**told, "kind": DelayKind(told["kind"])})


def _drop_unset(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _drop_unset(inner) for name, inner in value.items() if inner is not None}
