"""Simulated rate limits: a number of calls in each window of time."""

from __future__ import annotations

import math
from typing import Protocol

from understudy.serving.answers.answer import json_response
from understudy.store.model.messages import Headers, Response
from understudy.store.model.mock_servers import RateLimit
from understudy.store.model.values import replace


class RateCounts(Protocol):
    """Counts calls by key and window; several processes may share one."""

    def count(self, key: str, window: int) -> int:
        """Count a call in this window and return the calls so far; a new window starts at 0."""
        ...


class LocalRateCounts:
    """Call counts of one process."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[int, int]] = {}

    def count(self, key: str, window: int) -> int:
        """Count a call in this window and return the calls so far."""
        last_window, calls = self._windows.get(key, (window, 0))
        calls = calls + 1 if last_window == window else 1
        self._windows[key] = window, calls
        return calls


def check_rate_limit(limit: RateLimit, counts: RateCounts, key: str, now: float) -> Response | None:
    """Count a call at `now`, in seconds; return None within the limit, else a 429 with Retry-After in seconds.

    RFC 6585, section 4; RFC 9110, section 10.2.3.
    """
    window = int(now // limit.seconds)
    if counts.count(key, window) <= limit.calls:
        return None
    wait = max(1, math.ceil((window + 1) * limit.seconds - now))
    message = f"Rate limit of {limit.calls} calls in {limit.seconds} seconds exceeded. Please retry in {wait} seconds."
    response = json_response(429, {"error": {"name": "rateLimitError", "message": message}})
    return replace(response, headers=Headers((*response.headers.fields, (b"Retry-After", str(wait).encode()))))
