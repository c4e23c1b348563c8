"""Hosts that a recording does not keep, and a replay does not count."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.index import compile_index
from understudy.matcher.settings import STRICT
from understudy.serving.answers.outcomes import Answers
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.ignored_hosts import IgnoredHosts
from understudy.serving.gateway.replay import MissAnswer, Replay, Tally
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Origin

TELEMETRY = Origin.parse("https://eu.telemetry.test")
IGNORED = IgnoredHosts(frozenset({"*.Telemetry.test"}))


@pytest.mark.parametrize(
    ("pattern", "origin", "fits"),
    [
        ("*.telemetry.test", TELEMETRY, True),
        ("telemetry.test", TELEMETRY, False),
        ("eu.TELEMETRY.test", TELEMETRY, True),
        ("localhost:9*", Origin("http", "localhost", 9000), True),
        ("localhost:9*", Origin("http", "localhost", 8000), False),
        ("*", TELEMETRY, True),
        ("*", None, False),
    ],
)
def test_a_host_fits_a_pattern(pattern: str, origin: Origin | None, fits: bool) -> None:
    """Case does not count; a pattern may have a port."""
    assert IgnoredHosts(frozenset({pattern})).has(origin) is fits


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(Mode.RECORD, Mode.PASS), (Mode.SPY, Mode.PASS), (Mode.PASS, Mode.PASS), (Mode.REPLAY, Mode.REPLAY)],
)
def test_an_ignored_host_is_passed_on_without_being_recorded(mode: Mode, expected: Mode) -> None:
    """Other hosts are recorded."""
    active = ActiveMode(mode, ignored_hosts=IGNORED)
    assert active.for_origin(TELEMETRY).mode is expected
    assert active.for_origin(Origin.parse("https://api.test")) is active


@pytest.mark.parametrize("miss", MissAnswer)
def test_a_replay_neither_answers_nor_counts_an_ignored_host(miss: MissAnswer) -> None:
    """Also where the host was recorded; every miss is answered otherwise."""
    request = make_request(target="/users", origin=TELEMETRY)
    answers = Answers(compile_index([make_example(request)], STRICT))
    replay = Replay(miss, Tally())
    active = ActiveMode(Mode.REPLAY, answers, answers, replay=replay, ignored_hosts=IGNORED)
    outcome = respond.decide_outcome(active, request, reverse=False)
    assert outcome.example is None
    assert respond.render_failure(active, outcome).status == 502
    assert respond.resolve_behaviour(active, outcome) is None
    assert (replay.tally.has_requests, replay.tally.misses.total()) == (True, 0)
