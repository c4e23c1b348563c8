"""Verifies calls against a log of them: waits until it has caught up, or until it is so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

from understudy.proxy.call_log.reader import CallCounts
from understudy.proxy.operations.mock_servers.call_expectations import Expected, Times, Verdict, found_among
from understudy.store.model.calls import Call

_STEP = 0.05


class Logged(Protocol):
    """A log of calls to one mock server."""

    def catch_up(self) -> CallCounts:
        """Wait until every call that was answered is in the log or lost; returns the numbers."""
        ...

    def is_complete_since(self, since: float | None) -> bool:
        """Whether it still holds every kept call since then, or since the first."""
        ...

    def read_since(self, since: float | None) -> Iterator[Call]:
        """The calls from then on, newest first."""
        ...


def verified(
    logged: Logged, expected: Expected, times: Times, *, since: float | None = None, within: float = 0
) -> Verdict:
    """The verdict on the calls since then; waits at most `within` seconds for it to hold."""
    deadline = time.monotonic() + within
    while True:
        verdict = _verdict(logged, expected, times, since)
        too_often = times.most is not None and verdict.found.number > times.most
        if verdict.held or too_often or time.monotonic() >= deadline:
            return verdict
        time.sleep(_STEP)


def _verdict(logged: Logged, expected: Expected, times: Times, since: float | None) -> Verdict:
    numbers = logged.catch_up()
    whole = logged.is_complete_since(since)
    found = found_among(logged.read_since(since), expected)
    return Verdict(expected, times, found, numbers.lost, numbers.waiting, whole)
