"""The report of a gateway: whether it recorded, whether requests came, and its exit code."""

from __future__ import annotations

import pytest

from understudy.proxy.gateway.run import Report
from understudy.serving.gateway.replay import Miss, Tally
from understudy.store.model.gateways import Mode


def make_report(
    mode: Mode = Mode.RECORD, *, kept: int = 0, lost: int = 0, misses: int = 0, child_code: int = 0
) -> Report:
    """The report of a gateway; a replay has a tally of so many misses."""
    tally = Tally() if mode is Mode.REPLAY else None
    if tally:
        tally.has_requests = misses > 0
        tally.misses.update(Miss("GET", f"/{number}", "") for number in range(misses))
    return Report(mode, kept, 0, lost, tally, child_code)


@pytest.mark.parametrize(
    ("report", "has_recorded"),
    [
        (make_report(Mode.RECORD), True),
        (make_report(Mode.SPY), True),
        (make_report(Mode.PASS), False),
        (make_report(Mode.PASS, kept=1), True),  # it was switched meanwhile
        (make_report(Mode.PASS, lost=1), True),
        (make_report(Mode.MOCK), False),
    ],
)
def test_a_gateway_has_recorded_if_it_was_to(report: Report, has_recorded: bool) -> None:
    assert report.has_recorded is has_recorded


@pytest.mark.parametrize(
    ("report", "lacks_requests"),
    [
        (make_report(Mode.RECORD), True),
        (make_report(Mode.RECORD, kept=1), False),
        (make_report(Mode.RECORD, lost=1), False),
        (make_report(Mode.MOCK), False),
        (make_report(Mode.REPLAY), True),
        (make_report(Mode.REPLAY, misses=1), False),
    ],
)
def test_a_gateway_lacks_requests(report: Report, lacks_requests: bool) -> None:
    """Known only where requests are counted."""
    assert report.lacks_requests is lacks_requests


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (make_report(), 0),
        (make_report(lost=1), 1),
        (make_report(child_code=7, lost=1), 7),
        (make_report(Mode.REPLAY, misses=2), 3),
        (make_report(Mode.REPLAY, misses=2, child_code=7), 7),
    ],
)
def test_the_exit_code(report: Report, code: int) -> None:
    assert report.choose_exit_code(check_misses=True) == code


def test_misses_that_are_allowed_do_not_change_the_exit_code() -> None:
    assert make_report(Mode.REPLAY, misses=2).choose_exit_code(check_misses=False) == 0
