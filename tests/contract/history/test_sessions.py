"""The contract of `store.repositories.history.Sessions`."""

from __future__ import annotations

import time

import pytest

from tests.factories.messages import ORIGIN, make_example, make_response
from tests.factories.stored import EVERYTHING, LARGE, collect, make_exchange, make_gateway, record
from understudy.store.errors import Conflict, NotFound, StoreError, UserError
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.messages import InlineBody, Origin
from understudy.store.model.values import replace
from understudy.store.repositories.history import SessionSummary
from understudy.store.repositories.store import Store


@pytest.mark.parametrize("upstream", [None, ORIGIN, Origin("https", "::1", 8443)])
def test_a_session_is_found_as_it_was_created(store: Store, upstream: Origin | None) -> None:
    created = store.sessions.create("shop", upstream)
    assert (created.name, created.upstream) == ("shop", upstream)
    assert store.sessions.find("shop") == store.sessions.find(created.id) == created


def test_a_name_is_taken_once(store: Store) -> None:
    store.sessions.create("shop", None)
    with pytest.raises(Conflict, match="there is a session 'shop' already"):
        store.sessions.create("shop", ORIGIN)
    assert len(store.sessions.list_summaries()) == 1


def test_a_name_takes_precedence_over_an_id(store: Store) -> None:
    first = store.sessions.create("first", None)
    namesake = store.sessions.create(first.id, None)
    assert store.sessions.find(first.id) == namesake


def test_not_found_in_an_empty_store(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no session 'shop'; there are none yet"):
        store.sessions.find("shop")


def test_not_found_lists_names(store: Store) -> None:
    for name in ("b", "a"):
        store.sessions.create(name, None)
    with pytest.raises(NotFound, match=r"there is no session 'c'; there are: a, b$"):
        store.sessions.find("c")


def test_not_found_lists_five_names_at_most(store: Store) -> None:
    for name in "abcdef":
        store.sessions.create(name, None)
    with pytest.raises(NotFound, match=r"there are: a, b, c, d, e, \.\.\.$"):
        store.sessions.find("z")


def test_summaries_come_oldest_first(store: Store) -> None:
    created = [store.sessions.create(name, None) for name in ("c", "a", "b")]
    assert [summary.session for summary in store.sessions.list_summaries()] == created


def test_a_summary_of_an_empty_session(store: Store) -> None:
    session = store.sessions.create("shop", None)
    assert store.sessions.list_summaries() == [SessionSummary(session, 0, 0, None)]


def test_a_summary_counts_exchanges_and_failed_ones(store: Store) -> None:
    session = store.sessions.create("shop", None)
    whole = make_exchange(session.id, started=3.0)
    cut_off = make_exchange(session.id, started=5.0, error="reset")
    unanswered = make_exchange(session.id, response=None, started=4.0)
    store.history.add([whole, cut_off, unanswered])
    assert store.sessions.list_summaries() == [SessionSummary(session, 3, 2, 5.0)]


def test_deleting_a_session_deletes_its_exchanges_only(store: Store) -> None:
    gone, kept = record(store, b"1", session="gone"), record(store, b"2", session="kept")
    store.sessions.delete(gone[0].session_id)
    assert list(store.history.select(EVERYTHING)) == kept
    assert [summary.session.name for summary in store.sessions.list_summaries()] == ["kept"]


def test_deleting_a_session_deletes_its_bodies(store: Store) -> None:
    [exchange] = record(store, LARGE)
    store.sessions.delete(exchange.session_id)
    assert exchange.response
    with pytest.raises(NotFound):
        store.bodies.read(exchange.response.body)


def test_a_session_that_a_gateway_records_to_is_not_deleted_under_it(store: Store) -> None:
    """Not even if the gateway began after the deletion did."""
    [exchange] = record(store, b"gone")
    state = GatewayState(Mode.RECORD, session_id=exchange.session_id)
    store.gateways.register(replace(make_gateway(heartbeat=time.time()), desired_state=state))
    with pytest.raises(Conflict, match="gateway gateway-8080 is using session shop"):
        store.sessions.delete(exchange.session_id)
    assert store.history.add([make_exchange(exchange.session_id)])


def test_deleting_a_session_keeps_a_body_of_another_session(store: Store) -> None:
    [gone], [kept] = record(store, LARGE, session="gone"), record(store, LARGE, session="kept")
    store.sessions.delete(gone.session_id)
    assert kept.response
    assert store.bodies.read(kept.response.body) == LARGE


def test_deleting_a_session_deletes_its_inline_bodies(store: Store) -> None:
    [exchange] = record(store, b"mine alone")
    store.sessions.delete(exchange.session_id)
    with pytest.raises(NotFound, match=f"the history entry {exchange.id} was deleted"):
        store.bodies.read(InlineBody("0" * 64, 10, exchange.id, is_request=False))


def test_deleting_a_session_keeps_a_body_of_an_example(store: Store) -> None:
    [exchange] = record(store, LARGE)
    assert exchange.response
    collect(store, make_example(response=make_response(body=exchange.response.body)))
    store.sessions.delete(exchange.session_id)
    assert store.bodies.read(exchange.response.body) == LARGE


def test_what_replays_use_is_kept_with_the_session(store: Store) -> None:
    session, other = store.sessions.create("shop", None), store.sessions.create("bank", None)
    kept = {"ignore_query": ["ts", "é"], "ignore_json": ["$.at"]}
    store.sessions.set_replay(session.id, kept)
    assert [one.session.replay for one in store.sessions.list_summaries()] == [kept, {}]
    store.sessions.set_replay(session.id, {})
    assert [store.sessions.find(name) for name in ("shop", "bank")] == [session, other]


def test_setting_the_replay_of_an_unknown_session_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="no session with the id 'nobody'"):
        store.sessions.set_replay("nobody", {})


def test_deleting_an_unknown_session_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="no session with the id 'nobody'"):
        store.sessions.delete("nobody")


def test_a_name_that_no_store_can_hold_is_a_store_error(store: Store) -> None:
    """A command line that is not UTF-8 can contain such a name."""
    with pytest.raises(StoreError, match="cannot hold a value"):
        store.sessions.find("\udcff")


def test_errors_name_the_kind_and_the_name(store: Store) -> None:
    store.sessions.create("shop", None)
    with pytest.raises(Conflict) as conflict:
        store.sessions.create("shop", None)
    with pytest.raises(NotFound) as unknown:
        store.sessions.find("bank")
    errors = [conflict.value, unknown.value]
    assert [(error.what, error.which) for error in errors] == [("session", "shop"), ("session", "bank")]


def test_a_session_is_renamed(store: Store) -> None:
    """Its exchanges stay, and the old name is free."""
    [exchange] = record(store, b"1")
    store.sessions.rename(exchange.session_id, "bank")
    assert store.sessions.find("bank").id == exchange.session_id
    assert store.history.get(exchange.id).session_id == exchange.session_id
    store.sessions.rename(exchange.session_id, "bank")
    store.sessions.create("shop", None)


def test_a_session_gets_no_name_that_is_taken_or_none(store: Store) -> None:
    shop = store.sessions.create("shop", None)
    store.sessions.create("bank", None)
    for name, error in (("bank", Conflict), ("", UserError), ("a\nb", UserError)):
        with pytest.raises(error):
            store.sessions.rename(shop.id, name)
    with pytest.raises(NotFound):
        store.sessions.rename("nothing", "new")
    assert store.sessions.find("shop") == shop
