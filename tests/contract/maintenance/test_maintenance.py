"""The contract of `store.repositories.maintenance.Maintenance`."""

from __future__ import annotations

import hashlib
import re
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.contract.maintenance.timed_history import list_times, record_at
from tests.factories.messages import make_example
from tests.factories.stored import (
    EVERYTHING,
    LARGE,
    additions,
    collect,
    make_call,
    record,
    serve,
)
from tests.factories.stores import open_fresh_file
from understudy.store.errors import NotFound, StoreError
from understudy.store.model import ids
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import PiecedBody
from understudy.store.model.values import replace
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.maintenance import OldHistory, Pruned
from understudy.store.repositories.store import Store
from understudy.store.sql.database import exclusive
from understudy.store.sql.database.engine import PAGE_BYTES
from understudy.store.sql.database.schema import HEAD
from understudy.store.sql.deletion import pieces, search_index_deletion, unused_bodies
from understudy.store.sql.open_store import open_store

LARGE_SIZE = len(LARGE)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "FIRST_ROWS", 3)


def mark(store: Store, exchange: Exchange, *, has_example: bool = True) -> None:
    """Promote an exchange to the collection "marks" as one with an example, or without."""
    example = make_example(id=f"of-{exchange.id}", item_id=f"item-{exchange.id}")
    try:
        collection = store.collections.find("marks")
    except NotFound:
        collection = store.collections.create("marks")
    update = additions(collection, example) if has_example else CollectionUpdate()
    store.collections.update(collection.id, replace(update, marks=[(exchange.id, example.id if has_example else None)]))


# Description


def test_an_empty_store_is_described(store: Store) -> None:
    numbers = store.maintenance.describe().numbers
    assert (numbers.sessions, numbers.exchanges, numbers.examples, numbers.calls) == (0, 0, 0, 0)
    assert (numbers.bodies, numbers.body_bytes, numbers.oldest, numbers.newest) == (0, 0, None, None)


def test_what_is_in_a_store_is_counted(store: Store) -> None:
    record_at(store, 3.0, 5.0, body=LARGE)
    shop = collect(store, make_example("/users/7"))
    mock = serve(store, shop)
    store.calls.add([make_call(mock)], {mock.id: 10})
    numbers = store.maintenance.describe().numbers
    assert (numbers.sessions, numbers.exchanges, numbers.examples, numbers.calls) == (1, 2, 1, 1)
    assert (numbers.oldest, numbers.newest) == (3.0, 5.0)
    assert numbers.bodies >= 1
    assert numbers.body_bytes >= LARGE_SIZE


def test_the_sizes_are_those_of_the_file(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        record(store, LARGE)
        sizes = store.maintenance.describe().sizes
        assert sizes.file_bytes == sizes.pages * PAGE_BYTES >= (tmp_path / "a.db").stat().st_size
        assert sizes.log_bytes == (tmp_path / "a.db-wal").stat().st_size > 0
        assert (sizes.page_bytes, sizes.revision) == (PAGE_BYTES, HEAD)
        assert sizes.pages > sizes.free_pages


@contextmanager
def opened(file: Path) -> Iterator[Store]:
    store = open_fresh_file(file)
    try:
        yield store
    finally:
        store.close()


# Check


def test_a_sound_store_has_no_problems(store: Store) -> None:
    steps: list[tuple[int, int]] = []
    exchanges = record(store, LARGE, b"small", b"")
    mark(store, exchanges[0])
    mark(store, exchanges[1], has_example=False)
    key = ids.new_id()
    store.bodies.add_pieces([(key, 0, b"one"), (key, 1, b"two")])
    whole = PiecedBody(hashlib.sha256(b"onetwo").hexdigest(), 6, key)
    record(store, whole, session="pieces")
    assert store.maintenance.check(lambda done, total: steps.append((done, total))) == []
    bodies = store.maintenance.describe().numbers.bodies
    assert steps == [(done, bodies) for done in range(1, bodies + 1)]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("delete from exchange_contents", r"the history entry 1 has no contents"),
        (
            "delete from all_exchanges",
            r"row 1 of exchange_contents refers to an exchange that does not exist \(exchange_id\)",
        ),
        ("update bodies set content = x'78'", r"the body [0-9a-f]{64} has 1 bytes in place of 20000"),
        ("update bodies set content = zeroblob(20000)", r"the body [0-9a-f]{64} has other bytes: their digest is \w+"),
        ("delete from bodies", r"row 1 of exchange_contents refers to a body that does not exist \(response_body\)"),
        (
            "insert into body_pieces values ('0000', 0, 'x')",
            r"the pieces 0000 belong to no body and are older than a day; pruning deletes them",
        ),
        (
            "insert into promoted select id, 1, 'gone' from collections",
            r"the history entry 1 is marked as promoted to the example gone, which does not exist",
        ),
    ],
)
def test_each_kind_of_damage_is_a_problem(tmp_path: Path, statement: str, problem: str) -> None:
    with opened(tmp_path / "a.db") as store:
        record(store, LARGE)
        store.collections.create("shop")
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        connection.execute(statement)
    with closing(open_store(str(tmp_path / "a.db"))) as store:
        [line] = store.maintenance.check()
        assert re.fullmatch(problem, line), line


