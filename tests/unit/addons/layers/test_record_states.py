"""The moves between the states of a recording layer."""

from __future__ import annotations

import pytest

from understudy.addons.layers.record_states import Delivery, Ended, Forwarding, Idle, Progress, move


def test_a_move_of_the_table_returns_the_next_state() -> None:
    after = Forwarding()
    assert move(Idle(), after) is after
    assert move(Progress.RUNNING, Progress.ENDED) is Progress.ENDED
    assert move(Delivery.BEGUN, Delivery.ABANDONED) is Delivery.ABANDONED


def test_a_closed_connection_stays_closed() -> None:
    with pytest.raises(RuntimeError, match="no move leads from"):
        move(Ended(), Idle())


def test_an_exchange_is_submitted_once() -> None:
    with pytest.raises(RuntimeError, match="no move leads from"):
        move(Progress.SUBMITTED, Progress.SUBMITTED)


def test_a_client_that_left_gets_nothing_more() -> None:
    with pytest.raises(RuntimeError, match="no move leads from"):
        move(Delivery.ABANDONED, Delivery.BEGUN)
