"""The thread that empties the write-ahead log: beside writers of several processes nothing is lost or damaged."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.factories.messages import make_response
from tests.factories.stored import EVERYTHING, make_exchange
from tests.factories.stores import open_fresh_file
from understudy.store.model.values import replace
from understudy.store.sql.database import checkpoints
from understudy.store.sql.open_store import open_store

WRITES = 400
WRITE = f"""
import sys
from understudy.store.sql.database import checkpoints
checkpoints.LOG_BYTES = {256 * 1024}
from tests.integration.store.test_checkpoints import write
from pathlib import Path
write(Path(sys.argv[1]), sys.argv[2])
"""


def write(file: Path, name: str) -> None:
    """Write to a store, each exchange in a transaction of its own."""
    store = open_store(str(file))
    session_id = store.sessions.create(name, None).id
    for number in range(WRITES):
        body = f"{name} {number} ".encode() * 300
        exchange = make_exchange(session_id, f"/{name}/{number}", make_response(body=body))
        store.history.add([replace(exchange, key="abcd".index(name) * WRITES + number)])
    store.close()


@pytest.mark.once
def test_writers_of_several_processes_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process empties the log now and then, while the others write."""
    monkeypatch.setattr(checkpoints, "LOG_BYTES", 256 * 1024)
    file = tmp_path / "understudy.db"
    open_fresh_file(file).close()
    processes = [subprocess.Popen([sys.executable, "-c", WRITE, str(file), name]) for name in ("a", "b")]
    threads = [threading.Thread(target=write, args=(file, name)) for name in ("c", "d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(120) for process in processes] == [0, 0]
    store = open_store(str(file))
    paths = {one.request.target.decode() for one in store.history.select(EVERYTHING)}
    store.close()
    assert paths == {f"/{name}/{number}" for name in "abcd" for number in range(WRITES)}


def test_a_long_log_is_written_into_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store is open, and without a commit that does it."""
    monkeypatch.setattr(checkpoints, "LOG_BYTES", 1024 * 1024)
    file = tmp_path / "understudy.db"
    store = open_fresh_file(file)
    session_id = store.sessions.create("shop", None).id
    for number in range(1_000):
        body = f"{number} ".encode() * 4_000
        store.history.add([make_exchange(session_id, response=make_response(body=body[:16_000]))])
    written = file.stat().st_size
    store.close()
    assert written > file.stat().st_size / 2
