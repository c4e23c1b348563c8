"""What a gateway decides about a request that reaches it by hooks."""

from __future__ import annotations

import logging

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.index import compile_index
from understudy.matcher.settings import POSTMAN
from understudy.serving.answers.behaviour_plan import EMPTY_PLAN, Plan
from understudy.serving.answers.body_schedule import BodySchedule, DueChunk, Fetch
from understudy.serving.answers.outcomes import Answers
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.hook_answers import decide_answer, refuse_forwarding, render_failure, schedule_body
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Chunk, Origin
from understudy.store.model.mock_servers import FaultKind
from understudy.store.model.values import replace

UPSTREAM = Origin("http", "api.example.com", 80)


def make_active(mode: Mode) -> ActiveMode:
    """A mode that answers from one example."""
    answers = Answers(compile_index([make_example()], POSTMAN))
    return ActiveMode(mode, answers, answers)


def list_chunks(schedule: BodySchedule | None) -> list[tuple[float, bytes]]:
    """When each piece is due, and its content."""
    assert schedule is not None
    chunks: list[tuple[float, bytes]] = []
    while (step := schedule.next()) is not None:
        assert not isinstance(step, Fetch)
        assert isinstance(step, DueChunk)
        chunks.append((step.at, step.content))
    return chunks


@pytest.mark.parametrize("mode", [Mode.MOCK, Mode.SPY, Mode.REPLAY])
def test_an_example_answers(mode: Mode) -> None:
    outcome = decide_answer(make_active(mode), make_request(), reverse=True)
    assert outcome is not None
    assert outcome.has_answer


@pytest.mark.parametrize(("mode", "is_forwarded"), [(Mode.MOCK, False), (Mode.REPLAY, False), (Mode.SPY, True)])
def test_only_spy_mode_forwards_a_miss(mode: Mode, is_forwarded: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A forwarded request is not logged as a miss."""
    with caplog.at_level(logging.WARNING, logger="understudy"):
        outcome = decide_answer(make_active(mode), make_request(target="/other"), reverse=True)
    assert (outcome is None) == is_forwarded
    assert (caplog.messages == []) == is_forwarded


@pytest.mark.parametrize(("target", "level"), [("/users/8?key=k3y", "WARNING"), ("/users/7", "INFO")])
def test_an_answer_by_ids_is_a_warning(target: str, level: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is that of another path; the line has no query, which may be secret."""
    answers = Answers(compile_index([make_example("/users/7", name="Ada", literal=False)], POSTMAN))
    with caplog.at_level(logging.INFO, logger="understudy"):
        decide_answer(ActiveMode(Mode.MOCK, answers, answers), make_request(target=target), reverse=True)
    [record] = caplog.records
    assert record.levelname == level
    assert record.message.startswith(f"mock GET {target.partition('?')[0]}: Ada (path ")


def test_a_miss_that_ids_would_answer_is_logged_as_such(caplog: pytest.LogCaptureFixture) -> None:
    """The example was recorded, so that ids do not find it by default."""
    with caplog.at_level(logging.WARNING, logger="understudy"):
        decide_answer(make_active(Mode.MOCK), make_request(target="/users/8"), reverse=True)
    assert caplog.messages == ['mock GET /users/8: no match; ids would find "Example 01" (01)']


@pytest.mark.parametrize(
    ("upstream", "reverse", "names_host", "error"),
    [
        (None, False, True, None),
        (None, False, False, "noUpstreamError"),
        (UPSTREAM, True, True, None),
        (UPSTREAM, False, True, "otherUpstreamError"),
    ],
)
def test_a_request_that_cannot_be_forwarded_is_refused(
    upstream: Origin | None, reverse: bool, names_host: bool, error: str | None
) -> None:
    refusal = refuse_forwarding(upstream, reverse=reverse, names_host=names_host)
    body = b"" if refusal is None else refusal.body
    assert isinstance(body, bytes)
    assert (refusal is None) == (error is None)
    assert error is None or error.encode() in body


@pytest.mark.parametrize(("method", "has_body"), [("GET", True), ("HEAD", False)])
def test_an_error_in_response_to_head_has_no_body(method: str, has_body: bool) -> None:
    active, request = make_active(Mode.MOCK), make_request(method, target="/other")
    outcome = decide_answer(active, request, reverse=True)
    assert outcome is not None
    failure = render_failure(active, request, outcome)
    assert failure.status == 404
    assert bool(failure.body) == has_body


def test_a_plain_response_is_sent_at_once() -> None:
    assert schedule_body(make_response(body=b"body"), EMPTY_PLAN, 1.0) is None


def test_a_slow_body_is_sent_in_pieces() -> None:
    schedule = schedule_body(make_response(body=b"123456"), Plan(bytes_per_second=60), 1.0)
    assert [content for _, content in list_chunks(schedule)] == [b"123", b"456"]


@pytest.mark.parametrize("timing", [0.0, 0.5, 1.0])
def test_a_recorded_stream_is_sent_at_its_times(timing: float) -> None:
    response = replace(make_response(body=b"abcd"), chunks=(Chunk(1.0, 1), Chunk(2.0, 3)))
    assert list_chunks(schedule_body(response, EMPTY_PLAN, timing)) == [(timing, b"a"), (2 * timing, b"bcd")]


def test_a_response_that_breaks_off_has_a_schedule() -> None:
    """The connection is broken after it."""
    schedule = schedule_body(make_response(body=b"body"), Plan(fault=FaultKind.UNFINISHED), 1.0)
    assert list_chunks(schedule) == [(0.0, b"body")]
