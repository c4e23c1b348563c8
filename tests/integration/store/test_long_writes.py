"""Long deletions, and their undo, let other programs write between their pieces."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.factories.messages import make_example, make_response
from tests.factories.stored import additions, make_exchange
from tests.factories.stores import open_fresh_file
from tests.programs import wait_for
from tests.proofs import choose
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.maintenance import OldHistory
from understudy.store.repositories.store import Store

EXCHANGES = choose(20_000, 6_000)
EXAMPLES = EXCHANGES // 10
BATCH = 500
WRITE_SECONDS = 0.005
# A piece takes some 40 ms; on a busy machine each waits for the processor, too.
USUAL_WAIT, LONGEST_WAIT = 0.3, 2.0


def fill(store: Store, session: str, start: float) -> str:
    """Record half of the exchanges a second apart, some with a large body; return the session's id."""
    session_id = store.sessions.create(session, None).id
    for first in range(0, EXCHANGES // 2, BATCH):
        store.history.add(
            [
                make_exchange(
                    session_id,
                    f"/{session}/{number}",
                    make_response(body=b"%d" % number * (4_000 if number % 10 == 0 else 40)),
                    started=start + number,
                )
                for number in range(first, first + BATCH)
            ]
        )
    return session_id


@contextmanager
def writing_often(file: Path) -> Iterator[list[float]]:
    """Write a row every 5 ms with a connection of its own; the list gets how long each write waited."""
    waited: list[float] = []
    ended = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=60.0)) as connection:
            connection.execute("pragma synchronous = normal")
            connection.execute("pragma busy_timeout = 0")
            while not ended.wait(WRITE_SECONDS):
                started = time.monotonic()
                insert(connection, len(waited))
                waited.append(time.monotonic() - started)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        wait_for(lambda: bool(waited))
        yield waited
    finally:
        ended.set()
        thread.join()


def insert(connection: sqlite3.Connection, number: int) -> None:
    while True:
        try:
            connection.execute("insert into settings values (?, '1')", (f"write {number}",))
        except sqlite3.OperationalError:  # it is locked; the store tries again as often
            time.sleep(0.002)
        else:
            return


def test_a_recorder_writes_during_long_deletions(tmp_path: Path) -> None:
    with closing(open_fresh_file(tmp_path / "a.db")) as store:
        kept, gone = fill(store, "kept", 0.0), fill(store, "gone", 1_000_000.0)
        collection = store.collections.create("shop")
        examples = [make_example(f"/{n}", id=f"e{n:06}", item_id=f"i{n:06}") for n in range(EXAMPLES)]
        store.collections.update(collection.id, additions(collection, *examples))
        store.history.index_for_search()
        with writing_often(tmp_path / "a.db") as waited:
            pruned = store.maintenance.prune(OldHistory(EXCHANGES / 4))
            session = store.trash.put_session(gone).number
            examples_gone = store.trash.put_collection(collection.id).number
            for number in (session, examples_gone):
                store.trash.restore(number)
            store.trash.forget(store.trash.put_session(gone).number)
            store.trash.forget(store.trash.put_collection(collection.id).number)
        assert pruned.exchanges == EXCHANGES // 4
        assert len(list(store.history.select(HistoryFilter(session_id=kept)))) == EXCHANGES // 4
        numbers = store.maintenance.describe().numbers
        assert (numbers.sessions, numbers.exchanges, numbers.examples) == (1, EXCHANGES // 4, 0)
        assert store.maintenance.check() == []
        assert all(store.settings.get(f"write {number}") == 1 for number in range(len(waited)))
    assert len(waited) > 10
    assert sorted(waited)[len(waited) // 2] < USUAL_WAIT
    assert max(waited) < LONGEST_WAIT
