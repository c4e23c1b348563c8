"""The moves of a connection's lifetime."""

from __future__ import annotations

import pytest

from tests.in_memory.mock_servers import GET, HIT, Client, at_root, closes, make_served, sent
from understudy.serving.connection_states import AFTER_END_INPUT, AFTER_END_SOON, Lifetime
from understudy.serving.steps import Close


@pytest.mark.parametrize("moves", [AFTER_END_SOON, AFTER_END_INPUT])
def test_each_lifetime_has_a_move_and_both_ends_are_final(moves: dict[Lifetime, Lifetime]) -> None:
    assert set(moves) == set(Lifetime)
    assert all(moves[after] is after for after in moves.values())


def test_both_ends_lead_to_one_lifetime_in_either_order() -> None:
    assert {AFTER_END_INPUT[AFTER_END_SOON[one]] for one in Lifetime} == {Lifetime.LAST_ANSWER}
    assert {AFTER_END_SOON[AFTER_END_INPUT[one]] for one in Lifetime} == {Lifetime.LAST_ANSWER}


def test_after_both_ends_one_of_several_requests_is_answered() -> None:
    client = Client(at_root(make_served()))
    client.responder.receive(GET * 3)
    client.responder.end_input()
    client.responder.end_soon()
    steps = client.go_on()
    assert sent(steps).count(HIT) == 1
    assert closes(steps) == [Close()]


def test_a_finished_connection_takes_no_further_step() -> None:
    client = Client(at_root(make_served()))
    client.responder.end_soon()
    assert client.go_on() == [Close()]
    assert client.steps(GET) == []
