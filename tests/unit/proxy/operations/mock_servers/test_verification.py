"""Verifying calls to a mock server against its log."""

from __future__ import annotations

import pytest

from tests.factories.stored import make_call, serve
from understudy.proxy.operations.mock_servers.call_expectations import Times
from understudy.proxy.operations.mock_servers.verification import ExpectedCalls, verify_calls
from understudy.store.errors import UserError
from understudy.store.repositories.store import Store


def log_calls(store: Store, *targets: str, log_limit: int = 100) -> None:
    """The mock server "shop", with calls to these targets in its log, a second apart."""
    mock = serve(store, store.collections.create("shop"), log_limit=log_limit)
    calls = [make_call(mock, target, at=1_000.0 + second) for second, target in enumerate(targets)]
    store.calls.add(calls, {mock.id: log_limit})


def test_a_call_in_the_log_holds(store: Store) -> None:
    log_calls(store, "/a")
    assert verify_calls(store, "shop", ExpectedCalls("GET /a")).held


def test_no_call_in_the_log_does_not_hold(store: Store) -> None:
    log_calls(store, "/b")
    assert not verify_calls(store, "shop", ExpectedCalls("GET /a")).held


def test_calls_are_counted(store: Store) -> None:
    log_calls(store, "/a", "/a", "/b")
    verdict = verify_calls(store, "shop", ExpectedCalls("GET /a", times=Times(2, 2)))
    assert (verdict.held, verdict.found.number) == (True, 2)


def test_calls_from_a_time_on_are_counted(store: Store) -> None:
    log_calls(store, "/a", "/b", "/a")
    assert verify_calls(store, "shop", ExpectedCalls("GET /a", since=1_000.5)).found.number == 1


def test_a_log_that_is_off_proves_nothing(store: Store) -> None:
    log_calls(store, log_limit=0)
    with pytest.raises(UserError, match="the call log of shop is off"):
        verify_calls(store, "shop", ExpectedCalls("GET /a"))


def test_waiting_for_no_call_is_refused(store: Store) -> None:
    log_calls(store)
    with pytest.raises(UserError, match="waits for calls, and no call has to come") as raised:
        verify_calls(store, "shop", ExpectedCalls("GET /a", times=Times(0, 0)), within=1)
    assert raised.value.field == "within"
