"""How long clients may be waited for: what restarts a wait, and what does not."""

from __future__ import annotations

from math import inf

import pytest

from understudy.serving.http1.limits import Limits
from understudy.serving.http1.waits import (
    LINGER_SECONDS,
    LONGEST_LINGER_SECONDS,
    Awaited,
    ClientClock,
    ClientWait,
    OutputClock,
    find_limit,
    refuse_slow,
)

LIMITS = Limits(
    handshake_seconds=5,
    head_seconds=10,
    body_seconds=20,
    body_rate=2,
    idle_seconds=40,
    write_seconds=30,
    tunnel_seconds=100,
)


def wait_until_over(wait: ClientWait, *, gain: int = 0, paused: bool = False, most: int = 1_000) -> int | None:
    """Return after how many seconds a wait is over in which `gain` bytes come each second; None if never."""
    clock = ClientClock()
    for second in range(most):
        clock.look(wait, second * gain, second, is_paused=paused)
        if clock.is_over(LIMITS, second):
            return second
    return None


@pytest.mark.parametrize(
    ("awaited", "seconds"),
    [
        (Awaited.REQUEST, 40),
        (Awaited.HANDSHAKE, 5),
        (Awaited.HEAD, 10),
        (Awaited.BODY, 20),
        (Awaited.MOVEMENT, 100),
        (Awaited.END, int(LINGER_SECONDS)),
    ],
)
def test_a_wait_in_which_nothing_comes_has_a_limit(awaited: Awaited, seconds: int) -> None:
    assert wait_until_over(ClientWait(awaited)) == seconds + 1


def test_a_request_under_way_has_no_limit() -> None:
    assert wait_until_over(ClientWait(Awaited.NOTHING)) is None
    assert find_limit(LIMITS, Awaited.NOTHING) == inf


@pytest.mark.parametrize(("awaited", "seconds"), [(Awaited.HANDSHAKE, 5), (Awaited.HEAD, 10)])
def test_handshakes_and_heads_have_a_limit_as_a_whole(awaited: Awaited, seconds: int) -> None:
    assert wait_until_over(ClientWait(awaited), gain=100) == seconds + 1


@pytest.mark.parametrize("awaited", [Awaited.REQUEST, Awaited.MOVEMENT])
def test_idle_connections_and_tunnels_in_which_something_moves_have_none(awaited: Awaited) -> None:
    assert wait_until_over(ClientWait(awaited), gain=1) is None


def test_a_body_has_to_reach_its_rate() -> None:
    assert wait_until_over(ClientWait(Awaited.BODY), gain=1) == 41  # 20 s, and half a second for each byte
    assert wait_until_over(ClientWait(Awaited.BODY), gain=2) is None


def test_time_in_which_the_server_does_not_read_does_not_count() -> None:
    assert wait_until_over(ClientWait(Awaited.BODY), paused=True) is None


def test_a_refused_client_that_goes_on_sending_is_read_for_a_while() -> None:
    assert wait_until_over(ClientWait(Awaited.END), gain=100) == int(LONGEST_LINGER_SECONDS) + 1


def test_each_head_has_its_own_time() -> None:
    clock = ClientClock()
    for second in range(100):
        clock.look(ClientWait(Awaited.HEAD, second // 9), second, second)
        assert not clock.is_over(LIMITS, second)


def test_a_client_that_takes_nothing_has_a_limit() -> None:
    clock = OutputClock()
    for second in range(31):
        clock.look(1_000, 0, second)
        assert not clock.is_over(LIMITS, second)
    clock.look(1_000, 0, 31)
    assert clock.is_over(LIMITS, 31)


@pytest.mark.parametrize(
    ("unsent", "resumed"), [(lambda second: 1_000 - second, 0), (lambda _: 1_000, 1), (lambda _: 0, 0)]
)
def test_a_client_that_takes_something_has_none(unsent: object, resumed: int) -> None:
    clock = OutputClock()
    for second in range(200):
        clock.look(unsent(second), resumed * second, second)  # type: ignore[operator]
        assert not clock.is_over(LIMITS, second)


def test_the_refusal_names_the_limit() -> None:
    assert refuse_slow(LIMITS, Awaited.HEAD).message == "the head of the request did not come within 10 seconds"
    assert refuse_slow(LIMITS, Awaited.BODY).status == 408
