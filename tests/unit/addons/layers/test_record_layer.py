"""The layer that forwards and records, driven by events as mitmproxy's server sends them."""

from __future__ import annotations

import json
import logging

import pytest

from tests.factories.messages import make_example, make_response
from tests.in_memory.recording_layer import UPSTREAM, Driven
from understudy.matcher.index import compile_index
from understudy.serving.answers.outcomes import Answers
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.http1.body_recorder import PIECE_BYTES, BodyLimits
from understudy.store.errors import StoreError
from understudy.store.model.exchanges import GATEWAY_STOPPED
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.model.messages import Chunk, Headers, InterimResponse, Origin, PiecedBody

GET = b"GET /users/7?token=1 HTTP/1.1\r\nhost: api.test\r\nX-A: 1\r\n\r\n"
POST = b"POST /users HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 Fine\r\nX-Case: Kept\r\nx-case: Twice\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\ndata: [DONE]\n\n\r\n"
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\nok"
LARGE = BodyLimits(large=100)
FULL = StoreError("no space left")


def told(reply: bytes) -> tuple[int, str]:
    """Status and name of an error of ours."""
    head, _, body = reply.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)["error"]["name"]


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.RECORD])
@pytest.mark.parametrize("request_", [GET, POST, POST.replace(b"Content-Length: 5\r\n\r\nhello", b"TE: x\r\n\r\n")])
def test_bytes_pass_untouched(mode: Mode, request_: bytes) -> None:
    driven = Driven(mode)
    assert driven.send(request_) == request_
    assert driven.answer(OK) + driven.commit() == OK


@pytest.mark.parametrize("answer", [OK, CHUNKED, CHUNKED.replace(b"200 OK", b"404 No")])
@pytest.mark.parametrize("size", [1, 7])
def test_pieces_pass_as_they_come(answer: bytes, size: int) -> None:
    driven = Driven(on_loss=OnLoss.CONTINUE)
    pieces = [GET[at : at + size] for at in range(0, len(GET), size)]
    assert driven.send(*pieces) == GET
    came = driven.answer(*(answer[at : at + size] for at in range(0, len(answer), size)))
    assert answer.startswith(came)
    assert 0 < len(came) < len(answer)
    assert came + driven.commit() == answer


@pytest.mark.parametrize("answer", [OK, CHUNKED])
def test_the_end_of_an_answer_waits_for_its_commit(answer: bytes) -> None:
    driven = Driven()
    driven.send(GET)
    assert driven.answer(answer) == b""
    assert driven.commit() == answer


def test_in_pass_mode_nothing_is_kept_and_nothing_waits() -> None:
    driven = Driven(Mode.PASS)
    driven.send(GET)
    assert (driven.answer(OK), driven.kept) == (OK, [])


def test_what_came_is_what_is_kept() -> None:
    driven = Driven()
    driven.exchange(GET, OK)
    [kept] = driven.kept
    assert kept.response is not None
    assert (kept.session_id, kept.request.method, kept.request.target) == ("s", "GET", b"/users/7?token=1")
    assert (kept.request.origin, kept.request.headers.fields) == (UPSTREAM, ((b"host", b"api.test"), (b"X-A", b"1")))
    assert (kept.response.status, kept.response.reason, kept.response.body) == (200, b"Fine", b"ok")
    assert kept.response.headers.get_all("x-case") == ["Kept", "Twice"]
    assert (kept.has_failed, kept.degraded) == (False, "")


def test_chunks_are_undone_and_trailers_kept() -> None:
    driven = Driven()
    driven.exchange(GET, CHUNKED)
    response = driven.kept[0].response
    assert response is not None
    assert (response.body, response.trailers) == (b"ok", Headers(((b"X-Sum", b"1"),)))


def test_a_request_in_chunks_is_kept_whole() -> None:
    request = b"POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    driven = Driven()
    assert driven.send(request[:80], request[80:]) == request
    driven.answer(OK)
    assert driven.kept[0].request.body == b"hello"


def test_a_connection_is_kept_for_the_next_request() -> None:
    driven = Driven()
    assert [driven.exchange(GET, OK) for _ in range(3)] == [OK] * 3
    assert (len(driven.servers), driven.hung_up) == (1, False)


