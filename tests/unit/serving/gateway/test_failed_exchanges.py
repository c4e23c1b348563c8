"""Failures that a replay repeats."""

from __future__ import annotations

import pytest

from tests.factories.messages import ORIGIN, make_example, make_request, make_response
from tests.factories.stored import make_exchange
from understudy.matcher.index import compile_index
from understudy.serving.gateway.error_replies import render_unreachable
from understudy.serving.gateway.failed_exchanges import (
    FAIL_EMPTY,
    FAIL_UNFINISHED,
    FailedRequests,
    MissNote,
    clear_failure,
    find_failure_behaviours,
    is_repeated,
    make_unfinished,
)
from understudy.store.errors import Hint
from understudy.store.model.exchanges import CLIENT_LEFT, GATEWAY_STOPPED, Exchange, describe_unreached
from understudy.store.model.messages import Response
from understudy.store.model.values import replace

BROKEN = make_exchange(response=make_response(body=b"half"), error="reset", id=1)
REFUSED = make_exchange(response=None, error="refused", id=2)
UNREACHED = make_exchange(response=None, error=describe_unreached("connection refused"), id=4)
WELL = make_exchange(id=3)


def test_an_exchange_without_its_failure_has_a_response() -> None:
    """The response that was received, or one that is never sent."""
    assert clear_failure(BROKEN) == replace(BROKEN, error=None)
    assert clear_failure(REFUSED).response == Response(502)


def test_what_could_not_be_reached_is_answered_as_it_was() -> None:
    """The client of the recording got this 502, so it is no failure that a replay leaves out."""
    cleared = clear_failure(UNREACHED)
    assert (cleared.error, cleared.response) == (None, render_unreachable(ORIGIN, "connection refused"))
    assert is_repeated(UNREACHED, failures=False)
    assert find_failure_behaviours([UNREACHED], [(4, "d")]) == {}


@pytest.mark.parametrize("exchange", [WELL, make_exchange(response=make_response(101), error="reset")])
def test_other_exchanges_are_unchanged(exchange: object) -> None:
    """A WebSocket that broke off is not a failed exchange."""
    assert clear_failure(exchange) is exchange  # type: ignore[arg-type]


def test_each_example_fails_as_its_exchange_did() -> None:
    """By the ids of their examples."""
    marks = [(1, "a"), (2, "b"), (3, "c")]
    assert find_failure_behaviours([BROKEN, REFUSED, WELL], marks) == {"a": FAIL_UNFINISHED, "b": FAIL_EMPTY}
    assert find_failure_behaviours([BROKEN], [(1, None)]) == {}


@pytest.mark.parametrize(
    ("recorded", "body", "promised", "chunks"),
    [
        ({"Content-Length": "10"}, b"half", "10", 4),
        ({}, b"half", None, 4),
        ({"Content-Length": "4"}, b"half", None, 4),
        ({"Content-Length": "10"}, b"", "10", 0),
        ({}, b"", None, 0),
    ],
    ids=[
        "as long as recorded",
        "chunks",
        "no longer than received",
        "nothing received of a length",
        "nothing received",
    ],
)
def test_an_unfinished_response_announces_more_than_it_sends(
    recorded: dict[str, str], body: bytes, promised: str | None, chunks: int
) -> None:
    """A client must not take it for complete."""
    sent = make_response(body=body, headers={"Content-Length": str(len(body))})
    response = make_unfinished(sent, make_response(body=body, headers=recorded))
    assert response.headers.get("content-length") == promised
    assert (response.body, [chunk.size for chunk in response.chunks]) == (body, [chunks])


@pytest.mark.parametrize(
    ("exchange", "failures", "repeated"),
    [
        (WELL, False, True),
        (BROKEN, False, False),
        (BROKEN, True, True),
        (replace(BROKEN, error=CLIENT_LEFT), False, True),
        (replace(REFUSED, error=CLIENT_LEFT), False, True),
        (replace(BROKEN, error=GATEWAY_STOPPED), False, True),
    ],
    ids=[
        "whole",
        "broken",
        "broken and repeated",
        "abandoned by its client",
        "abandoned before any response",
        "stopped",
    ],
)
def test_which_exchanges_are_repeated(exchange: Exchange, failures: bool, repeated: bool) -> None:
    """A client that stopped reading gets what it had read."""
    assert is_repeated(exchange, failures=failures) is repeated


def test_a_failure_that_is_not_repeated_is_explained() -> None:
    failed = FailedRequests(compile_index([make_example("/cut", id="01", entry=57)]), {"01": "reset"})
    note = MissNote("it was recorded as failed (entry 57: reset)", Hint("replay_failures", {"entry": "57"}))
    assert failed.explain(make_request(target="/cut")) == note
    assert failed.explain(make_request(target="/other")) is None
