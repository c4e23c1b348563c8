"""The recording layer across switches of the mode, and in spy mode."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_response
from tests.in_memory.recording_layer import (
    GET,
    OK,
    POST,
    ConnectionDriver,
)
from understudy.matcher.index import compile_index
from understudy.serving.answers.outcomes import Answers
from understudy.serving.gateway.active import ActiveMode
from understudy.store.model.gateways import Mode

# Modes.


def test_the_next_request_gets_the_new_mode() -> None:
    answers = Answers(compile_index([make_example(response=make_response(body=b"hit"))]))
    driver = ConnectionDriver(active=ActiveMode(Mode.RECORD, answers, answers, session_id="s"))
    driver.exchange(GET, OK)
    driver.send(GET)
    driver.switch(Mode.MOCK)
    assert driver.answer(OK) + driver.commit() == OK
    driver.client = b""
    assert driver.send(GET) == b""
    assert driver.client.endswith(b"hit")
    driver.switch(Mode.RECORD)
    assert driver.exchange(GET, OK) == OK
    assert len(driver.kept) == 3


def test_a_live_request_counts_until_its_end() -> None:
    driver = ConnectionDriver()
    client = driver.context.client.id
    driver.send(GET)
    assert driver.shared.guard.live[client] == 1
    driver.answer(OK)
    assert not driver.shared.guard.idle.is_set()
    driver.commit()
    assert driver.shared.guard.live[client] == 0
    assert driver.shared.guard.idle.is_set()


def spy_driver() -> ConnectionDriver:
    answers = Answers(compile_index([make_example(response=make_response(body=b"hit"))]))
    return ConnectionDriver(active=ActiveMode(Mode.SPY, answers, answers, session_id="s"))


def test_spy_answers_from_examples_and_forwards_the_rest() -> None:
    driver = spy_driver()
    other = GET.replace(b"/users/7", b"/others/a")
    driver.send(GET + other)
    assert driver.client.endswith(b"hit")
    assert driver.upstream == other
    assert driver.answer(OK) + driver.commit() == OK
    driver.client = b""
    assert driver.send(GET) == b""
    assert driver.client.endswith(b"hit")
    assert [exchange.request.path for exchange in driver.kept] == [b"/others/a"]


def test_spy_reads_a_body_before_it_looks_it_up() -> None:
    driver = spy_driver()
    request = POST.replace(b"/users", b"/others/a").replace(b"Host", b"Expect: 100-continue\r\nHost")
    assert driver.send(request[:-5]) == b""
    assert driver.client == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert driver.send(request[-5:]) == request
    driver.answer(OK)
    assert driver.kept[0].request.body == b"hello"


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"X-A: 1", b"Upgrade: websocket\r\nConnection: Upgrade"),
        b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
    ],
)
def test_mitmproxy_gets_a_request_that_the_layer_cannot_read_from_its_first_byte(request_: bytes) -> None:
    driver = ConnectionDriver()
    driver.exchange(GET, OK)
    assert driver.send(request_) == b""
    assert [successor.data for successor in driver.successors] == [request_]


def test_a_connection_does_not_become_http_2_behind_a_request() -> None:
    driver = ConnectionDriver()
    driver.exchange(GET, OK)
    driver.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert b"HTTP/1.1 505 " in driver.client