def test_pipelined_requests_are_answered_in_order() -> None:
    driven = Driven()
    assert driven.send(GET + POST[:-2], POST[-2:] + GET) == GET
    assert driven.answer(OK) + driven.commit() == OK
    assert driven.upstream == GET + POST
    assert driven.answer(CHUNKED) + driven.commit() == CHUNKED
    assert driven.answer(OK) + driven.commit() == OK
    assert [one.request.method for one in driven.kept] == ["GET", "POST", "GET"]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (GET.replace(b"GET", b"HEAD"), OK[:-2]),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"),
        (GET, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_an_answer_without_a_body_ends_with_its_head(request_: bytes, answer: bytes) -> None:
    driven = Driven()
    assert driven.exchange(request_, answer) == answer
    assert driven.exchange(GET, OK) == OK
    assert len(driven.servers) == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"X-Case: Kept", b"content-length: 2"),
        OK.replace(b"Content-Length: 2", b"Content-Length: 2, 2 ,2"),
        OK.replace(b"X-Case: Kept", b"CONTENT-LENGTH: 2,2"),
    ],
)
def test_a_length_that_is_told_twice_is_one(answer: bytes) -> None:
    """Clients take that from the upstream; it passes, and is kept, as it came (RFC 9110, section 8.6)."""
    driven = Driven()
    assert driven.exchange(GET, answer) == answer
    assert driven.exchange(GET, OK) == OK
    assert len(driven.servers) == 1
    kept = driven.kept[0].response
    assert kept is not None
    fields = [tuple(line.split(b": ", 1)) for line in answer.split(b"\r\n")[1:-2]]
    assert (kept.headers.fields, kept.body) == (tuple(fields), b"ok")


def test_a_body_may_end_with_its_connection() -> None:
    driven = Driven()
    driven.send(GET)
    assert driven.answer(UNTIL_CLOSE) + driven.wake() == UNTIL_CLOSE
    driven.upstream_closes()
    assert not driven.hung_up
    driven.commit()
    assert driven.hung_up
    assert driven.kept[0].response is not None
    assert (driven.kept[0].response.body, driven.kept[0].has_failed) == (b"ok", False)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (GET.replace(b"X-A: 1", b"Connection: close"), OK),
        (GET, OK.replace(b"X-Case: Kept", b"Connection: Close")),
        (GET, OK.replace(b"HTTP/1.1", b"HTTP/1.0")),
        (GET.replace(b"HTTP/1.1", b"HTTP/1.0"), OK),
    ],
)
def test_a_connection_ends_where_either_side_says_so(request_: bytes, answer: bytes) -> None:
    driven = Driven()
    assert driven.exchange(request_, answer) == answer
    assert driven.hung_up


def test_interim_answers_pass_at_once_and_are_kept() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    driven = Driven()
    driven.send(GET)
    assert driven.answer(early) == early
    assert driven.answer(OK) + driven.commit() == OK
    response = driven.kept[0].response
    assert response is not None
    assert response.interim == (InterimResponse(103, Headers(((b"Link", b"</a>"),)), b"Early Hints"),)


def test_a_client_that_expects_100_hears_it_from_the_upstream() -> None:
    head, body = POST[:-5].replace(b"Content", b"Expect: 100-continue\r\nContent"), POST[-5:]
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    driven = Driven()
    assert driven.send(head) == head
    assert driven.answer(go_on) == go_on
    assert driven.send(body) == body
    assert driven.answer(OK) + driven.commit() == OK


def test_an_answer_before_the_end_of_the_request_ends_the_connection() -> None:
    driven = Driven()
    driven.send(POST[:-2])
    answer = OK.replace(b"200 Fine", b"413 Too Large")
    assert driven.answer(answer) + driven.commit() == answer
    assert driven.hung_up
    assert driven.kept[0].degraded == "the answer came before the end of the request"


# Reverse and forward proxy.


def test_a_reverse_proxy_addresses_the_upstream_and_keeps_what_came() -> None:
    driven = Driven()
    assert driven.send(GET.replace(b"api.test", b"127.0.0.1:8080")) == GET
    driven.answer(OK)
    assert driven.kept[0].request.headers.get("host") == "127.0.0.1:8080"


