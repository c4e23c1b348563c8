"""Operations on recorded sessions."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.factories.stored import make_exchange, make_gateway, record
from understudy.proxy.operations.recordings.sessions import (
    delete_session,
    keep_replay_lists,
    read_session,
    read_session_page,
    summarize_session,
)
from understudy.store.errors import Conflict, NotFound, UserError
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.paging import WHOLE_LIST, PageRequest
from understudy.store.repositories.store import Store


def test_sessions_are_listed_oldest_first(store: Store) -> None:
    for name in ("b", "a"):
        store.sessions.create(name, None)
    assert [summary.session.name for summary in list(read_session_page(store, WHOLE_LIST).items)] == ["b", "a"]


def test_a_session_is_read_with_its_entries(store: Store) -> None:
    recorded = record(store, b"1", b"2")
    assert [entry.exchange for entry in read_session(store, "shop").entries] == recorded


def test_a_summary_counts_failed_exchanges(store: Store) -> None:
    record(store, b"1")
    session = store.sessions.find("shop")
    store.history.add([make_exchange(session.id, response=None, error="reset")])
    summary = summarize_session(store, "shop")
    assert (summary.session, summary.exchanges, summary.failed) == (session, 2, 1)


NAMED = (
    read_session,
    summarize_session,
    partial(delete_session, actor="ada"),
    partial(keep_replay_lists, lists={}, reset=True, actor="ada"),
)


@pytest.mark.parametrize("operation", NAMED)
def test_a_session_that_does_not_exist_is_not_found(store: Store, operation: Callable[[Store, str], object]) -> None:
    with pytest.raises(NotFound, match="there is no session 'nowhere'"):
        operation(store, "nowhere")


def test_a_session_is_deleted_with_its_exchanges(store: Store) -> None:
    record(store, b"1")
    delete_session(store, "shop", actor="ada")
    assert (list(read_session_page(store, WHOLE_LIST).items), list(store.history.select(HistoryFilter()))) == ([], [])


def test_a_session_in_use_is_not_deleted(store: Store) -> None:
    session = store.sessions.create("shop", None)
    state = GatewayState(Mode.RECORD, session_id=session.id)
    store.gateways.register(replace(make_gateway("east", heartbeat=time.time()), desired_state=state))
    with pytest.raises(Conflict, match="gateway east is using session shop"):
        delete_session(store, "shop", actor="ada")
    assert store.sessions.find("shop") == session


def test_lists_for_replays_are_kept_one_by_one(store: Store) -> None:
    """A list takes the place of the one before, and lists that are not given stay."""
    store.sessions.create("shop", None)
    keep_replay_lists(store, "shop", {"ignore_query": ("a", "b"), "ignore_json": ("$.at",)}, actor="ada")
    session = keep_replay_lists(store, "shop", {"ignore_query": ("c",), "ignore_json": ()}, actor="ada")
    assert session.replay == {"ignore_query": ("c",), "ignore_json": ["$.at"]}
    assert store.sessions.find("shop").replay == {"ignore_query": ["c"], "ignore_json": ["$.at"]}


def test_a_reset_forgets_what_was_kept(store: Store) -> None:
    store.sessions.create("shop", None)
    keep_replay_lists(store, "shop", {"ignore_query": ("a",), "ignore_json": ("$.at",)}, actor="ada")
    keep_replay_lists(store, "shop", {"ignore_query": ("b",)}, reset=True, actor="ada")
    assert store.sessions.find("shop").replay == {"ignore_query": ["b"]}
    keep_replay_lists(store, "shop", {}, reset=True, actor="ada")
    assert store.sessions.find("shop").replay == {}


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({}, "nothing to keep was given"),
        ({"ignore_query": ()}, "nothing to keep was given"),
        ({"ignore_json": ("$.at[",)}, "JSON path"),
        ({"ignore_header": ("Date",)}, "but not all are compared"),
        ({"ignored": ("a",)}, "a replay has no setting ignored"),
    ],
)
def test_what_a_replay_cannot_use_is_not_kept(store: Store, lists: dict[str, tuple[str, ...]], message: str) -> None:
    session = store.sessions.create("shop", None)
    with pytest.raises(UserError, match=message):
        keep_replay_lists(store, "shop", lists, actor="ada")
    assert store.sessions.find("shop") == session


def test_pages_of_sessions_have_names_as_keys(store: Store) -> None:
    """The id of a session that was deleted between two pages is a key too; a name that no session has is none."""
    first, second, third = (store.sessions.create(name, None) for name in "cab")
    page = read_session_page(store, PageRequest(1, after="c"))
    assert ([one.session for one in page.items], page.previous, page.next) == ([second], "a", "a")
    store.sessions.delete(second.id)
    assert [one.session for one in read_session_page(store, PageRequest(after=second.id)).items] == [third]
    assert [one.session for one in read_session_page(store, PageRequest(before=second.id)).items] == [first]
    with pytest.raises(NotFound, match="there is no session 'a'"):
        read_session_page(store, PageRequest(before="a"))
