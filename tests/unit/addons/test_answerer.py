"""Answering by hooks: from examples, with an error, or not at all."""

from __future__ import annotations

import logging
from typing import cast

import pytest
from mitmproxy import http

from tests.factories.flows import make_flow, make_flow_response
from tests.factories.messages import ORIGIN, make_example, make_request, make_response
from tests.in_memory.recording_layer import FakeConnections, make_no_timer
from understudy.addons.answerer import Answerer
from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note
from understudy.addons.flows import UNRESOLVABLE_ADDRESS
from understudy.addons.loop.body_reader import BodyReader
from understudy.addons.loop.client_holds import ClientHolder
from understudy.addons.loop.connections import ClientConnections
from understudy.addons.loop.held_requests import HeldRequests
from understudy.matcher.index import compile_index
from understudy.matcher.settings import POSTMAN
from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.sequences import Sequences
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.failed_exchanges import FAIL_EMPTY
from understudy.serving.gateway.replay import MissAnswer, Replay
from understudy.store.errors import NotFound, StoreError
from understudy.store.model.collections import Example
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import LARGE_BODY, Body, BodyRef, Origin
from understudy.store.model.values import replace

ANSWERING = [Mode.MOCK, Mode.SPY, Mode.REPLAY]
GATEWAY = Origin("http", "127.0.0.1", 8080)
OTHER = Origin("https", "other.example.com", 443)


def read(body: Body) -> bytes:
    """The bytes of a body; those of a reference are its digest."""
    return body.digest.encode() if isinstance(body, BodyRef) else body


def fail_to_read(_: Body) -> bytes:
    """Fail: the answer needs no whole body."""
    raise StoreError("read as a whole")


def make_active(mode: Mode, *examples: Example, once: bool = False) -> ActiveMode:
    """A mode that answers from these examples: a forward proxy compares hosts, a reverse proxy does not."""
    forward = compile_index(examples, replace(POSTMAN, host=True))
    own = forward.apply_settings(POSTMAN)
    sequences = Sequences(once=once)
    return ActiveMode(mode, Answers(forward, sequences), Answers(own, sequences))


async def answer_flow(
    flow: http.HTTPFlow, mode: Mode = Mode.MOCK, *examples: Example, once: bool = False
) -> http.HTTPFlow:
    """Run the hook; return the flow."""
    await Answerer(CurrentMode(make_active(mode, *examples, once=once)), BodyReader(read)).request(flow)
    return flow


def describe_error(flow: http.HTTPFlow) -> tuple[int, str]:
    """Return the status and the name of an error of ours."""
    assert flow.response
    return flow.response.status_code, flow.response.json()["error"]["name"]


@pytest.mark.parametrize("mode", ANSWERING)
@pytest.mark.parametrize("reverse", [True, False])
async def test_an_example_answers(mode: Mode, reverse: bool) -> None:
    flow = await answer_flow(make_flow(reverse=reverse), mode, make_example(response=make_response(201, b"hit")))
    assert flow.response
    assert (flow.response.status_code, flow.response.content) == (201, b"hit")
    assert get_note(flow).is_answered


async def test_a_body_is_read_from_the_store() -> None:
    flow = await answer_flow(make_flow(), Mode.MOCK, make_example(response=make_response(body=BodyRef("d1935", 5))))
    assert flow.response
    assert flow.response.content == b"d1935"


async def test_a_range_of_a_large_body_is_sent_piece_by_piece() -> None:
    """The body is not read before its answer begins."""
    body = BodyRef("d1935", LARGE_BODY + 1)
    example = make_example(response=make_response(body=body))
    bodies = BodyReader(fail_to_read, lambda _, position: [b"ab", b"cd"][position])
    flow = make_flow()
    flow.request.headers["Range"] = "bytes=1-2"
    await Answerer(CurrentMode(make_active(Mode.MOCK, example)), bodies).request(flow)
    assert flow.response
    assert (flow.response.status_code, flow.response.headers["Content-Range"]) == (206, f"bytes 1-2/{body.size}")
    schedule = get_note(flow).sending
    assert schedule is not None
    assert schedule.next() == Fetch(body, 0)


