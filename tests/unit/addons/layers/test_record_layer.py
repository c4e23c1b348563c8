"""The recording layer forwards and records: driven by events as mitmproxy's server sends them."""

from __future__ import annotations

import logging

import pytest

from tests.in_memory.recording_layer import (
    CHUNKED,
    GET,
    OK,
    POST,
    UNTIL_CLOSE,
    UPSTREAM,
    ConnectionDriver,
    error_of,
)
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.model.messages import Chunk, Headers, InterimResponse, Origin


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.RECORD])
@pytest.mark.parametrize(
    "request_",
    [
        GET,
        POST,
        POST.replace(b"Content-Length: 5\r\n\r\nhello", b"TE: x\r\n\r\n"),
        GET.replace(b"GET", b"LIST"),
        POST.replace(b"POST", b"DESCRIBE"),
    ],
)
def test_bytes_pass_untouched(mode: Mode, request_: bytes) -> None:
    driver = ConnectionDriver(mode)
    assert driver.send(request_) == request_
    assert driver.answer(OK) + driver.commit() == OK


@pytest.mark.parametrize("answer", [OK, CHUNKED, CHUNKED.replace(b"200 OK", b"404 No")])
@pytest.mark.parametrize("size", [1, 7])
def test_pieces_pass_as_they_come(answer: bytes, size: int) -> None:
    driver = ConnectionDriver(on_loss=OnLoss.CONTINUE)
    pieces = [GET[at : at + size] for at in range(0, len(GET), size)]
    assert driver.send(*pieces) == GET
    came = driver.answer(*(answer[at : at + size] for at in range(0, len(answer), size)))
    assert answer.startswith(came)
    assert 0 < len(came) < len(answer)
    assert came + driver.commit() == answer


@pytest.mark.parametrize("answer", [OK, CHUNKED])
def test_the_end_of_an_answer_waits_for_its_commit(answer: bytes) -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    assert driver.answer(answer) == b""
    assert driver.commit() == answer


def test_in_pass_mode_nothing_is_kept_and_nothing_waits() -> None:
    driver = ConnectionDriver(Mode.PASS)
    driver.send(GET)
    assert (driver.answer(OK), driver.kept) == (OK, [])


def test_an_exchange_is_kept_as_it_came() -> None:
    driver = ConnectionDriver()
    driver.exchange(GET, OK)
    [kept] = driver.kept
    assert kept.response is not None
    assert (kept.session_id, kept.request.method, kept.request.target) == ("s", "GET", b"/users/7?token=1")
    assert (kept.request.origin, kept.request.headers.fields) == (UPSTREAM, ((b"host", b"api.test"), (b"X-A", b"1")))
    assert (kept.response.status, kept.response.reason, kept.response.body) == (200, b"Fine", b"ok")
    assert kept.response.headers.get_all("x-case") == ["Kept", "Twice"]
    assert (kept.has_failed, kept.degraded) == (False, "")


def test_a_chunked_body_is_kept_decoded_with_its_trailers() -> None:
    driver = ConnectionDriver()
    driver.exchange(GET, CHUNKED)
    response = driver.kept[0].response
    assert response is not None
    assert (response.body, response.trailers) == (b"ok", Headers(((b"X-Sum", b"1"),)))


def test_a_request_in_chunks_is_kept_whole() -> None:
    request = b"POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    driver = ConnectionDriver()
    assert driver.send(request[:80], request[80:]) == request
    driver.answer(OK)
    assert driver.kept[0].request.body == b"hello"


def test_a_connection_is_kept_for_the_next_request() -> None:
    driver = ConnectionDriver()
    assert [driver.exchange(GET, OK) for _ in range(3)] == [OK] * 3
    assert (len(driver.servers), driver.hung_up) == (1, False)


