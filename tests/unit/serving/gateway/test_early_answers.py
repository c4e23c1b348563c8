"""Answers that came before the body of their request had ended."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.index import compile_index
from understudy.matcher.settings import STRICT
from understudy.serving.answers.outcomes import Answers
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.early_answers import EarlyAnswers
from understudy.serving.gateway.replay import Replay, Tally
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Request


def upload(body: bytes, target: str = "/up", content_type: str | None = None) -> Request:
    """A request with this body."""
    return make_request("PUT", target, body=body, content_type=content_type)


EXAMPLES = [
    make_example(upload(b"abc"), id="01"),
    make_example(upload(b"abcdef"), id="02"),
    make_example(upload(b'{"a": 1, "b', "/json", "application/json"), id="03"),
    make_example(upload(b"", "/none"), id="04"),
    make_example(upload(b"abc", "/whole"), id="05"),
]
EARLY = EarlyAnswers.of(EXAMPLES[:4])


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        (upload(b"abcxyz"), "01"),
        (upload(b"abcdefghi"), "02"),
        (upload(b"abcdef"), "02"),
        (upload(b"ab"), None),
        (upload(b"xbc"), None),
        (upload(b'{"a": 1, "b": 2}', "/json", "application/json"), "03"),
        (upload(b'{"a": 2, "b": 2}', "/json", "application/json"), None),
        (upload(b"anything", "/none"), "04"),
        (upload(b"abcd", "/whole"), None),
        (upload(b"abc", "/up?q=1"), None),
    ],
)
def test_what_was_sent_is_compared_with_as_much_of_a_request(request_: Request, found: str | None) -> None:
    """The longest beginning counts; a body that was sent whole has to be equal."""
    answers = Answers(compile_index(EXAMPLES, STRICT))
    active = ActiveMode(Mode.REPLAY, answers, answers, replay=Replay(tally=Tally(), early=EARLY))
    outcome = respond.decide_outcome(active, request_, reverse=False)
    assert (outcome.example.id if outcome.example else None) == found
    assert active.replay.tally.misses.total() == (found is None)