def test_a_reverse_proxy_makes_urls_its_own_and_keeps_what_came() -> None:
    answer = OK.replace(b"X-Case: Kept", b"Location: http://api.test/a\r\nSet-Cookie: a=b; Domain=api.test")
    driven = Driven()
    given = driven.exchange(GET.replace(b"api.test", b"127.0.0.1:8080"), answer)
    assert b"\r\nLocation: http://127.0.0.1:8080/a\r\nSet-Cookie: a=b\r\n" in given
    assert driven.kept[0].response is not None
    assert driven.kept[0].response.headers.get("location") == "http://api.test/a"
    assert Driven(urls=False).exchange(GET, answer) == answer


def test_a_forward_proxy_asks_the_host_that_is_named() -> None:
    driven = Driven(upstream=None)
    request = b"GET http://Shop.test:81/a?b HTTP/1.1\r\nHost: other\r\nProxy-Connection: keep-alive\r\nX-A: 1\r\n\r\n"
    assert driven.send(request) == b"GET /a?b HTTP/1.1\r\nHost: shop.test:81\r\nX-A: 1\r\n\r\n"
    driven.answer(OK)
    assert driven.opened == [Origin("http", "shop.test", 81)]
    kept = driven.kept[0].request
    assert (kept.origin, kept.target, kept.headers.get("host")) == (Origin("http", "shop.test", 81), b"/a?b", "other")


def test_a_forward_proxy_changes_hosts_on_one_connection() -> None:
    driven = Driven(upstream=None)
    for host in ("a.test", "b.test", "b.test"):
        driven.exchange(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), OK)
    assert [origin.host for origin in driven.opened] == ["a.test", "b.test"]


def test_inside_a_tunnel_a_head_is_not_touched() -> None:
    driven = Driven(upstream=None, tunnel=True, place=Origin("http", "api.test", 8080))
    request = GET.replace(b"api.test", b"elsewhere")
    assert driven.send(request) == request
    assert driven.opened == [Origin("http", "api.test", 8080)]


@pytest.mark.parametrize(
    ("upstream", "request_", "expected"),
    [
        (None, GET, (400, "noUpstreamError")),
        (UPSTREAM, GET.replace(b"/users", b"http://other.test/users"), (403, "otherUpstreamError")),
        (UPSTREAM, GET.replace(b"/users", b"ftp://other.test/users"), (400, "malformedRequestError")),
    ],
)
def test_a_request_that_nobody_can_be_asked(
    upstream: Origin | None, request_: bytes, expected: tuple[int, str]
) -> None:
    driven = Driven(upstream=upstream)
    driven.send(request_)
    assert (told(driven.client), driven.opened, driven.hung_up) == (expected, [], False)


def test_a_refused_upload_is_read_to_its_end() -> None:
    driven = Driven(upstream=None)
    driven.send(POST[:-5])
    assert told(driven.client) == (400, "noUpstreamError")
    driven.client = b""
    driven.send(POST[-5:] + GET)
    assert (told(driven.client), driven.hung_up) == ((400, "noUpstreamError"), False)


# What goes wrong.


def test_an_upstream_that_cannot_be_reached() -> None:
    driven = Driven()
    driven.unreachable = "refused"
    driven.send(GET)
    assert driven.client == b""
    assert told(driven.commit()) == (502, "upstreamUnreachableError")
    [kept] = driven.kept
    assert (kept.error, kept.response, driven.hung_up) == ("refused", None, False)
    driven.unreachable = None
    assert driven.exchange(GET, OK) == OK


def test_an_upload_to_an_upstream_that_cannot_be_reached_is_read_to_its_end() -> None:
    driven = Driven()
    driven.unreachable = "refused"
    driven.send(POST[:-5])
    assert told(driven.commit()) == (502, "upstreamUnreachableError")
    driven.unreachable = None
    assert driven.send(POST[-5:] + GET) == GET
    assert driven.answer(OK) + driven.commit() == OK


def test_an_upstream_that_closes_without_an_answer() -> None:
    driven = Driven()
    driven.send(POST)
    driven.upstream_closes()
    assert told(driven.commit()) == (502, "upstreamFailedError")
    assert driven.kept[0].error == "the upstream closed the connection without an answer"