@pytest.mark.parametrize("mode", [Mode.MOCK, Mode.REPLAY])
async def test_a_miss_is_an_error_that_explains_it(mode: Mode) -> None:
    flow = await answer_flow(make_flow(target=b"/other"), mode, make_example())
    assert describe_error(flow) == (404, "mockRequestNotFoundError")
    assert get_note(flow).is_answered


@pytest.mark.parametrize("mode", [Mode.MOCK, Mode.SPY])
async def test_a_malformed_header_is_a_client_error(mode: Mode) -> None:
    flow = make_flow()
    flow.request.headers["x-mock-response-code"] = "soon"
    assert describe_error(await answer_flow(flow, mode, make_example())) == (400, "malformedHeaderError")


async def test_a_spy_forwards_a_miss() -> None:
    flow = await answer_flow(make_flow(target=b"/other"), Mode.SPY, make_example())
    assert flow.response is None
    assert not get_note(flow).is_answered


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.RECORD])
async def test_live_modes_forward(mode: Mode) -> None:
    flow = await answer_flow(make_flow(), mode, make_example())
    assert flow.response is None


@pytest.mark.parametrize("mode", Mode)
async def test_a_flow_with_a_response_is_not_changed(mode: Mode) -> None:
    flow = await answer_flow(make_flow(response=make_flow_response(418)), mode, make_example())
    assert flow.response
    assert flow.response.status_code == 418
    assert not get_note(flow).is_answered


async def test_a_request_is_answered_in_the_mode_it_started_in() -> None:
    flow = make_flow()
    current = CurrentMode(make_active(Mode.MOCK, make_example()))
    current.active_for(flow)
    current.active = ActiveMode(Mode.PASS)
    await Answerer(current, BodyReader(read)).request(flow)
    assert flow.response


# Hosts


async def test_a_forward_proxy_answers_for_the_recorded_host_only() -> None:
    example = make_example(make_request(origin=ORIGIN))
    flow = await answer_flow(make_flow(address=("other.example", 80), reverse=False), Mode.MOCK, example)
    assert describe_error(flow) == (404, "mockRequestNotFoundError")


async def test_a_reverse_proxy_answers_for_any_recorded_host() -> None:
    example = make_example(make_request(origin="http://other.example"))
    flow = await answer_flow(make_flow(), Mode.MOCK, example)
    assert flow.response
    assert flow.response.status_code == 200


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.RECORD, Mode.SPY])
async def test_origin_form_without_an_upstream_is_a_client_error(mode: Mode) -> None:
    flow = await answer_flow(make_flow(address=UNRESOLVABLE_ADDRESS, reverse=False), mode)
    assert describe_error(flow) == (400, "noUpstreamError")


@pytest.mark.parametrize("mode", ANSWERING)
async def test_origin_form_without_an_upstream_is_answered_from_examples(mode: Mode) -> None:
    flow = await answer_flow(make_flow(address=UNRESOLVABLE_ADDRESS, reverse=False), mode, make_example())
    assert flow.response
    assert flow.response.status_code == 200


async def test_a_replay_uses_the_origin_of_its_session() -> None:
    own = Origin("https", "api.example.com", 443)
    index = compile_index([make_example(make_request(origin=own))], replace(POSTMAN, host=True))
    flow = make_flow(address=UNRESOLVABLE_ADDRESS, reverse=False)
    current = CurrentMode(ActiveMode(Mode.REPLAY, Answers(index), Answers(index), reverse_origin=own))
    await Answerer(current, BodyReader(read)).request(flow)
    assert flow.response
    assert flow.response.status_code == 200