def test_pipelined_requests_are_answered_in_order() -> None:
    driver = ConnectionDriver()
    assert driver.send(GET + POST[:-2], POST[-2:] + GET) == GET
    assert driver.answer(OK) + driver.commit() == OK
    assert driver.upstream == GET + POST
    assert driver.answer(CHUNKED) + driver.commit() == CHUNKED
    assert driver.answer(OK) + driver.commit() == OK
    assert [exchange.request.method for exchange in driver.kept] == ["GET", "POST", "GET"]


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
    driver = ConnectionDriver()
    assert driver.exchange(request_, answer) == answer
    assert driver.exchange(GET, OK) == OK
    assert len(driver.servers) == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"X-Case: Kept", b"content-length: 2"),
        OK.replace(b"Content-Length: 2", b"Content-Length: 2, 2 ,2"),
        OK.replace(b"X-Case: Kept", b"CONTENT-LENGTH: 2,2"),
    ],
)
def test_a_length_that_is_repeated_counts_once(answer: bytes) -> None:
    """Clients accept that from an upstream; it passes, and is kept, as it came (RFC 9110, section 8.6)."""
    driver = ConnectionDriver()
    assert driver.exchange(GET, answer) == answer
    assert driver.exchange(GET, OK) == OK
    assert len(driver.servers) == 1
    kept = driver.kept[0].response
    assert kept is not None
    fields = [tuple(line.split(b": ", 1)) for line in answer.split(b"\r\n")[1:-2]]
    assert (kept.headers.fields, kept.body) == (tuple(fields), b"ok")


def test_a_body_may_end_with_its_connection() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    assert driver.answer(UNTIL_CLOSE) + driver.wake() == UNTIL_CLOSE
    driver.close_upstream()
    assert not driver.hung_up
    driver.commit()
    assert driver.hung_up
    assert driver.kept[0].response is not None
    assert (driver.kept[0].response.body, driver.kept[0].has_failed) == (b"ok", False)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (GET.replace(b"X-A: 1", b"Connection: close"), OK),
        (GET, OK.replace(b"X-Case: Kept", b"Connection: Close")),
        (GET, OK.replace(b"HTTP/1.1", b"HTTP/1.0")),
        (GET.replace(b"HTTP/1.1", b"HTTP/1.0"), OK),
    ],
)
def test_a_connection_ends_when_either_side_asks_for_it(request_: bytes, answer: bytes) -> None:
    driver = ConnectionDriver()
    assert driver.exchange(request_, answer) == answer
    assert driver.hung_up


def test_interim_answers_pass_at_once_and_are_kept() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    driver = ConnectionDriver()
    driver.send(GET)
    assert driver.answer(early) == early
    assert driver.answer(OK) + driver.commit() == OK
    response = driver.kept[0].response
    assert response is not None
    assert response.interim == (InterimResponse(103, Headers(((b"Link", b"</a>"),)), b"Early Hints"),)


def test_a_client_that_expects_100_gets_it_from_the_upstream() -> None:
    head, body = POST[:-5].replace(b"Content", b"Expect: 100-continue\r\nContent"), POST[-5:]
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    driver = ConnectionDriver()
    assert driver.send(head) == head
    assert driver.answer(go_on) == go_on
    assert driver.send(body) == body
    assert driver.answer(OK) + driver.commit() == OK


def test_an_answer_before_the_end_of_the_request_ends_the_connection() -> None:
    driver = ConnectionDriver()
    driver.send(POST[:-2])
    answer = OK.replace(b"200 Fine", b"413 Too Large")
    assert driver.answer(answer) + driver.commit() == answer
    assert driver.hung_up
    assert driver.kept[0].degraded == "the answer came before the end of the request"


# Reverse and forward proxy.


def test_a_reverse_proxy_addresses_the_upstream_and_keeps_what_came() -> None:
    driver = ConnectionDriver()
    assert driver.send(GET.replace(b"api.test", b"127.0.0.1:8080")) == GET
    driver.answer(OK)
    assert driver.kept[0].request.headers.get("host") == "127.0.0.1:8080"


