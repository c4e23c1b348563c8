"""The recording layer with bodies that go to the store in pieces."""

from __future__ import annotations

from tests.in_memory.recording_layer import (
    FULL,
    GET,
    LARGE,
    OK,
    POST,
    ConnectionDriver,
)
from understudy.serving.http1.body_recorder import PIECE_BYTES, BodyLimits
from understudy.store.model.gateways import OnLoss
from understudy.store.model.messages import PiecedBody

# Large bodies.


def test_a_large_body_goes_to_the_store_in_pieces() -> None:
    body = bytes(range(256)) * (3 * PIECE_BYTES // 256)
    driver = ConnectionDriver(keeping=LARGE)
    driver.send(GET)
    driver.answer(OK[:-2].replace(b"Length: 2", b"Length: %d" % len(body)))
    for at in range(0, len(body), 65_535):
        driver.answer(body[at : at + 65_535])
    assert driver.kept == []
    driver.commit()
    [kept] = driver.kept
    assert kept.response is not None
    assert isinstance(kept.response.body, PiecedBody)
    assert b"".join(content for _, _, content in driver.commits.pieces) == body
    assert [number for _, number, _ in driver.commits.pieces] == [0, 1, 2]
    assert {key for key, _, _ in driver.commits.pieces} == {kept.response.body.key}
    assert kept.response.body.size == len(body)


def test_an_upstream_that_sends_faster_than_the_store_takes_has_to_wait() -> None:
    driver = ConnectionDriver(keeping=LARGE)
    driver.send(GET)
    driver.answer(OK[:-2].replace(b"Length: 2", b"Length: 99999999"))
    for _ in range(5):
        driver.answer(b"x" * 1024 * 1024)
    assert driver.servers[0] in driver.connections.stopped
    driver.commit()
    assert driver.connections.stopped == set()


def test_a_client_that_sends_ahead_has_to_wait() -> None:
    driver = ConnectionDriver()
    driver.send(GET, *[GET] * 10_000)
    assert driver.context.client in driver.connections.stopped


def test_a_large_request_goes_to_the_store_in_pieces() -> None:
    driver = ConnectionDriver(keeping=LARGE)
    driver.send(POST[:-5].replace(b"Length: 5", b"Length: 150"), b"x" * 150)
    driver.answer(OK)
    driver.commit()
    assert isinstance(driver.kept[0].request.body, PiecedBody)
    assert [content for _, _, content in driver.commits.pieces] == [b"x" * 150]


def test_a_large_body_that_cannot_be_kept_breaks_off() -> None:
    driver = ConnectionDriver(keeping=LARGE)
    driver.send(GET)
    driver.answer(OK[:-2].replace(b"Length: 2", b"Length: 999999999"), b"x" * PIECE_BYTES)
    driver.commit(FULL)
    assert (driver.hung_up, driver.kept) == (True, [])
    assert driver.commits.lost == ["/users/7?token=1: no space left"]


def test_with_on_loss_continue_a_large_body_that_cannot_be_kept_goes_on() -> None:
    driver = ConnectionDriver(keeping=LARGE, on_loss=OnLoss.CONTINUE)
    driver.send(GET)
    body = b"x" * PIECE_BYTES
    driver.answer(OK[:-2].replace(b"Length: 2", b"Length: %d" % (2 * len(body))), body)
    driver.commit(FULL)
    assert driver.answer(body) == body
    assert (driver.hung_up, driver.kept) == (False, [])
    assert driver.commits.lost == ["/users/7?token=1: no space left"]


def test_an_exchange_names_the_bodies_that_were_cut() -> None:
    driver = ConnectionDriver(keeping=BodyLimits(max_size=1))
    assert driver.exchange(POST, OK) == OK
    [kept] = driver.kept
    assert kept.response is not None
    assert (kept.request.body, kept.response.body) == (b"h", b"o")
    cut = "the body of the request was cut after 1 bytes; the body of the response was cut after 1 bytes"
    assert kept.degraded == cut