@pytest.mark.parametrize(("hosts", "status"), [({ORIGIN, OTHER}, 200), ({OTHER}, 404)])
async def test_an_upstream_that_was_recorded_is_the_origin_of_requests(hosts: set[Origin], status: int) -> None:
    """For an upstream that was not recorded, the origin is that of the session."""
    index = compile_index([make_example()], replace(POSTMAN, host=True))
    replay = Replay(hosts=frozenset(hosts))
    current = CurrentMode(ActiveMode(Mode.REPLAY, Answers(index), Answers(index), reverse_origin=OTHER, replay=replay))
    flow = make_flow(reverse=True)
    await Answerer(current, BodyReader(read), ORIGIN).request(flow)
    assert flow.response
    assert flow.response.status_code == status


@pytest.mark.parametrize(
    ("reverse", "location"), [(True, "http://127.0.0.1:8080/x"), (False, "http://api.example.com/x")]
)
async def test_urls_of_the_upstream_are_rewritten_for_a_reverse_proxys_client(reverse: bool, location: str) -> None:
    response = make_response(302, headers=[("Location", "http://api.example.com/x")])
    flow = await answer_flow(make_flow(reverse=reverse), Mode.MOCK, make_example(response=response))
    assert flow.response
    assert flow.response.headers["Location"] == location


# Sequences


async def list_statuses(once: bool) -> list[int]:
    """Ask three times for a sequence of two responses; return the statuses."""
    examples = [make_example(id=id, sequence="s", response=make_response(int(id))) for id in ("201", "202")]
    answerer = Answerer(CurrentMode(make_active(Mode.REPLAY, *examples, once=once)), BodyReader(read))
    flows = [make_flow() for _ in range(3)]
    for flow in flows:
        await answerer.request(flow)
    return [flow.response.status_code for flow in flows if flow.response]


async def test_repeats_are_answered_in_turn() -> None:
    assert await list_statuses(once=False) == [201, 202, 202]


async def test_a_sequence_that_has_ended_is_an_error() -> None:
    assert await list_statuses(once=True) == [201, 202, 404]
    flow = make_flow()
    answerer = Answerer(CurrentMode(make_active(Mode.REPLAY, make_example(), once=True)), BodyReader(read))
    await answerer.request(make_flow())
    await answerer.request(flow)
    assert describe_error(flow) == (404, "sequenceEndedError")


async def test_a_spy_forwards_when_a_sequence_has_ended() -> None:
    flow = make_flow()
    answerer = Answerer(CurrentMode(make_active(Mode.SPY, make_example(), once=True)), BodyReader(read))
    await answerer.request(make_flow())
    await answerer.request(flow)
    assert flow.response is None


# Failures and the log


@pytest.mark.parametrize("mode", ANSWERING)
@pytest.mark.parametrize("failure", [StoreError("broken"), ZeroDivisionError("oh")])
async def test_a_failure_is_an_error_and_is_never_forwarded(mode: Mode, failure: Exception) -> None:
    def fail(body: Body) -> bytes:
        raise failure

    flow = make_flow()
    example = make_example(response=make_response(body=BodyRef("d1935", 5)))
    await Answerer(CurrentMode(make_active(mode, example)), BodyReader(fail)).request(flow)
    assert describe_error(flow) == (500, "internalError")
    assert get_note(flow).is_answered


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (b"/users/7?token=s3cr3t", "mock GET /users/7: Example 01 (path as it is, score 90)"),
        (
            b"/users/8?token=s3cr3t",
            'mock GET /users/8: no match; ids would find "Example 01" (01); nearest is "Example 01" (01): path differs',
        ),
        (b"/b?token=s3cr3t", 'mock GET /b: no match; nearest is "Example 01" (01): path differs'),
        (b"/" + b"b" * 600, f'mock GET /{"b" * 499}…: no match; nearest is "Example 01" (01): path differs'),
    ],
)
async def test_the_log_has_the_reason_and_no_query(target: bytes, line: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="understudy"):
        await answer_flow(make_flow(target=target), Mode.MOCK, make_example())
    assert caplog.messages == [line]


