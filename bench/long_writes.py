"""Long writes: how long deletions, pruning and promotion hold the write lock at a time, with 50,000 rows each.

python -m bench.long_writes [--quick]

A recorder waits that long. Beside each long write another connection writes every 5 ms, as a recorder does.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.matcher import describe_machine
from understudy.proxy.operations.recordings.promotion import promote_history
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Headers, Origin, Request, Response
from understudy.store.promotion import PromotionPlan
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.maintenance import OldHistory
from understudy.store.repositories.store import Store
from understudy.store.sql.database.engine import Database
from understudy.store.sql.open_store import open_store
from understudy.store.write_pieces import LONGEST_SECONDS

SIZE, QUICK_SIZE = 50_000, 2_000
BATCH = 500
WRITE_SECONDS = 0.005
HEADERS = Headers.of([("Content-Type", "application/json"), ("Server", "sample"), ("Cache-Control", "no-store")])
LARGE_BODIES_EVERY = 20


@dataclass
class Watched:
    """The long write that is watched now."""

    holds: Holds | None = None


@dataclass
class Holds:
    """The times for which the write lock was held, and those for which the other connection waited, in seconds."""

    held: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    seconds: float = 0.0


def main() -> int:
    """Measure, print the table, and fail if the lock was held for longer than the aim."""
    parser = argparse.ArgumentParser(prog="python -m bench.long_writes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    quick = parser.parse_args().quick
    aim, longest = LONGEST_SECONDS * 1000, 0.0
    table = Table(title="The write lock, in milliseconds", title_justify="left")
    for name in ("long write", "seconds", "times held", "longest", "longest wait of another", f"at most {aim:.0f} ms"):
        table.add_column(name, justify="left" if name == "long write" else "right")
    with TemporaryDirectory() as folder:
        for name, holds in measure(Path(folder) / "bench.db", QUICK_SIZE if quick else SIZE):
            held, waited = (max(times, default=0) * 1000 for times in (holds.held, holds.waited))
            met = "met" if held <= aim else "NOT MET"
            table.add_row(name, f"{holds.seconds:.1f}", f"{len(holds.held):,}", f"{held:.0f}", f"{waited:.0f}", met)
            longest = max(longest, held)
    console = Console(width=120)
    console.print(table)
    console.print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}; {describe_machine()}", highlight=False)
    return 0 if quick or longest <= aim else 1


def measure(file: Path, size: int) -> Iterator[tuple[str, Holds]]:
    """Yield each long write and what it did to the lock, on one store of four times this size."""
    watched = Watched()
    with timed_transactions(watched), closing(open_store(str(file))) as store:
        ids = {name: record(store, name, size, start) for start, name in enumerate(("old", "kept", "gone", "promoted"))}
        store.history.index_for_search()
        promoted = HistoryFilter(session_id=ids["promoted"])
        writes: dict[str, Callable[[], object]] = {
            f"promote {size:,}": lambda: promote_history(store, promoted, "shop", PromotionPlan(), actor="bench"),
            f"prune {size:,}, half of two sessions": lambda: store.maintenance.prune(OldHistory(size + size / 2)),
            f"delete a session of {size:,}": lambda: store.sessions.delete(ids["gone"]),
            f"delete a collection of {size:,}": lambda: store.collections.delete(store.collections.find("shop").id),
        }
        for name, write in writes.items():
            yield name, watch(file, watched, write)


def record(store: Store, name: str, size: int, start: int) -> str:
    """Record exchanges a second apart; every twentieth has a body of 30 KB, the others 1 KB."""
    session_id = store.sessions.create(name, None).id
    for first in range(0, size, BATCH):
        store.history.add(
            [make_exchange(session_id, name, number, start * size / 2) for number in range(first, first + BATCH)]
        )
    return session_id


def make_exchange(session_id: str, name: str, number: int, start: float) -> Exchange:
    """Return an exchange whose URL and bodies no other one has."""
    request = Request("GET", f"/{name}/{number}".encode(), HEADERS, b"", Origin("https", "api.example.com", 443))
    length = 30_000 if number % LARGE_BODIES_EVERY == 0 else 1_000
    body = b'{"id": "%b-%d", "text": "%b"}' % (name.encode(), number, b"some words " * (length // 11))
    return Exchange(session_id, request, Response(200, HEADERS, body), Timings(start + number), None)


def watch(file: Path, watched: Watched, write: Callable[[], object]) -> Holds:
    """Do a long write, and watch the lock meanwhile."""
    holds, ended = Holds(), threading.Event()
    other = threading.Thread(target=write_often, args=(file, holds, ended))
    other.start()
    watched.holds, started = holds, time.monotonic()
    try:
        write()
    finally:
        watched.holds, holds.seconds = None, time.monotonic() - started
        ended.set()
        other.join()
    return holds


def write_often(file: Path, holds: Holds, ended: threading.Event) -> None:
    """Write with a connection of one's own, and note how long each write takes."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=60.0)) as connection:
        connection.execute("pragma busy_timeout = 0")
        connection.execute("pragma synchronous = normal")
        while not ended.wait(WRITE_SECONDS):
            started = time.monotonic()
            _begin(connection)
            connection.execute("insert or replace into settings values ('bench', '1')")
            connection.execute("commit")
            holds.waited.append(time.monotonic() - started)


def _begin(connection: sqlite3.Connection) -> None:
    while True:
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError:
            time.sleep(0.002)  # as the store does
        else:
            return


@contextmanager
def timed_transactions(watched: Watched) -> Iterator[None]:
    """Note how long each writing transaction of the store lasts, from when it has the lock to the end of its commit."""
    names = ("begin_write", "begin_core_write", "transaction")
    before = {name: getattr(Database, name) for name in names}
    for name, method in before.items():
        setattr(Database, name, _time(method, watched))
    try:
        yield
    finally:
        for name, method in before.items():
            setattr(Database, name, method)


def _time(method: Any, watched: Watched) -> Any:
    @contextmanager
    def timed(database: Database, *arguments: Any) -> Iterator[Any]:
        is_outermost = not database.is_in_transaction
        with method(database, *arguments) as transaction:
            started = time.monotonic()
            yield transaction
        if is_outermost and watched.holds is not None:
            watched.holds.held.append(time.monotonic() - started)

    return timed


if __name__ == "__main__":
    sys.exit(main())