def test_a_reverse_proxy_rewrites_urls_for_the_client_and_keeps_what_came() -> None:
    answer = OK.replace(b"X-Case: Kept", b"Location: http://api.test/a\r\nSet-Cookie: a=b; Domain=api.test")
    driver = ConnectionDriver()
    given = driver.exchange(GET.replace(b"api.test", b"127.0.0.1:8080"), answer)
    assert b"\r\nLocation: http://127.0.0.1:8080/a\r\nSet-Cookie: a=b\r\n" in given
    assert driver.kept[0].response is not None
    assert driver.kept[0].response.headers.get("location") == "http://api.test/a"
    assert ConnectionDriver(urls=False).exchange(GET, answer) == answer


def test_a_forward_proxy_calls_the_host_of_the_target() -> None:
    driver = ConnectionDriver(upstream=None)
    request = b"GET http://Shop.test:81/a?b HTTP/1.1\r\nHost: other\r\nProxy-Connection: keep-alive\r\nX-A: 1\r\n\r\n"
    assert driver.send(request) == b"GET /a?b HTTP/1.1\r\nHost: shop.test:81\r\nX-A: 1\r\n\r\n"
    driver.answer(OK)
    assert driver.opened == [Origin("http", "shop.test", 81)]
    kept = driver.kept[0].request
    assert (kept.origin, kept.target, kept.headers.get("host")) == (Origin("http", "shop.test", 81), b"/a?b", "other")


def test_a_forward_proxy_changes_hosts_on_one_connection() -> None:
    driver = ConnectionDriver(upstream=None)
    for host in ("a.test", "b.test", "b.test"):
        driver.exchange(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), OK)
    assert [origin.host for origin in driver.opened] == ["a.test", "b.test"]


def test_inside_a_tunnel_a_head_is_not_touched() -> None:
    driver = ConnectionDriver(upstream=None, tunnel=True, place=Origin("http", "api.test", 8080))
    request = GET.replace(b"api.test", b"elsewhere")
    assert driver.send(request) == request
    assert driver.opened == [Origin("http", "api.test", 8080)]


@pytest.mark.parametrize(
    ("upstream", "request_", "expected"),
    [
        (None, GET, (400, "noUpstreamError")),
        (UPSTREAM, GET.replace(b"/users", b"http://other.test/users"), (403, "otherUpstreamError")),
        (UPSTREAM, GET.replace(b"/users", b"ftp://other.test/users"), (400, "malformedRequestError")),
    ],
)
def test_a_request_without_an_allowed_upstream_is_refused(
    upstream: Origin | None, request_: bytes, expected: tuple[int, str]
) -> None:
    driver = ConnectionDriver(upstream=upstream)
    driver.send(request_)
    assert (error_of(driver.client), driver.opened, driver.hung_up) == (expected, [], False)


def test_a_refused_upload_is_read_to_its_end() -> None:
    driver = ConnectionDriver(upstream=None)
    driver.send(POST[:-5])
    assert error_of(driver.client) == (400, "noUpstreamError")
    driver.client = b""
    driver.send(POST[-5:] + GET)
    assert (error_of(driver.client), driver.hung_up) == ((400, "noUpstreamError"), False)


# How it came.


def test_a_stream_is_kept_with_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr("understudy.addons.layers.record_layer.time.time", lambda: float(next(now)))
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(OK[:-2], b"o", b"k")
    response = driver.kept[0].response
    assert response is not None
    assert [(chunk.size, chunk.at) for chunk in response.chunks] == [(1, 1.0), (1, 2.0)]
    assert response.chunks[0] == Chunk(1.0, 1)


def test_the_log_line_of_a_request_has_its_outcome_and_no_query(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="understudy"):
        ConnectionDriver().exchange(GET, OK)
    assert caplog.messages == ["record GET /users/7: 200, entry 1"]
