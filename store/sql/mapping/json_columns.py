"""Behaviour, matching and unedited parts as the JSON texts in rows; fields with their default value are left out."""

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


def behaviour_to_text(behaviour: Behaviour, **switches: bool) -> str | None:
    """Return a behaviour, and switches that are on, as JSON; None for `PLAIN` without one."""
    if behaviour == PLAIN and not any(switches.values()):  # nearly all: the rest takes a fifth of a long promotion
        return None
    values = {**_drop_unset(asdict(behaviour)), **{name: True for name, is_on in switches.items() if is_on}}
    return json.dumps(values) if values else None


def behaviour_from_text(text: str | None) -> Behaviour:
    """Return the behaviour that `behaviour_to_text` wrote."""
    if text is None:
        return PLAIN
    values = json.loads(text)
    fault = values.get("fault")
    return Behaviour(
        delay=_delay_from_json(values["delay"]) if "delay" in values else None,
        bytes_per_second=values.get("bytes_per_second"),
        fault=Fault(FaultKind(fault["kind"]), fault["percent"]) if fault else None,
        rate_limit=RateLimit(**values["rate_limit"]) if "rate_limit" in values else None,
        timing=values.get("timing"),
    )


def switch_from_text(text: str | None, name: str) -> bool:
    """Return whether `behaviour_to_text` wrote this switch."""
    return text is not None and name in json.loads(text)


def matching_to_text(matching: Matching) -> str:
    """Return matching settings as JSON."""
    values = {field.name: getattr(matching, field.name) for field in fields(matching)}
    default = Matching()
    changed = {name: value for name, value in values.items() if value != getattr(default, name)}
    return json.dumps({name: sorted(v) if isinstance(v, frozenset) else v for name, v in changed.items()})


def matching_from_text(text: str) -> Matching:
    """Return the matching settings that `matching_to_text` wrote."""
    values: dict[str, Any] = json.loads(text)
    if "ignore_json" in values:  # the old name
        values["ignore_body"] = values.pop("ignore_json")
    if values.get("body") is True:  # the old value
        values["body"] = "require"
    sets: dict[str, Any] = {name: frozenset(value) for name, value in values.items() if isinstance(value, list)}
    return Matching(**{**values, **sets})


def unedited_to_text(unedited: frozenset[str]) -> str | None:
    """Return the unedited parts of an example as a sorted JSON list; None for none."""
    return json.dumps(sorted(unedited)) if unedited else None


def unedited_from_text(text: str | None) -> frozenset[str]:
    """Return the parts that `unedited_to_text` wrote."""
    return frozenset(json.loads(text)) if text else frozenset()


def _delay_from_json(values: dict[str, Any]) -> Delay:
    return Delay(**{**values, "kind": DelayKind(values["kind"])})


def _drop_unset(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _drop_unset(inner) for name, inner in value.items() if inner is not None}
