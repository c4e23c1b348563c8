"""Verification of calls against a log of them: waits until the log has caught up, or until the verdict holds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from understudy.proxy.call_log.reader import CallCounts, StoredCallLog, open_call_log
from understudy.proxy.operations.mock_servers.call_expectations import Expected, Times
from understudy.proxy.operations.mock_servers.call_logs import check_logging
from understudy.proxy.operations.mock_servers.verdicts import Verdict, find_matching_calls
from understudy.store.errors import StoreError, UserError
from understudy.store.model.calls import Call
from understudy.store.model.mock_servers import MockServer
from understudy.store.redaction.settings import make_display_redactor
from understudy.store.repositories.store import Store

_STEP = 0.05


@dataclass(frozen=True, slots=True)
class ExpectedCalls:
    """Calls `METHOD PATH` that a mock server should have had, at least one unless `times` differs.

    `headers` are `Name: value` lines. `since` is in seconds since the epoch; None counts every call in the log.
    """

    called: str
    headers: Sequence[str] = ()
    body: bytes | None = None
    times: Times = field(default_factory=Times)
    since: float | None = None


class Logged(Protocol):
    """A log of calls to one mock server."""

    def catch_up(self) -> CallCounts:
        """Wait until every call that was answered is in the log or lost; return the numbers."""
        ...

    def is_complete_since(self, since: float | None) -> bool:
        """Whether it still holds every kept call since then, or since the first."""
        ...

    def read_since(self, since: float | None) -> Iterator[Call]:
        """The calls from then on, newest first."""
        ...


def verify_calls(store: Store, mock: str, expected: ExpectedCalls, *, within: float | None = None) -> Verdict:
    """Return the verdict on the calls to a mock server; waits at most `within` seconds for it to hold.

    Raises NotFound, StoreError where calls are not counted, and UserError where its log is off, for a call or a header
    that cannot be read, and for `within`
    where no call has to come.
    """
    found = store.mock_servers.find(mock)
    check_logging(found)
    if within is not None and not expected.times.least:
        message = "waits for calls, and no call has to come; verify once the time has passed"
        raise UserError(message, field="within")
    call = Expected(expected.called, expected.headers, expected.body, make_display_redactor(store))
    with open_call_log(store, found) as log:
        _check_counted(log, found)
        return await_verdict(log, call, expected.times, since=expected.since, within=within or 0)


def _check_counted(log: StoredCallLog, mock: MockServer) -> None:
    if not log.is_counted():
        message = (
            f"calls to {mock.name} cannot be verified: when its server started, the disk of the store had no room for"
            " the counters of calls; make room and start the server again"
        )
        raise StoreError(message, what="mock server", which=mock.name)


def await_verdict(
    log: Logged, expected: Expected, times: Times, *, since: float | None = None, within: float = 0
) -> Verdict:
    """Return the verdict on the calls since then; waits at most `within` seconds for it to hold."""
    deadline = time.monotonic() + within
    while True:
        verdict = _read_verdict(log, expected, times, since)
        exceeded = times.most is not None and verdict.found.number > times.most
        if verdict.held or exceeded or time.monotonic() >= deadline:
            return verdict
        time.sleep(_STEP)


def _read_verdict(log: Logged, expected: Expected, times: Times, since: float | None) -> Verdict:
    counts = log.catch_up()
    whole = log.is_complete_since(since)
    found = find_matching_calls(log.read_since(since), expected)
    return Verdict(expected, times, found, counts.lost, counts.waiting, whole)
