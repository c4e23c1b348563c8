"""What mock servers and examples do on purpose, and how mock servers compare, as JSON."""

from __future__ import annotations

from typing import Any

from understudy.proxy.operations.collections import behaviour_text
from understudy.store.model.mock_servers import Behaviour, Matching


def behaviour_json(behaviour: Behaviour) -> dict[str, Any]:
    """Return a behaviour, each field as people write it; null where nothing is set."""
    return {
        "delay": behaviour.delay and behaviour_text.delay_text(behaviour.delay),
        "bytes_per_second": behaviour.bytes_per_second,
        "fault": behaviour.fault and behaviour_text.fault_text(behaviour.fault),
        "rate_limit": behaviour.rate_limit and behaviour_text.rate_limit_text(behaviour.rate_limit),
        "timing": None if behaviour.timing is None else behaviour_text.timing_text(behaviour.timing),
    }


def matching_json(matching: Matching) -> dict[str, Any]:
    """Return how a mock server compares; `ids` and `distance` are null where each example decides."""
    return {
        "body": matching.body,
        "subset": matching.subset,
        "headers": sorted(matching.headers),
        "header_rule": matching.header_rule,
        "query": matching.query,
        "wildcards": matching.wildcards,
        "ids": matching.ids,
        "distance": matching.distance,
        "ignore_query": sorted(matching.ignore_query),
        "ignore_headers": sorted(matching.ignore_headers),
        "ignore_body": sorted(matching.ignore_body),
    }
