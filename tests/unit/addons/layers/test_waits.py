"""What a gateway's layers await from a client, and what they do when it takes too long."""

from __future__ import annotations

import pytest

from tests.in_memory.recording_layer import GET, OK, POST, UPSTREAM, ConnectionDriver, error_of
from understudy.addons.loop.client_limits import TimeLimitEvent
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.waits import Awaited
from understudy.store.model.gateways import Mode

LATE = MalformedRequest(408, "too late")
CHUNKED_POST = POST.replace(b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel")


def end_wait(driver: ConnectionDriver) -> bool:
    """End the wait; return whether the layers have answered."""
    event = TimeLimitEvent(LATE)
    driver.handle(event)
    return event.is_handled


def awaited(driver: ConnectionDriver) -> Awaited:
    return driver.layer.find_wait().kind


def test_each_state_of_a_connection_awaits_something() -> None:
    driver = ConnectionDriver()
    found = [awaited(driver)]
    for piece in (b"\r", b"\n", POST[:20], POST[20:-3], POST[-3:]):
        driver.send(piece)
        found.append(awaited(driver))
    driver.answer(OK[:20])
    found.append(awaited(driver))
    driver.answer(OK[20:])
    driver.commit()
    found.append(awaited(driver))
    assert found == [
        Awaited.REQUEST,
        Awaited.HEAD,
        Awaited.HEAD,
        Awaited.HEAD,
        Awaited.BODY,
        Awaited.NOTHING,
        Awaited.NOTHING,
        Awaited.REQUEST,
    ]


def test_a_request_that_is_answered_before_it_is_complete_is_a_stream() -> None:
    driver = ConnectionDriver()
    driver.send(POST[:-2])
    driver.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    assert awaited(driver) is Awaited.MOVEMENT


def test_two_heads_are_two_waits() -> None:
    driver = ConnectionDriver()
    driver.send(GET[:9])
    first = driver.layer.find_wait()
    driver.send(GET[9:20])
    assert driver.layer.find_wait() == first
    driver.send(GET[20:])
    driver.answer(OK)
    driver.commit()
    driver.send(GET[:9])
    assert driver.layer.find_wait() != first


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.RECORD])
def test_a_late_head_is_refused(mode: Mode) -> None:
    driver = ConnectionDriver(mode)
    driver.send(GET[:9])
    assert end_wait(driver)
    assert driver.client.startswith(b"HTTP/1.1 408 ")
    assert (driver.kept, awaited(driver)) == ([], Awaited.END)


@pytest.mark.parametrize("request_", [POST[:-2], CHUNKED_POST])
def test_a_late_body_is_refused_and_its_exchange_kept_as_failed(request_: bytes) -> None:
    driver = ConnectionDriver()
    driver.send(request_)
    assert end_wait(driver)
    driver.commit()
    assert driver.client.startswith(b"HTTP/1.1 408 ")
    assert [(one.error, one.request.body) for one in driver.kept] == [("too late", b"hel")]
    assert driver.servers[0] in driver.closed


def test_a_body_over_the_limit_of_its_size_is_refused() -> None:
    driver = ConnectionDriver(limits={"body": 10, "head": 100})
    driver.send(CHUNKED_POST.replace(b"5\r\nhel", b""))
    for _ in range(10):
        driver.send(b"14\r\n" + b"x" * 20 + b"\r\n")
    driver.commit()
    assert driver.client.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"x" * 50 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (GET[:-2] + b"X: y\r\n" * 9 + b"\r\n", 431),
        (GET[:-2] + b"X: " + b"y" * 300, 431),
        (GET[:-2] + b"X: " + b"y" * 300 + b"\r\n\r\n", 431),
        (POST.replace(b": 5", b": 50"), 413),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    ],
)
def test_a_head_over_its_limits_is_refused_at_once(request_: bytes, status: int) -> None:
    driver = ConnectionDriver(limits={"target": 40, "head": 200, "fields": 8, "body": 20})
    assert driver.send(request_) == b""
    assert driver.client.startswith(b"HTTP/1.1 %d " % status)
    assert error_of(driver.client)
    assert UPSTREAM.authority.encode() not in driver.upstream