def test_a_damaged_file_is_a_problem(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        record(store, *(bytes([65 + number]) * 20_000 for number in range(20)))
    content = bytearray((tmp_path / "a.db").read_bytes())
    content[-3 * PAGE_BYTES : -3 * PAGE_BYTES + 12] = b"\xff" * 12
    (tmp_path / "a.db").write_bytes(content)
    with closing(open_store(str(tmp_path / "a.db"))) as store:
        assert store.maintenance.check()


# Prune


def test_exchanges_before_a_time_are_pruned(store: Store) -> None:
    record_at(store, *map(float, range(20)))
    old = OldHistory(12.0)
    assert store.maintenance.count_old(old) == 12
    assert store.maintenance.prune(old) == Pruned(12, 0, 0)
    assert list_times(store) == [float(at) for at in range(12, 20)]
    assert store.maintenance.prune(old) == Pruned(0, 0, 0)


def test_progress_is_reported(store: Store) -> None:
    record_at(store, *map(float, range(7)))
    steps: list[tuple[int, int]] = []
    store.maintenance.prune(OldHistory(7.0), lambda done, total: steps.append((done, total)))
    assert steps[0] == (3, 7)
    assert steps[-1] == (7, 7)


def test_a_report_that_raises_ends_a_prune_which_the_next_completes(store: Store) -> None:
    record_at(store, *map(float, range(9)), body=LARGE)

    def stop(_done: int, _all: int) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        store.maintenance.prune(OldHistory(9.0), stop)
    assert list_times(store) == [float(at) for at in range(3, 9)]
    assert store.maintenance.prune(OldHistory(9.0)) == Pruned(6, 1, LARGE_SIZE)
    assert store.maintenance.check() == []


def test_pruned_bodies_are_counted_and_others_stay(store: Store) -> None:
    record_at(store, 1.0, body=LARGE)
    record_at(store, 2.0, body=b"other" * 5_000, session="other")
    [kept] = record_at(store, 9.0, body=LARGE, session="kept")
    assert store.maintenance.prune(OldHistory(5.0)) == Pruned(2, 1, 25_000)
    assert kept.response
    assert store.bodies.read(kept.response.body) == LARGE


def test_promoted_exchanges_may_be_kept(store: Store) -> None:
    exchanges = record_at(store, *map(float, range(20)))
    for exchange in exchanges[:10:2]:
        mark(store, exchange)
    mark(store, exchanges[1], has_example=False)
    assert store.maintenance.prune(OldHistory(15.0, keep_promoted=True)).exchanges == 10
    assert list_times(store) == [0.0, 2.0, 4.0, 6.0, 8.0, *map(float, range(15, 20))]
    assert store.maintenance.prune(OldHistory(15.0)).exchanges == 5
    assert store.collections.list_summaries()[0].examples == 5


def test_one_session_is_pruned(store: Store) -> None:
    record_at(store, 1.0, 2.0)
    [other, _] = record_at(store, 1.5, 9.0, session="other")
    assert store.maintenance.prune(OldHistory(5.0, session_id=other.session_id)).exchanges == 1
    assert list_times(store) == [1.0, 2.0, 9.0]


def test_messages_of_pruned_exchanges_are_deleted(store: Store) -> None:
    old, new = record_at(store, 1.0, 9.0)
    message = WebSocketMessage(1.0, True, MessageKind.TEXT, b"hi")
    store.history.add_messages([(exchange.id, message) for exchange in (old, new) for _ in range(10)])
    store.maintenance.prune(OldHistory(5.0))
    assert [len(store.history.list_messages(exchange.id)) for exchange in (old, new)] == [0, 10]
    assert store.maintenance.check() == []


def test_no_word_of_a_pruned_exchange_stays(store: Store) -> None:
    record_at(store, *map(float, range(9)), body=b"mango")
    search = HistoryFilter(search="mango")
    assert len(list(store.history.select(search))) == 9
    store.maintenance.prune(OldHistory(5.0))
    assert len(list(store.history.select(search))) == 4
    store.maintenance.prune(OldHistory(9.0))
    assert list(store.history.select(search)) == []


def test_words_are_deleted_from_the_file(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        record_at(store, *map(float, range(9)), body=b"mangosteen")
        store.history.index_for_search()
        store.maintenance.prune(OldHistory(9.0))
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master")]
    assert not [name for name in names if "search" in name]


def test_an_interrupted_deletion_of_the_words_is_completed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record_at(store, *map(float, range(9)), body=b"mango")
    store.history.index_for_search()

    def fail(_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(search_index_deletion, "_clear", fail)
        with pytest.raises(RuntimeError):
            store.maintenance.prune(OldHistory(5.0))
    assert len(list(store.history.select(HistoryFilter(search="mango")))) == 4
    store.maintenance.prune(OldHistory(9.0))
    assert list(store.history.select(HistoryFilter(search="mango"))) == []


def test_abandoned_pieces_are_pruned(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.bodies.add_pieces([(ids.new_id(), position, b"piece") for position in range(10)])
    assert store.maintenance.check() == []
    monkeypatch.setattr(unused_bodies, "ABANDONED_SECONDS", -1)
    assert len(store.maintenance.check()) == 10
    store.maintenance.prune(OldHistory(0.0))
    assert store.maintenance.check() == []


# Vacuum


def test_vacuum_gives_free_pages_back(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        record(store, *(bytes([number]) * 50_000 for number in range(80)))
        [kept] = record(store, b"kept" * 5_000, session="kept")
        store.sessions.delete(store.sessions.find("shop").id)
        before = store.maintenance.describe().sizes
        store.maintenance.vacuum()
        after = store.maintenance.describe().sizes
        assert before.free_bytes > 3_000_000
        assert after.free_pages == 0
        assert after.pages < before.pages - 200
        assert after.file_bytes == after.pages * PAGE_BYTES
        assert kept.response
        assert store.bodies.read(kept.response.body) == b"kept" * 5_000
        assert store.maintenance.check() == []
        store.settings.set("still", "writable")
        assert read_journal_mode(tmp_path / "a.db") == "wal"


def test_vacuum_of_any_store_keeps_what_is_in_it(store: Store) -> None:
    exchanges = record(store, LARGE, b"small")
    store.maintenance.vacuum()
    assert list(store.history.select(EVERYTHING)) == exchanges


def test_vacuum_makes_the_pages_of_an_older_store_larger(tmp_path: Path) -> None:
    with opened(tmp_path / "new.db") as store:
        record(store, LARGE)
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = delete")
        connection.execute("pragma page_size = 4096")
        connection.execute("vacuum")
    with closing(open_store(str(tmp_path / "new.db"))) as store:
        assert read_journal_mode(tmp_path / "new.db") == "wal"
        assert store.maintenance.describe().sizes.page_bytes == 4096
        store.maintenance.vacuum()
        assert store.maintenance.describe().sizes.page_bytes == PAGE_BYTES
        assert store.maintenance.check() == []


def test_vacuum_refuses_a_store_that_another_program_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusive, "LOCK_TRIES", 2)
    with opened(tmp_path / "a.db") as store, closing(sqlite3.connect(tmp_path / "a.db")) as other:
        other.execute("select count(*) from exchanges").fetchall()
        with pytest.raises(StoreError, match=r"gives space back only while no other program uses it; stop .*, then"):
            store.maintenance.vacuum()
        store.settings.set("still", "writable")
    assert read_journal_mode(tmp_path / "a.db") == "wal"


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        exchanges = record(store, *(bytes([number]) * 50_000 for number in range(40)))
        with (
            files_of_at_most(500_000),
            pytest.raises(StoreError, match=r"no space left on the disk: .* needs up to twice its size; nothing was"),
        ):
            store.maintenance.vacuum()
        assert list(store.history.select(EVERYTHING)) == exchanges
        assert store.maintenance.check() == []
        assert read_journal_mode(tmp_path / "a.db") == "wal"


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let this process write no file beyond a size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def read_journal_mode(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("pragma journal_mode").fetchone()[0])
