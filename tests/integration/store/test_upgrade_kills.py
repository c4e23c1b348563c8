"""An upgrade that is killed at any moment, again and again, loses and changes nothing."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories.old_stores import (
    MADE_ANEW,
    add_old_examples,
    add_old_rows,
    create_old_store,
    list_examples_to_promote,
    make_messages,
    make_varied_exchanges,
    read_rows,
)
from tests.factories.stored import EVERYTHING
from tests.proofs import choose
from understudy.proxy.store_opening import open_or_upgrade_store
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import Body
from understudy.store.model.values import replace
from understudy.store.model.websockets import WebSocketMessage
from understudy.store.repositories.store import Store
from understudy.store.sql.database.schema import HEAD

EXCHANGES = choose(5_000, 800)
KILLS = choose(20, 3)
# The latest kill, as a part of the time of a whole upgrade: what is left after some kills takes less.
LATEST = 0.6
ROWS_PER_PIECE = EXCHANGES // 40
# It says when it begins, so that a kill does not meet the import.
UPGRADE = f"""
import sys
from understudy.proxy.store_opening import open_or_upgrade_store
from understudy.store.migrations import history_upgrade
history_upgrade.ROWS_PER_PIECE = {ROWS_PER_PIECE}
import alembic.command
print("ready", flush=True)
open_or_upgrade_store(sys.argv[1]).close()
"""


@dataclass(frozen=True)
class OldStore:
    """A store of 0008, and what is in it."""

    file: Path
    exchanges: list[Exchange]
    messages: list[tuple[int, WebSocketMessage]]


@pytest.fixture
def old(tmp_path: Path) -> OldStore:
    """A store with exchanges of all kinds; some were promoted, and some were deleted since."""
    file = tmp_path / "old.db"
    exchanges = make_varied_exchanges(EXCHANGES, seed=8)
    messages = make_messages(exchanges)
    create_old_store(file)
    add_old_rows(file, exchanges, messages)
    add_old_examples(file, list(list_examples_to_promote(exchanges)))
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("pragma foreign_keys = on")
        database.execute("delete from exchanges where id = ?", (EXCHANGES,))  # its number is not given again
    return OldStore(file, exchanges[:-1], [(number, one) for number, one in messages if number < EXCHANGES])


@pytest.mark.proof
@pytest.mark.once
@pytest.mark.timeout(900)
def test_an_upgrade_that_is_killed_again_and_again_ends_whole(old: OldStore, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    copy = tmp_path / "copy.db"
    before = read_rows(old.file, MADE_ANEW)
    shutil.copy(old.file, copy)
    whole = run_upgrade(copy, None)
    assert whole is not None
    copy_anew(old.file, copy)
    interrupted: list[str] = []
    while len(interrupted) < KILLS:
        is_killed = run_upgrade(copy, moments.uniform(0, LATEST * whole)) is None
        revision = check_tables(copy, len(old.exchanges), seed) if is_killed else HEAD
        if revision != HEAD:
            interrupted.append(revision)
            continue
        check_upgraded(copy, old, before, seed)
        copy_anew(old.file, copy)
    assert run_upgrade(copy, None) is not None
    check_upgraded(copy, old, before, seed)


def copy_anew(file: Path, copy: Path) -> None:
    for rest in copy.parent.glob(f"{copy.name}*"):
        rest.unlink()
    shutil.copy(file, copy)


def run_upgrade(file: Path, seconds: float | None) -> float | None:
    """Upgrade in a process, and kill it after this time; returns how long it took, None if it was killed."""
    with subprocess.Popen([sys.executable, "-c", UPGRADE, str(file)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        begun = time.monotonic()
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    assert code in (0, -signal.SIGKILL)
    return None if code else time.monotonic() - begun


def check_tables(file: Path, count: int, seed: int) -> str:
    """Each exchange is in one of the tables; returns the revision. Reading a copy leaves the files as they are."""
    seen = file.with_name("seen.db")
    for ending in ("", "-wal"):
        seen.with_name(seen.name + ending).unlink(missing_ok=True)
        if file.with_name(file.name + ending).exists():
            shutil.copy(file.with_name(file.name + ending), seen.with_name(seen.name + ending))
    with closing(sqlite3.connect(seen)) as database:
        revision = str(database.execute("select version_num from alembic_version").fetchone()[0])
        tables = ("exchanges", "old_exchanges") if revision == "0009" else ("exchanges",)
        ids = [row[0] for table in tables for row in database.execute(f"select id from {table}")]
        assert sorted(ids) == list(range(1, count + 1)), f"at {revision}, seed {seed}"
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)], f"at {revision}, seed {seed}"
    return revision


def check_upgraded(file: Path, old: OldStore, before: dict[str, tuple[str, list[str]]], seed: int) -> None:
    """Everything is as it was, to the byte."""
    store = open_or_upgrade_store(str(file))
    for found, expected in zip(store.history.select(EVERYTHING), old.exchanges, strict=True):
        assert read_whole(store, found) == expected, f"exchange {found.id}, seed {seed}"
    handshakes = [one.id for one in old.exchanges if one.response and one.response.status == 101]
    kept = [(number, message) for number in handshakes for message in store.history.list_messages(number)]
    assert kept == old.messages, f"seed {seed}"
    store.close()
    assert read_rows(file, MADE_ANEW, {table: columns for table, (columns, _) in before.items()}) == before
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("select version_num from alembic_version").fetchall() == [(HEAD,)]
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert database.execute("pragma foreign_key_check").fetchall() == []
        question = "select seq from sqlite_sequence where name = 'all_exchanges'"
        assert database.execute(question).fetchall() == [(EXCHANGES,)]


def read_whole(store: Store, exchange: Exchange) -> Exchange:
    """The exchange with the bytes of its bodies."""

    def read(body: Body) -> bytes:
        return store.bodies.read(body)

    response = exchange.response
    return replace(
        exchange,
        request=replace(exchange.request, body=read(exchange.request.body)),
        response=response and replace(response, body=read(response.body)),
    )
