"""What is logged of a call."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_response
from tests.factories.stored import make_mock_server
from understudy.proxy.call_log.entry import MAX_SCANNED_BYTES, CallBuilder, drop_large_body
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.store.model.calls import KEPT_BODY, Call
from understudy.store.model.messages import Response
from understudy.store.model.values import replace

SERVED = CompiledMockServer(make_mock_server("collection"), Answers())
WIRE = b"GET /mocks/shop/users/7?password=secret HTTP/1.1\r\nHost: localhost\r\nCookie: sid=secret\r\n\r\n"


def reply(response: Response | None = None, *, fixed: bool = True, head_only: bool = False) -> Reply:
    given = make_response() if response is None else response
    assert isinstance(given.body, bytes)
    body = b"" if head_only else given.body
    return Reply(b"", body, given, None, fixed, SERVED, "example", "GET /users/7", "path as it is, score 110")


def arrived(target: bytes = b"/mocks/shop/users/7", body: bytes = b"", *fields: tuple[bytes, bytes]) -> RawRequest:
    return RawRequest("POST", target, fields, body, "HTTP/1.1", True)


def made(came: bytes | RawRequest, answer: Reply | None = None, *, at_root: bool = False) -> Call:
    return CallBuilder(at_root=at_root).build((came, answer or reply(), 12.0, 0.5), SERVED.mock.id)


def test_a_call_has_its_request_and_its_answer() -> None:
    call = made(WIRE)
    assert (call.mock_server_id, call.at, call.duration) == (SERVED.mock.id, 12.0, 0.5)
    assert (call.example_id, call.example_name, call.decision) == (
        "example",
        "GET /users/7",
        "path as it is, score 110",
    )
    assert call.request.method == "GET"
    assert call.response == make_response()


TARGETS = [
    (b"/mocks/shop/users/7?a", False, b"/users/7?a"),
    (b"/mocks/shop", False, b"/"),
    (b"http://localhost:4000/mocks/shop/users/7", False, b"/users/7"),
    (b"/users/7", False, b"/users/7"),
    (b"/mocks/shop/users/7", True, b"/mocks/shop/users/7"),
    (b"http://localhost:4010/users/7", True, b"/users/7"),
]


@pytest.mark.parametrize(("target", "at_root", "kept"), TARGETS)
def test_paths_have_no_prefix_of_the_mock_server(target: bytes, at_root: bool, kept: bytes) -> None:
    assert made(arrived(target), at_root=at_root).request.target == kept


def test_a_call_has_no_secrets() -> None:
    answer = reply(make_response(body=b'{"password": "secret"}', headers={"Set-Cookie": "sid=secret"}))
    for came in (WIRE, arrived(b"/?password=secret", b'{"password": "secret"}', (b"X-Api-Key", b"secret"))):
        assert "secret" not in repr(replace(made(came, answer), mock_server_id=""))


def test_long_bodies_are_cut_and_their_size_is_logged() -> None:
    long = b"x" * (KEPT_BODY + 1)
    call = made(arrived(body=long), reply(make_response(body=long)))
    assert (call.request.body, call.request_size) == (long[:-1], len(long))
    assert call.response
    assert (call.response.body, call.response_size) == (long[:-1], len(long))


def test_bodies_too_long_to_be_searched_for_secrets_are_not_logged() -> None:
    long = b"x" * (MAX_SCANNED_BYTES + 1)
    answer = drop_large_body(reply(make_response(body=long)))
    call = made(arrived(body=long), answer)
    assert answer.body == b""
    assert (call.request.body, call.request_size) == (b"", len(long))
    assert call.response
    assert (call.response.body, call.response_size) == (b"", len(long))


def test_a_reply_that_is_short_enough_stays_the_same() -> None:
    answer = reply()
    assert drop_large_body(answer) is answer


def test_head_has_no_body() -> None:
    assert made(WIRE, reply(head_only=True)).response_size == 0


def test_a_call_without_a_whole_answer() -> None:
    call = made(WIRE, replace(reply(), response=None))
    assert (call.response, call.response_size) == (None, 0)


def test_a_request_of_the_same_bytes_is_cached() -> None:
    maker, answer = CallBuilder(at_root=False), reply()
    one, other = (maker.build((WIRE, answer, at, 0.5), "mock") for at in (1.0, 2.0))
    assert one.request is other.request
    assert one.response is other.response
    assert (one.at, other.at) == (1.0, 2.0)


def test_answers_that_differ_are_not_mixed_up() -> None:
    maker = CallBuilder(at_root=False)
    for fixed in (True, False):
        calls = [
            maker.build((WIRE, reply(make_response(status), fixed=fixed), 0.0, 0.0), "mock") for status in (200, 404)
        ]
        assert [call.response and call.response.status for call in calls] == [200, 404]
