"""Failures that are repeated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matcher.index import compile_index
from serving.failures import BROKE_OFF, NOTHING_CAME, FailedRequests, failing, unfinished, with_answer
from store.messages import Response
from tests.factories import make_example, make_request, make_response
from tests.kept import make_exchange

BROKEN = make_exchange(response=make_response(body=b"half"), error="reset", id=1)
REFUSED = make_exchange(response=None, error="refused", id=2)
WELL = make_exchange(id=3)


def test_what_failed_gets_an_answer_for_as_long_as_it_is_looked_at() -> None:
    """What came of it, or one that nobody will see."""
    assert with_answer(BROKEN) == replace(BROKEN, error=None)
    assert with_answer(REFUSED).response == Response(502)


@pytest.mark.parametrize("exchange", [WELL, make_exchange(response=make_response(101), error="reset")])
def test_others_stay_as_they_are(exchange: object) -> None:
    """A WebSocket that broke off is none of these."""
    assert with_answer(exchange) is exchange  # type: ignore[arg-type]


def test_each_fails_as_it_did() -> None:
    """Those that became an example, by its id."""
    marks = [(1, "a"), (2, "b"), (3, "c")]
    assert failing([BROKEN, REFUSED, WELL], marks) == {"a": BROKE_OFF, "b": NOTHING_CAME}
    assert failing([BROKEN], [(1, None)]) == {}


def test_a_response_that_breaks_off_promises_more_than_there_is() -> None:
    """Or a client would take it for whole."""
    response = unfinished(make_response(body=b"half", headers={"Content-Length": "4"}))
    assert response.headers.get("content-length") == "5"
    assert response.body == b"half"


def test_what_failed_and_is_not_repeated_is_told() -> None:
    """With what would repeat it; nothing is said of other requests."""
    failed = FailedRequests(compile_index([make_example("/cut", id="01")]), {"01": "reset"})
    told = "it was recorded as failed (reset), which --replay-failures would repeat"
    assert failed.why(make_request(target="/cut")) == told
    assert failed.why(make_request(target="/other")) == ""
