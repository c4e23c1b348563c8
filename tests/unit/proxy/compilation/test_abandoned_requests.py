"""What a client gave up: what is held open, and what is left out because it was repeated at once."""

from __future__ import annotations

from functools import partial

import pytest

from tests.factories.messages import make_response
from tests.factories.stored import make_exchange
from understudy.matcher.replay_keys import compute_replay_key
from understudy.matcher.settings import STRICT
from understudy.proxy.compilation.abandoned_requests import AT_ONCE_SECONDS, AbandonedRequests
from understudy.proxy.compilation.session_examples import AS_RECORDED
from understudy.serving.gateway.failed_exchanges import clear_failure
from understudy.store.model.exchanges import CLIENT_LEFT, GATEWAY_STOPPED, Exchange, Timings
from understudy.store.model.messages import Body
from understudy.store.model.values import replace
from understudy.store.promotion import CollectionState, promote


def given_up(number: int, started: float, left: float | None, error: str = CLIENT_LEFT) -> Exchange:
    timings = Timings(started, response_end=left)
    return replace(make_exchange(response=None, error=error, id=number), timings=timings)


def answered(number: int, started: float) -> Exchange:
    return replace(make_exchange(id=number), timings=Timings(started, response_end=started + 0.1))


def read_nothing(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body


def find(*recorded: Exchange) -> tuple[set[int], set[int]]:
    """Return the ids of the exchanges that are abandoned, and of those that were repeated at once."""
    promoted = promote(
        [clear_failure(one) for one in recorded],
        CollectionState("s"),
        AS_RECORDED,
        read=read_nothing,
        request_key=partial(compute_replay_key, settings=STRICT),
    )
    abandoned = AbandonedRequests()
    abandoned.add(recorded, promoted)
    numbers = {example_id: number for number, example_id in promoted.marks if example_id}
    return {numbers[one] for one in abandoned.ids}, {numbers[one] for one in abandoned.find_repeated()}


@pytest.mark.parametrize(
    ("gap", "is_repeated"),
    [(0.0, True), (AT_ONCE_SECONDS / 2, True), (-0.1, True), (AT_ONCE_SECONDS * 2, False), (-10.0, False)],
)
def test_a_request_that_was_repeated_at_once_is_found(gap: float, is_repeated: bool) -> None:
    """After it was given up, or a moment before the gateway noticed that."""
    abandoned, repeated = find(given_up(1, 100.0, 130.0), answered(2, 130.0 + gap))
    assert (abandoned, repeated) == ({1}, {1} if is_repeated else set())


def test_of_several_in_a_row_the_last_one_is_held() -> None:
    assert find(given_up(1, 0.0, 30.0), given_up(2, 30.0, 60.0)) == ({1, 2}, {1})


def test_another_request_is_no_repetition() -> None:
    other = replace(answered(2, 30.0), request=replace(answered(2, 0).request, target=b"/other"))
    assert find(given_up(1, 0.0, 30.0), other) == ({1}, set())


def test_what_came_of_an_answer_is_always_held() -> None:
    begun = replace(make_exchange(response=make_response(), error=CLIENT_LEFT, id=1), timings=Timings(0.0, None, 1, 2))
    assert find(begun, answered(2, 2.0)) == ({1}, set())


def test_what_was_under_way_at_the_end_is_held() -> None:
    assert find(given_up(1, 0.0, 30.0, GATEWAY_STOPPED)) == ({1}, set())


def test_older_recordings_have_no_time_of_leaving() -> None:
    """A request counts as repeated at once if the next one came right after its beginning."""
    assert find(given_up(1, 0.0, None), answered(2, 0.5)) == ({1}, {1})
    assert find(given_up(1, 0.0, None), answered(2, 30.0)) == ({1}, set())


def test_a_websocket_that_was_left_is_not_held() -> None:
    assert find(make_exchange(response=make_response(101), error=CLIENT_LEFT, id=1)) == (set(), set())