async def test_a_malformed_header_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log leaves out its value."""
    with caplog.at_level(logging.INFO, logger="understudy"):
        await answer_flow(make_flow(headers=((b"x-mock-response-code", b"s3cr3t"),)), Mode.MOCK, make_example())
    assert caplog.messages == ["mock GET /users/7: malformed header"]


async def test_a_miss_is_explained_only_in_a_verbose_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="understudy"):
        await answer_flow(make_flow(target=b"/b"), Mode.MOCK, make_example())
    assert caplog.messages == ["mock GET /b: no match"]


async def test_an_example_that_is_being_edited_is_answered_from_the_new_version() -> None:
    """The old body is deleted from the store before the gateway has compiled the new version."""
    old = make_example(response=make_response(body=BodyRef("0ld", 3)))
    new = make_example(response=make_response(body=BodyRef("new", 3)))
    current = CurrentMode(make_active(Mode.MOCK, old))

    def read_new(body: Body) -> bytes:
        if body == old.response.body:
            current.active = make_active(Mode.MOCK, new)
            raise NotFound("the body 0ld does not exist")
        return read(body)

    flow = make_flow()
    await Answerer(current, BodyReader(read_new)).request(flow)
    assert flow.response
    assert flow.response.content == b"new"


@pytest.mark.parametrize(("host", "status"), [("api.example.com", None), ("other.example", 403)])
async def test_a_reverse_proxy_forwards_to_its_upstream_only(host: str, status: int | None) -> None:
    flow = make_flow(address=(host, 80))
    answerer = Answerer(CurrentMode(ActiveMode(Mode.RECORD)), BodyReader(read), Origin("http", "api.example.com", 80))
    await answerer.request(flow)
    assert (flow.response and flow.response.status_code) == status


# A replay's misses


@pytest.mark.parametrize(("answer", "status"), [(MissAnswer.NOT_FOUND, 404), (MissAnswer.BAD_GATEWAY, 502)])
async def test_a_miss_of_a_replay_has_the_configured_status(answer: MissAnswer, status: int) -> None:
    current = CurrentMode(replace(make_active(Mode.REPLAY, make_example()), replay=Replay(answer)))
    flow = make_flow(target=b"/other")
    await Answerer(current, BodyReader(read)).request(flow)
    assert describe_error(flow) == (status, "mockRequestNotFoundError")
    assert current.active.replay.tally.misses.total() == 1


async def test_a_miss_of_a_replay_can_close_the_connection() -> None:
    current = CurrentMode(replace(make_active(Mode.REPLAY, make_example()), replay=Replay(MissAnswer.CLOSE)))
    flow = make_flow(target=b"/other")
    await Answerer(current, BodyReader(read)).request(flow)
    assert flow.error
    assert flow.error.msg == "Connection killed."


async def test_a_mock_counts_its_misses() -> None:
    current = CurrentMode(replace(make_active(Mode.MOCK, make_example()), replay=Replay(MissAnswer.BAD_GATEWAY)))
    flow = make_flow(target=b"/other")
    await Answerer(current, BodyReader(read)).request(flow)
    assert describe_error(flow)[0] == 404
    assert [missed.method for missed in current.active.replay.tally.misses] == ["GET"]


def make_holder(client_id: str) -> ClientHolder:
    """Return what holds requests in a layer of ours."""
    return ClientHolder(HeldRequests(make_no_timer), cast("ClientConnections", FakeConnections()), client_id)


@pytest.mark.parametrize("has_layer", [True, False])
async def test_what_was_given_up_is_held_where_the_layer_is_ours(has_layer: bool) -> None:
    """Inside stock mitmproxy the connection closes."""
    example = replace(make_example(), behaviour=FAIL_EMPTY)
    active = replace(make_active(Mode.REPLAY, example), replay=Replay(held=frozenset({example.id})))
    flow = make_flow()
    await Answerer(CurrentMode(active), BodyReader(read), make_holder=make_holder if has_layer else None).request(flow)
    assert (get_note(flow).hold is not None, flow.error is None) == (has_layer, has_layer)
