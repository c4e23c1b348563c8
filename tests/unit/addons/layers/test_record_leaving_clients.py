"""The recording layer when the client closes its connection before the exchange is over."""

from __future__ import annotations

import pytest

from tests.in_memory.recording_layer import (
    CHUNKED,
    GET,
    LARGE,
    OK,
    STREAM,
    UNTIL_CLOSE,
    ConnectionDriver,
)
from understudy.store.model.exchanges import GATEWAY_STOPPED
from understudy.store.model.gateways import Mode


def test_a_client_that_leaves_makes_its_exchange_failed() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(OK[:-1])
    driver.close_client()
    driver.commit()
    assert (driver.kept[0].error, driver.servers[-1] in driver.closed) == ("the client closed the connection", True)


def stream_all_but_the_end(driver: ConnectionDriver) -> None:
    """Send a streamed answer to the client, all but its end."""
    driver.send(GET)
    driver.answer(STREAM)
    assert driver.wake() == STREAM


@pytest.mark.parametrize("answer", [OK, CHUNKED])
def test_a_client_that_closes_while_its_answer_is_committed_leaves_it_complete(answer: bytes) -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(answer)
    driver.close_client()
    driver.commit()
    assert ([exchange.error for exchange in driver.kept], driver.hung_up) == ([None], True)


def test_a_client_that_closes_while_the_body_is_committed_leaves_it_complete() -> None:
    driver = ConnectionDriver(keeping=LARGE)
    driver.send(GET)
    driver.answer(OK[:-2].replace(b"Length: 2", b"Length: 200") + b"x" * 200)
    driver.close_client()
    assert driver.kept == []
    driver.commit()
    assert [exchange.error for exchange in driver.kept] == [None]


def test_a_client_that_closes_before_the_last_chunk_leaves_a_complete_exchange() -> None:
    """SDKs of LLMs close their connection at `data: [DONE]`; the chunk that ends the body comes behind it."""
    driver = ConnectionDriver()
    stream_all_but_the_end(driver)
    driver.close_client()
    assert driver.kept == []
    assert driver.answer(b"0\r\n\r\n") + driver.commit() == b""
    [kept] = driver.kept
    assert kept.response is not None
    assert (kept.error, kept.response.body, driver.hung_up) == (None, b"data: [DONE]\n\n", True)


def test_a_client_that_closed_its_sending_side_alone_gets_no_shortened_answer() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(UNTIL_CLOSE)
    driver.wake()
    driver.close_client()
    driver.answer(b"more")
    driver.close_upstream()
    assert driver.commit() == b""
    assert (driver.connections.resets, driver.hung_up) == (1, True)


def test_a_client_that_closes_before_its_upstream_does_leaves_a_complete_exchange() -> None:
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(UNTIL_CLOSE)
    driver.wake()
    driver.close_client()
    driver.close_upstream()
    driver.commit()
    assert ([exchange.error for exchange in driver.kept], driver.hung_up) == ([None], True)


def test_an_answer_whose_end_does_not_come_soon_after_its_client_has_closed_has_failed() -> None:
    driver = ConnectionDriver()
    stream_all_but_the_end(driver)
    driver.close_client()
    driver.answer(b"3\r\nabc\r\n")
    driver.wake()
    driver.commit()
    assert (driver.kept[0].error, driver.servers[-1] in driver.closed) == ("the client closed the connection", True)


def test_an_answer_that_goes_on_after_its_client_has_closed_has_failed() -> None:
    driver = ConnectionDriver()
    stream_all_but_the_end(driver)
    driver.close_client()
    driver.answer(b"fffff\r\n" + b"x" * 65_536)
    driver.commit()
    assert (driver.kept[0].error, driver.servers[-1] in driver.closed) == ("the client closed the connection", True)


def test_an_upstream_that_is_closed_with_its_client_has_not_ended_its_answer() -> None:
    """When mitmproxy ends a client's connection, it closes those to upstreams, and reports them as closed by them."""
    driver = ConnectionDriver()
    driver.send(GET)
    driver.answer(UNTIL_CLOSE)
    driver.close_client()
    driver.cut_upstream()
    driver.commit()
    assert [exchange.error for exchange in driver.kept] == ["the client closed the connection"]


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.RECORD])
def test_a_client_that_lacks_content_makes_its_exchange_failed_at_once(mode: Mode) -> None:
    driver = ConnectionDriver(mode)
    driver.send(GET)
    driver.answer(OK[:-1])
    driver.close_client()
    assert driver.servers[-1] in driver.closed


def test_without_recording_an_upstream_is_left_with_its_client() -> None:
    driver = ConnectionDriver(Mode.PASS)
    driver.send(GET)
    driver.answer(STREAM)
    driver.close_client()
    assert driver.servers[-1] in driver.closed


def test_a_client_whose_connection_the_gateway_closes_has_not_left() -> None:
    """The gateway stops: its own doing is not blamed on the client."""
    driver = ConnectionDriver()
    driver.send(GET)
    driver.context.client.error = GATEWAY_STOPPED
    driver.close_client()
    driver.commit()
    assert driver.kept[0].error == "the gateway was stopped"


def test_an_exchange_is_kept_when_its_client_is_gone_for_good() -> None:
    driver = ConnectionDriver(keeping=LARGE)
    driver.send(GET)
    driver.answer(OK.replace(b"Length: 2", b"Length: 999") + b"x" * 200)
    driver.close_client()
    driver.connections.deliver = None
    driver.commit()
    assert [exchange.error for exchange in driver.kept] == ["the client closed the connection"]