def test_an_answer_that_breaks_off_is_kept_with_what_came() -> None:
    driven = Driven()
    driven.send(GET)
    assert driven.answer(OK[:-1]) + driven.wake() == OK[:-1]
    driven.upstream_closes()
    assert not driven.hung_up
    driven.commit()
    [kept] = driven.kept
    assert kept.response is not None
    assert (kept.has_failed, kept.response.body, driven.hung_up) == (True, b"o", True)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0\r\n\r\n",
        OK.replace(b"X-Case: Kept", b"Content-Length: 3"),
        OK.replace(b"Content-Length: 2", b"Content-Length: 2, 3"),
        OK.replace(b"X-Case: Kept", b"Content-Length: 2\r\nContent-Length: x"),
        OK.replace(b"X-Case: Kept", b"Content-Length: 2\r\nTransfer-Encoding: chunked"),
        OK.replace(b"X-Case: Kept", b"Transfer-Encoding: chunked"),
        OK.replace(b"X-Case: Kept", b"X: a\r\n folded"),
        CHUNKED.replace(b"2;a", b"0x2;a"),
        OK.replace(b"200 Fine", b"101 Switching Protocols"),
    ],
)
def test_an_answer_that_can_be_read_in_two_ways_is_not_passed_on(answer: bytes) -> None:
    driven = Driven()
    driven.send(GET)
    assert driven.answer(answer) == b""
    assert told(driven.commit()) == (502, "upstreamFailedError")
    assert driven.kept[0].has_failed


