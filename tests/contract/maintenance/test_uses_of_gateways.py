"""What running gateways use of a store is not pruned, and searches and deletions go on beside each other."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from tests.factories.messages import make_request, make_response
from tests.factories.stored import EVERYTHING, LARGE, make_exchange, make_gateway, record
from tests.factories.stores import open_fresh_file
from understudy.store.model import ids
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.maintenance import OldHistory
from understudy.store.repositories.store import Store
from understudy.store.sql.database.checkpoints import Checkpointer
from understudy.store.sql.deletion import unused_bodies


def run_gateway(store: Store, mode: Mode, session_id: str | None = None, *, started: float | None = None) -> None:
    """Register a gateway whose heartbeat is recent."""
    gateway = make_gateway(heartbeat=time.time())
    state = GatewayState(mode, session_id=session_id)
    store.gateways.register(replace(gateway, desired_state=state, started_at=started or time.time()))


@pytest.mark.parametrize(("mode", "left"), [(Mode.REPLAY, 1), (Mode.RECORD, 0), (Mode.PASS, 0)])
def test_a_session_that_is_replayed_is_not_pruned(store: Store, mode: Mode, left: int) -> None:
    [exchange], _ = record(store, b"1", session="used"), record(store, b"2", session="free")
    run_gateway(store, mode, exchange.session_id)
    old = OldHistory(time.time())
    assert store.maintenance.count_old(old) == 2 - left
    assert store.maintenance.prune(old).exchanges == 2 - left
    assert len(list(store.history.select(EVERYTHING))) == left


def test_a_websocket_that_may_be_open_is_not_pruned(store: Store) -> None:
    session_id = store.sessions.create("talks", None).id
    [number] = store.history.add([make_exchange(session_id, response=make_response(101))])
    store.history.add([make_exchange(session_id), make_exchange(session_id, response=None)])
    run_gateway(store, Mode.RECORD, session_id)
    assert store.maintenance.prune(OldHistory(time.time())).exchanges == 2
    assert [one.id for one in store.history.select(EVERYTHING)] == [number]


@pytest.mark.parametrize(("started", "problems"), [(-100.0, 0), (100.0, 1)])
def test_pieces_count_as_received_while_a_gateway_runs_that_began_before_them(
    store: Store, monkeypatch: pytest.MonkeyPatch, started: float, problems: int
) -> None:
    """However long that takes; else they are abandoned."""
    store.bodies.add_pieces([(ids.new_id(), 0, LARGE)])
    monkeypatch.setattr(unused_bodies, "ABANDONED_SECONDS", -10.0)
    run_gateway(store, Mode.RECORD, started=time.time() + started)
    assert len(store.maintenance.check()) == problems


@pytest.mark.timeout(60)
def test_searches_beside_deletions_find_everything_and_hold_up_nobody(tmp_path: Path) -> None:
    """The index is taken away at any moment, and built again."""
    store = open_fresh_file(tmp_path / "understudy.db")
    kept = store.sessions.create("kept", None).id
    store.history.add([make_exchange(kept, make_request(target=f"/mango/{number}")) for number in range(300)])
    ends, slowest = threading.Event(), 0.0

    def delete_again_and_again() -> None:
        number = 0
        while not ends.is_set():
            number += 1
            record(store, b"kiwi", session=f"gone {number}")
            store.sessions.delete(store.sessions.find(f"gone {number}").id)

    thread = threading.Thread(target=delete_again_and_again)
    thread.start()
    try:
        for _ in range(15):
            assert len(list(store.history.select(HistoryFilter(search="mango")))) == 300
            begun = time.monotonic()
            store.history.add([make_exchange(kept)])
            slowest = max(slowest, time.monotonic() - begun)
    finally:
        ends.set()
        thread.join()
    assert slowest < 5.0
    store.close()


def test_a_checkpoint_makes_no_database_where_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "gone.db"
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        Checkpointer(file, 4096)._checkpoint()
    assert not file.exists()
