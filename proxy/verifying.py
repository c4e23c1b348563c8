"""Verifies the calls to a mock server against its log: waits until the log has caught up, or until it is so."""

from __future__ import annotations

import time

from proxy.kept_calls import KeptCalls
from proxy.verification import Expected, Times, Verdict, found_among
from store.errors import UserError
from store.repository import CallFilter

_STEP = 0.05


def verified(
    kept: KeptCalls, expected: Expected, times: Times, *, since: float | None = None, within: float = 0
) -> Verdict:
    """The verdict on the calls since then; waits at most `within` seconds for it to hold.

    Raises UserError when the mock server keeps no calls.
    """
    if not kept.mock.log_limit:
        on = f"understudy mocks edit {kept.mock.name} --log-limit 10000"
        raise UserError(f"the call log of {kept.mock.name} is off; switch it on: {on}")
    deadline = time.monotonic() + within
    while True:
        verdict = _verdict(kept, expected, times, since)
        too_often = times.most is not None and verdict.found.number > times.most
        if verdict.held or too_often or time.monotonic() >= deadline:
            return verdict
        time.sleep(_STEP)


def _verdict(kept: KeptCalls, expected: Expected, times: Times, since: float | None) -> Verdict:
    numbers = kept.caught_up()
    whole = kept.reaches_back(since)
    found = found_among(kept.newest_first(CallFilter(kept.mock.id, since=since)), expected)
    return Verdict(expected, times, found, numbers.lost, numbers.waiting, whole)
