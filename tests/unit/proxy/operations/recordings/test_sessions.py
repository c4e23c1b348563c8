"""Operations on recorded sessions."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.factories.stored import make_exchange, make_gateway, record
from understudy.proxy.operations.recordings.sessions import (
    delete_session,
    list_sessions,
    read_session,
    summarize_session,
)
from understudy.store.errors import Conflict, NotFound
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store


def test_sessions_are_listed_oldest_first(store: Store) -> None:
    for name in ("b", "a"):
        store.sessions.create(name, None)
    assert [summary.session.name for summary in list_sessions(store)] == ["b", "a"]


def test_a_session_is_read_with_its_entries(store: Store) -> None:
    recorded = record(store, b"1", b"2")
    assert [entry.exchange for entry in read_session(store, "shop").entries] == recorded


def test_a_summary_counts_failed_exchanges(store: Store) -> None:
    record(store, b"1")
    session = store.sessions.find("shop")
    store.history.add([make_exchange(session.id, response=None, error="reset")])
    summary = summarize_session(store, "shop")
    assert (summary.session, summary.exchanges, summary.failed) == (session, 2, 1)


NAMED = (read_session, summarize_session, partial(delete_session, actor="ada"))


@pytest.mark.parametrize("operation", NAMED)
def test_a_session_that_does_not_exist_is_not_found(store: Store, operation: Callable[[Store, str], object]) -> None:
    with pytest.raises(NotFound, match="there is no session 'nowhere'"):
        operation(store, "nowhere")


def test_a_session_is_deleted_with_its_exchanges(store: Store) -> None:
    record(store, b"1")
    delete_session(store, "shop", actor="ada")
    assert (list_sessions(store), list(store.history.select(HistoryFilter()))) == ([], [])


def test_a_session_in_use_is_not_deleted(store: Store) -> None:
    session = store.sessions.create("shop", None)
    state = GatewayState(Mode.RECORD, session_id=session.id)
    store.gateways.register(replace(make_gateway("east", heartbeat=time.time()), desired_state=state))
    with pytest.raises(Conflict, match="gateway east is using session shop"):
        delete_session(store, "shop", actor="ada")
    assert store.sessions.find("shop") == session
