"""Verdicts on calls as JSON."""

from __future__ import annotations

from typing import Any

from understudy.matcher.explanation.rendering import differences_as_json
from understudy.proxy.operations.mock_servers.verdicts import Verdict
from understudy.store.model.calls import Call


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict with the newest calls that fit and the nearest that do not."""
    found = verdict.found
    return {
        "held": verdict.held,
        "called": verdict.expected.called,
        "expected": {"at_least": verdict.times.least, "at_most": verdict.times.most},
        "count": found.number,
        "any_value_at": verdict.expected.secret,
        "calls_looked_at": found.compared,
        "calls_lost": verdict.lost,
        "calls_waiting": verdict.waiting,
        "calls_cut": found.cut,
        "older_calls_forgotten": not verdict.whole,
        "matching": [_brief_json(call) for call in found.fitting],
        "nearest": [
            {**_brief_json(other.call), "differences": differences_as_json(other.differences)}
            for other in found.nearest
        ],
    }


def _brief_json(call: Call) -> dict[str, Any]:
    return {
        "id": call.id,
        "method": call.request.method,
        "url": call.request.url,
        "status": None if call.response is None else call.response.status,
    }