@pytest.mark.parametrize(
    "request_",
    [
        POST.replace(b"Host", b"Content-Length: 5\r\nHost"),
        POST.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost"),
        POST.replace(b"Content-Length: 5", b"Content-Length: 5, 5"),
        POST.replace(b"Content-Length: 5", b"Transfer-Encoding: gzip, chunked"),
        GET.replace(b"X-A: 1", b"X-A: 1\r\n folded"),
        GET.replace(b"X-A: 1", b"X-A: 1\rX-B: 2"),
        GET.replace(b"X-A: 1", b"X-A: 1\nX-B: 2"),
        GET.replace(b"X-A: 1", b"X-A : 1"),
        GET.replace(b"X-A: 1", b"Host: other"),
        GET.replace(b"GET /users", b"GET  /users"),
        GET.replace(b" HTTP", b" /b HTTP"),
        GET.replace(b"host: api.test\r\n", b""),
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(request_: bytes) -> None:
    driven = Driven()
    assert driven.send(request_ + GET) == b""
    assert driven.client.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert (driven.hung_up, driven.opened) == (True, [])


@pytest.mark.parametrize("chunk", [b"0x1\r\na\r\n", b"2\r\na\r\n\r\n", b"1\na\n", b"1;\r\r\na\r\n", b"\r\n", b"-1\r\n"])
def test_a_bad_chunk_is_not_passed_on(chunk: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    driven = Driven()
    assert driven.send(head, chunk) == head
    assert told(driven.commit()) == (400, "malformedRequestError")
    assert (driven.hung_up, driven.servers[-1] in driven.closed) == (True, True)


def test_a_client_that_leaves_is_kept_as_failed() -> None:
    driven = Driven()
    driven.send(GET)
    driven.answer(OK[:-1])
    driven.client_closes()
    driven.commit()
    assert (driven.kept[0].error, driven.servers[-1] in driven.closed) == ("the client closed the connection", True)


def stream(driven: Driven) -> None:
    """A streamed answer of which the client got all but the end."""
    driven.send(GET)
    driven.answer(STREAM)
    assert driven.wake() == STREAM


@pytest.mark.parametrize("answer", [OK, CHUNKED])
def test_a_client_that_closes_while_its_answer_is_committed_leaves_it_complete(answer: bytes) -> None:
    driven = Driven()
    driven.send(GET)
    driven.answer(answer)
    driven.client_closes()
    driven.commit()
    assert ([one.error for one in driven.kept], driven.hung_up) == ([None], True)


def test_a_client_that_closes_while_the_body_is_committed_leaves_it_complete() -> None:
    driven = Driven(keeping=LARGE)
    driven.send(GET)
    driven.answer(OK[:-2].replace(b"Length: 2", b"Length: 200") + b"x" * 200)
    driven.client_closes()
    assert driven.kept == []
    driven.commit()
    assert [one.error for one in driven.kept] == [None]


def test_a_client_that_closes_before_the_last_chunk_leaves_a_complete_exchange() -> None:
    """SDKs of LLMs close their connection at `data: [DONE]`; the chunk that ends the body comes behind it."""
    driven = Driven()
    stream(driven)
    driven.client_closes()
    assert driven.kept == []
    assert driven.answer(b"0\r\n\r\n") + driven.commit() == b""
    [kept] = driven.kept
    assert kept.response is not None
    assert (kept.error, kept.response.body, driven.hung_up) == (None, b"data: [DONE]\n\n", True)


def test_a_client_that_closed_its_sending_side_alone_gets_no_shortened_answer() -> None:
    driven = Driven()
    driven.send(GET)
    driven.answer(UNTIL_CLOSE)
    driven.wake()
    driven.client_closes()
    driven.answer(b"more")
    driven.upstream_closes()
    assert driven.commit() == b""
    assert (driven.connections.resets, driven.hung_up) == (1, True)


def test_a_client_that_closes_before_its_upstream_does_leaves_a_complete_exchange() -> None:
    driven = Driven()
    driven.send(GET)
    driven.answer(UNTIL_CLOSE)
    driven.wake()
    driven.client_closes()
    driven.upstream_closes()
    driven.commit()
    assert ([one.error for one in driven.kept], driven.hung_up) == ([None], True)


def test_an_answer_whose_end_does_not_come_soon_after_its_client_has_closed_has_failed() -> None:
    driven = Driven()
    stream(driven)
    driven.client_closes()
    driven.answer(b"3\r\nabc\r\n")
    driven.wake()
    driven.commit()
    assert (driven.kept[0].error, driven.servers[-1] in driven.closed) == ("the client closed the connection", True)


def test_an_answer_that_goes_on_after_its_client_has_closed_has_failed() -> None:
    driven = Driven()
    stream(driven)
    driven.client_closes()
    driven.answer(b"fffff\r\n" + b"x" * 65_536)
    driven.commit()
    assert (driven.kept[0].error, driven.servers[-1] in driven.closed) == ("the client closed the connection", True)


def test_an_upstream_that_is_closed_with_its_client_has_not_ended_its_answer() -> None:
    """When mitmproxy ends a client's connection, it closes those to upstreams, and reports them as closed by them."""
    driven = Driven()
    driven.send(GET)
    driven.answer(UNTIL_CLOSE)
    driven.client_closes()
    driven.upstream_is_cut()
    driven.commit()
    assert [one.error for one in driven.kept] == ["the client closed the connection"]


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.RECORD])
def test_a_client_that_cannot_have_all_content_is_not_waited_for(mode: Mode) -> None:
    driven = Driven(mode)
    driven.send(GET)
    driven.answer(OK[:-1])
    driven.client_closes()
    assert driven.servers[-1] in driven.closed


def test_without_recording_an_upstream_is_left_with_its_client() -> None:
    driven = Driven(Mode.PASS)
    driven.send(GET)
    driven.answer(STREAM)
    driven.client_closes()
    assert driven.servers[-1] in driven.closed


def test_a_client_that_is_hung_up_on_has_not_left() -> None:
    """The gateway ends: its own doing is not put on the client."""
    driven = Driven()
    driven.send(GET)
    driven.context.client.error = GATEWAY_STOPPED
    driven.client_closes()
    driven.commit()
    assert driven.kept[0].error == "the gateway was stopped"


def test_an_exchange_is_kept_when_its_client_is_gone_for_good() -> None:
    driven = Driven(keeping=LARGE)
    driven.send(GET)
    driven.answer(OK.replace(b"Length: 2", b"Length: 999") + b"x" * 200)
    driven.client_closes()
    driven.connections.tell = None
    driven.commit()
    assert [one.error for one in driven.kept] == ["the client closed the connection"]


def test_what_an_idle_upstream_says_unasked_ends_its_connection() -> None:
    driven = Driven()
    driven.exchange(GET, OK)
    assert driven.answer(OK) == b""
    assert driven.servers[0] in driven.closed
    assert driven.exchange(GET, OK) == OK


def test_an_idle_connection_that_is_closed_is_opened_anew() -> None:
    driven = Driven()
    driven.exchange(GET, OK)
    driven.upstream_closes()
    assert driven.exchange(POST, OK) == OK
    assert len(driven.servers) == 2


def test_a_request_that_meets_a_closing_connection_is_sent_again() -> None:
    driven = Driven()
    driven.exchange(GET, OK)
    driven.send(GET)
    driven.upstream = b""
    driven.upstream_closes()
    assert driven.upstream == GET
    assert driven.answer(OK) + driven.commit() == OK
    driven.upstream_closes()
    assert [one.has_failed for one in driven.kept] == [False, False]


def test_a_request_that_may_not_be_sent_twice_is_not() -> None:
    driven = Driven()
    driven.exchange(GET, OK)
    driven.send(POST)
    driven.upstream_closes()
    assert told(driven.commit()) == (502, "upstreamFailedError")
    assert len(driven.servers) == 1


# When it cannot be kept.


def test_an_answer_that_cannot_be_kept_is_replaced() -> None:
    driven = Driven()
    driven.send(GET)
    driven.answer(OK)
    assert told(driven.commit(FULL)) == (502, "recordingFailedError")
    assert driven.exchange(GET, OK) == OK


def test_an_answer_in_two_pieces_is_replaced_if_they_come_at_once() -> None:
    driven = Driven()
    driven.send(GET)
    assert driven.answer(OK[:-2], OK[-2:]) == b""
    assert told(driven.commit(FULL)) == (502, "recordingFailedError")


def test_an_answer_that_has_begun_and_cannot_be_kept_is_broken_off() -> None:
    driven = Driven()
    driven.send(GET)
    driven.answer(OK[:-1])
    driven.wake()
    driven.answer(OK[-1:])
    assert (driven.commit(FULL), driven.hung_up) == (b"", True)


def test_the_end_of_a_connection_does_not_pass_for_that_of_an_answer() -> None:
    driven = Driven()
    driven.send(GET)
    driven.answer(UNTIL_CLOSE)
    driven.wake()
    driven.upstream_closes()
    driven.commit(FULL)
    assert driven.connections.resets == 1


def test_with_on_loss_continue_the_answer_goes_on() -> None:
    driven = Driven(on_loss=OnLoss.CONTINUE)
    driven.send(GET)
    driven.answer(OK)
    assert driven.commit(FULL) == OK


def test_without_a_session_nothing_passes_for_kept() -> None:
    driven = Driven(active=ActiveMode(Mode.RECORD))
    driven.send(GET)
    assert told(driven.answer(OK)) == (502, "recordingFailedError")
    assert driven.commits.lost == [""]


# Large bodies.


def test_a_large_body_goes_to_the_store_in_pieces() -> None:
    body = bytes(range(256)) * (3 * PIECE_BYTES // 256)
    driven = Driven(keeping=LARGE)
    driven.send(GET)
    driven.answer(OK[:-2].replace(b"Length: 2", b"Length: %d" % len(body)))
    for at in range(0, len(body), 65_535):
        driven.answer(body[at : at + 65_535])
    assert driven.kept == []
    driven.commit()
    [kept] = driven.kept
    assert kept.response is not None
    assert isinstance(kept.response.body, PiecedBody)
    assert b"".join(content for _, _, content in driven.commits.pieces) == body
    assert [number for _, number, _ in driven.commits.pieces] == [0, 1, 2]
    assert {key for key, _, _ in driven.commits.pieces} == {kept.response.body.key}
    assert kept.response.body.size == len(body)


def test_who_sends_faster_than_the_store_takes_has_to_wait() -> None:
    driven = Driven(keeping=LARGE)
    driven.send(GET)
    driven.answer(OK[:-2].replace(b"Length: 2", b"Length: 99999999"))
    for _ in range(5):
        driven.answer(b"x" * 1024 * 1024)
    assert driven.servers[0] in driven.connections.stopped
    driven.commit()
    assert driven.connections.stopped == set()


def test_a_client_that_sends_ahead_has_to_wait() -> None:
    driven = Driven()
    driven.send(GET, *[GET] * 10_000)
    assert driven.context.client in driven.connections.stopped


def test_a_large_request_goes_to_the_store_in_pieces() -> None:
    driven = Driven(keeping=LARGE)
    driven.send(POST[:-5].replace(b"Length: 5", b"Length: 150"), b"x" * 150)
    driven.answer(OK)
    driven.commit()
    assert isinstance(driven.kept[0].request.body, PiecedBody)
    assert [content for _, _, content in driven.commits.pieces] == [b"x" * 150]


def test_a_large_body_that_cannot_be_kept_breaks_off() -> None:
    driven = Driven(keeping=LARGE)
    driven.send(GET)
    driven.answer(OK[:-2].replace(b"Length: 2", b"Length: 999999999"), b"x" * PIECE_BYTES)
    driven.commit(FULL)
    assert (driven.hung_up, driven.kept) == (True, [])
    assert driven.commits.lost == ["/users/7?token=1: no space left"]


def test_a_large_body_that_cannot_be_kept_goes_on_if_it_is_to() -> None:
    driven = Driven(keeping=LARGE, on_loss=OnLoss.CONTINUE)
    driven.send(GET)
    body = b"x" * PIECE_BYTES
    driven.answer(OK[:-2].replace(b"Length: 2", b"Length: %d" % (2 * len(body))), body)
    driven.commit(FULL)
    assert driven.answer(body) == body
    assert (driven.hung_up, driven.kept) == (False, [])
    assert driven.commits.lost == ["/users/7?token=1: no space left"]


def test_a_cap_marks_what_it_cut() -> None:
    driven = Driven(keeping=BodyLimits(max_size=1))
    assert driven.exchange(POST, OK) == OK
    [kept] = driven.kept
    assert kept.response is not None
    assert (kept.request.body, kept.response.body) == (b"h", b"o")
    cut = "the body of the request was cut after 1 bytes; the body of the response was cut after 1 bytes"
    assert kept.degraded == cut


# Modes.


def test_the_next_request_gets_the_new_mode() -> None:
    answers = Answers(compile_index([make_example(response=make_response(body=b"hit"))]))
    driven = Driven(active=ActiveMode(Mode.RECORD, answers, answers, session_id="s"))
    driven.exchange(GET, OK)
    driven.send(GET)
    driven.switch(Mode.MOCK)
    assert driven.answer(OK) + driven.commit() == OK
    driven.client = b""
    assert driven.send(GET) == b""
    assert driven.client.endswith(b"hit")
    driven.switch(Mode.RECORD)
    assert driven.exchange(GET, OK) == OK
    assert len(driven.kept) == 3


def test_a_live_request_counts_until_its_end() -> None:
    driven = Driven()
    client = driven.context.client.id
    driven.send(GET)
    assert driven.shared.guard.live[client] == 1
    driven.answer(OK)
    assert not driven.shared.guard.idle.is_set()
    driven.commit()
    assert driven.shared.guard.live[client] == 0
    assert driven.shared.guard.idle.is_set()


def spying() -> Driven:
    answers = Answers(compile_index([make_example(response=make_response(body=b"hit"))]))
    return Driven(active=ActiveMode(Mode.SPY, answers, answers, session_id="s"))


def test_spy_answers_what_is_known_and_forwards_the_rest() -> None:
    driven = spying()
    other = GET.replace(b"/users/7", b"/others/a")
    driven.send(GET + other)
    assert driven.client.endswith(b"hit")
    assert driven.upstream == other
    assert driven.answer(OK) + driven.commit() == OK
    driven.client = b""
    assert driven.send(GET) == b""
    assert driven.client.endswith(b"hit")
    assert [one.request.path for one in driven.kept] == [b"/others/a"]


def test_spy_reads_a_body_before_it_decides() -> None:
    driven = spying()
    request = POST.replace(b"/users", b"/others/a").replace(b"Host", b"Expect: 100-continue\r\nHost")
    assert driven.send(request[:-5]) == b""
    assert driven.client == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert driven.send(request[-5:]) == request
    driven.answer(OK)
    assert driven.kept[0].request.body == b"hello"


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"X-A: 1", b"Upgrade: websocket\r\nConnection: Upgrade"),
        GET.replace(b"GET", b"BREW"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
    ],
)
def test_what_is_not_spoken_here_is_mitmproxys_from_its_first_byte(request_: bytes) -> None:
    driven = Driven()
    driven.exchange(GET, OK)
    assert driven.send(request_) == b""
    assert [taker.data for taker in driven.takers] == [request_]


# How it came.


def test_a_stream_is_kept_with_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr("understudy.addons.layers.record_layer.time.time", lambda: float(next(now)))
    driven = Driven()
    driven.send(GET)
    driven.answer(OK[:-2], b"o", b"k")
    response = driven.kept[0].response
    assert response is not None
    assert [(chunk.size, chunk.at) for chunk in response.chunks] == [(1, 1.0), (1, 2.0)]
    assert response.chunks[0] == Chunk(1.0, 1)


def test_a_line_says_what_became_of_a_request_and_hides_its_query(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="understudy"):
        Driven().exchange(GET, OK)
    assert caplog.messages == ["record GET /users/7: 200, entry 1"]
