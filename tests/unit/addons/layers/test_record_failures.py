"""The recording layer when upstreams, requests or the store fail."""

from __future__ import annotations

import pytest

from tests.in_memory.recording_layer import (
    CHUNKED,
    FULL,
    GET,
    OK,
    POST,
    UNTIL_CLOSE,
    ConnectionDriver,
    error_of,
)
from understudy.serving.gateway.active import ActiveMode
from understudy.store.model.gateways import Mode, OnLoss

# What goes wrong.


def test_an_upstream_that_cannot_be_reached() -> None:
    driver = ConnectionDriver()
    driver.unreachable = "refused"
    driver.send(GET)
    assert driver.client == b""
    assert error_of(driver.commit()) == (502, "upstreamUnreachableError")
    [kept] = driver.kept
    assert (kept.error, kept.response, driver.hung_up) == ("cannot be reached: refused", None, False)
    driver.unreachable = None
    assert driver.exchange(GET, OK) == OK


def test_an_upload_to_an_upstream_that_cannot_be_reached_is_read_to_its_end() -> None:
    driver = ConnectionDriver()
    driver.unreachable = "refused"
    driver.send(POST[:-5])
    assert error_of(driver.commit()) == (502, "upstreamUnreachableError")
    driver.unreachable = None
    assert driver.send(POST[-5:] + GET) == GET
    assert driver.answer(OK) + driver.commit() == OK


def test_an_upstream_that_closes_without_an_answer() -> None:
    driver = ConnectionDriver()
    driver.send(POST)
    driver.close_upstream()
    assert error_of(driver.commit()) == (502, "upstreamFailedError")
    assert driver.kept[0].error == "the upstream closed the connection without an answer"


def test_an_answer_that_breaks_off_is_kept_with_what_came() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    assert driver.answer(OK[:-1]) + driver.wake() == OK[:-1]
    driver.close_upstream()
    assert not driver.hung_up
    driver.commit()
    [kept] = driver.kept
    assert kept.response is not None
    assert (kept.has_failed, kept.response.body, driver.hung_up) == (True, b"o", True)


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
    driver = ConnectionDriver()
    driver.send(GET)
    assert driver.answer(answer) == b""
    assert error_of(driver.commit()) == (502, "upstreamFailedError")
    assert driver.kept[0].has_failed


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
        GET.replace(b"X-A: 1", b"X-A: 1\0"),
        GET.replace(b"X-A: 1", b"X-A : 1"),
        GET.replace(b"X-A: 1", b"Host: other"),
        GET.replace(b"GET /users", b"GET  /users"),
        GET.replace(b" HTTP", b" /b HTTP"),
        GET.replace(b"host: api.test\r\n", b""),
    ],
)
@pytest.mark.parametrize("method", [b"", b"LIST", b"DESCRIBE"])
def test_a_request_that_can_be_read_in_two_ways_is_refused(request_: bytes, method: bytes) -> None:
    driver = ConnectionDriver()
    assert driver.send((method + request_[request_.index(b" ") :] if method else request_) + GET) == b""
    assert driver.client.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert (driver.hung_up, driver.opened) == (True, [])


@pytest.mark.parametrize("chunk", [b"0x1\r\na\r\n", b"2\r\na\r\n\r\n", b"1\na\n", b"1;\r\r\na\r\n", b"\r\n", b"-1\r\n"])
def test_a_bad_chunk_is_not_passed_on(chunk: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    driver = ConnectionDriver()
    assert driver.send(head, chunk) == head
    assert error_of(driver.commit()) == (400, "malformedRequestError")
    assert (driver.hung_up, driver.servers[-1] in driver.closed) == (True, True)


def test_bytes_of_an_idle_upstream_end_its_connection() -> None:
    driver = ConnectionDriver()
    driver.exchange(GET, OK)
    assert driver.answer(OK) == b""
    assert driver.servers[0] in driver.closed
    assert driver.exchange(GET, OK) == OK


def test_an_idle_connection_that_is_closed_is_opened_anew() -> None:
    driver = ConnectionDriver()
    driver.exchange(GET, OK)
    driver.close_upstream()
    assert driver.exchange(POST, OK) == OK
    assert len(driver.servers) == 2


def test_a_request_that_meets_a_closing_connection_is_sent_again() -> None:
    driver = ConnectionDriver()
    driver.exchange(GET, OK)
    driver.send(GET)
    driver.upstream = b""
    driver.close_upstream()
    assert driver.upstream == GET
    assert driver.answer(OK) + driver.commit() == OK
    driver.close_upstream()
    assert [exchange.has_failed for exchange in driver.kept] == [False, False]


def test_a_request_that_is_not_idempotent_is_sent_once() -> None:
    driver = ConnectionDriver()
    driver.exchange(GET, OK)
    driver.send(POST)
    driver.close_upstream()
    assert error_of(driver.commit()) == (502, "upstreamFailedError")
    assert len(driver.servers) == 1


# When it cannot be kept.


def test_an_answer_that_cannot_be_kept_is_replaced() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(OK)
    assert error_of(driver.commit(FULL)) == (502, "recordingFailedError")
    assert driver.exchange(GET, OK) == OK


def test_an_answer_in_two_pieces_is_replaced_if_they_come_at_once() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    assert driver.answer(OK[:-2], OK[-2:]) == b""
    assert error_of(driver.commit(FULL)) == (502, "recordingFailedError")


def test_an_answer_that_has_begun_and_cannot_be_kept_is_broken_off() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(OK[:-1])
    driver.wake()
    driver.answer(OK[-1:])
    assert (driver.commit(FULL), driver.hung_up) == (b"", True)


def test_an_answer_that_would_end_with_its_connection_breaks_off_with_a_reset() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(UNTIL_CLOSE)
    driver.wake()
    driver.close_upstream()
    driver.commit(FULL)
    assert driver.connections.resets == 1


def test_with_on_loss_continue_the_answer_goes_on() -> None:
    driver = ConnectionDriver(on_loss=OnLoss.CONTINUE)
    driver.send(GET)
    driver.answer(OK)
    assert driver.commit(FULL) == OK


def test_without_a_session_the_client_gets_an_error() -> None:
    driver = ConnectionDriver(active=ActiveMode(Mode.RECORD))
    driver.send(GET)
    assert error_of(driver.answer(OK)) == (502, "recordingFailedError")
    assert driver.commits.lost == [""]
