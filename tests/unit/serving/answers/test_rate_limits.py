"""Simulated rate limits: the calls of a window, and Retry-After."""

from __future__ import annotations

import json

import pytest

from understudy.serving.answers.rate_limits import LocalRateCounts, check_rate_limit
from understudy.store.model.mock_servers import RateLimit


def statuses(limit: RateLimit, *times: float, key: str = "shop") -> list[int | None]:
    counts = LocalRateCounts()
    found = [check_rate_limit(limit, counts, key, now) for now in times]
    return [response.status if response else None for response in found]


@pytest.mark.parametrize(
    ("limit", "times", "expected"),
    [
        (RateLimit(2, 60), (0, 1, 2), [None, None, 429]),
        (RateLimit(1, 60), (0, 59.9, 60), [None, 429, None]),
        (RateLimit(1, 10), (1_000_005, 1_000_009.9, 1_000_010), [None, 429, None]),
        (RateLimit(0, 60), (0, 60), [429, 429]),
        (RateLimit(1, 60), (0, 0, 60, 60, 120), [None, 429, None, 429, None]),
    ],
)
def test_a_window_has_so_many_calls(limit: RateLimit, times: tuple[float, ...], expected: list[int | None]) -> None:
    assert statuses(limit, *times) == expected


@pytest.mark.parametrize(
    ("now", "wait"), [(0, 60), (0.1, 60), (59, 1), (59.5, 1), (59.999_999, 1), (1_000_000_020, 60), (119, 1)]
)
def test_a_refusal_has_the_seconds_until_the_next_window(now: float, wait: int) -> None:
    """In whole seconds, at least one (RFC 9110, section 10.2.3)."""
    response = check_rate_limit(RateLimit(0, 60), LocalRateCounts(), "shop", now)
    assert response is not None
    assert response.headers.get_all("Retry-After") == [str(wait)]


def test_a_call_after_these_seconds_is_answered() -> None:
    limit, counts, now = RateLimit(1, 7), LocalRateCounts(), 1_000.3
    check_rate_limit(limit, counts, "shop", now)
    refused = check_rate_limit(limit, counts, "shop", now)
    assert refused is not None
    assert check_rate_limit(limit, counts, "shop", now + int(refused.headers.get("Retry-After") or 0)) is None


def test_the_error_names_the_limit() -> None:
    response = check_rate_limit(RateLimit(0, 60), LocalRateCounts(), "shop", 57)
    assert response is not None
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["error"] == {
        "name": "rateLimitError",
        "message": "Rate limit of 0 calls in 60 seconds exceeded. Please retry in 3 seconds.",
    }


def test_keys_are_counted_apart() -> None:
    counts = LocalRateCounts()
    assert [counts.count(key, 1) for key in ("a", "b", "a", "b", "a")] == [1, 1, 2, 2, 3]


def test_a_new_window_starts_at_zero() -> None:
    counts = LocalRateCounts()
    assert [counts.count("a", window) for window in (1, 1, 2, 2, 7)] == [1, 2, 1, 2, 1]
