"""An upgrade has the store for itself, says what stops it in one line, and goes on where it was stopped."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.factories.old_stores import (
    SESSION,
    add_old_examples,
    add_old_rows,
    create_old_store,
    make_varied_exchanges,
)
from tests.factories.stored import EVERYTHING
from tests.programs import Understudy, wait_for
from understudy.proxy.store_opening import open_or_upgrade_store
from understudy.store.errors import SchemaMismatch, StoreError
from understudy.store.migrations import history_upgrade
from understudy.store.sql.database import engine, exclusive, schema, store_users
from understudy.store.sql.database.engine import PAGE_BYTES, Database
from understudy.store.sql.database.upgrade import TABLES_OF_HISTORY, migrate

COUNT = 60


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of 0008 with exchanges of all kinds, some of them promoted, and moved in several pieces."""
    file = tmp_path / "understudy.db"
    exchanges = make_varied_exchanges(COUNT, seed=1)
    create_old_store(file)
    add_old_rows(file, exchanges, [])
    add_old_examples(file, exchanges[:2])
    return file


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_upgrade, "ROWS_PER_PIECE", 25)


def execute(file: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement, values)


def ask(file: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as database:
        return database.execute(question).fetchall()


def read_revision(file: Path) -> object:
    return ask(file, "select version_num from alembic_version")[0][0]


def count_exchanges(file: Path) -> int:
    store = open_or_upgrade_store(str(file))
    found = len(list(store.history.select(EVERYTHING)))
    store.close()
    return found


# What is reported.


def test_the_reported_numbers_rise_to_all(old: Path) -> None:
    reports: list[tuple[int, int]] = []
    open_or_upgrade_store(str(old), report_upgrade=lambda done, all_: reports.append((done, all_))).close()
    assert reports == [(25, COUNT), (50, COUNT), (COUNT, COUNT)]


def test_an_upgrade_that_was_stopped_reports_what_is_left(old: Path) -> None:
    reports: list[tuple[int, int]] = []

    def stop(done: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_or_upgrade_store(str(old), report_upgrade=stop)
    assert read_revision(old) == TABLES_OF_HISTORY
    open_or_upgrade_store(str(old), report_upgrade=lambda done, all_: reports.append((done, all_))).close()
    assert reports == [(25, COUNT - 25), (COUNT - 25, COUNT - 25)]
    assert count_exchanges(old) == COUNT


def test_a_piece_ends_where_its_heads_are_large(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_upgrade, "BYTES_PER_PIECE", 1)
    reports: list[int] = []
    open_or_upgrade_store(str(old), report_upgrade=lambda done, _: reports.append(done)).close()
    assert COUNT / 2 < len(reports) <= COUNT


# After an upgrade.


def test_an_upgraded_store_checks_references_and_has_a_log(old: Path) -> None:
    execute(old, "pragma journal_mode = delete")
    store = open_or_upgrade_store(str(old))
    store.sessions.delete(SESSION)
    assert list(store.history.select(EVERYTHING)) == []
    store.close()
    assert ask(old, "select * from promoted") == []
    assert ask(old, "pragma journal_mode") == [("wal",)]


# Of tables and indexes that came since, which are empty and take a page each.
TABLES_SINCE = 30


def test_the_pages_of_the_old_table_are_used_again(tmp_path: Path) -> None:
    file = tmp_path / "understudy.db"
    create_old_store(file)
    add_old_rows(file, make_varied_exchanges(3_000, seed=1), [])
    before = file.stat().st_size
    assert count_exchanges(file) == 3_000
    assert file.stat().st_size < before * 1.05 + TABLES_SINCE * PAGE_BYTES


def test_a_store_of_an_sqlite_uri_is_upgraded(old: Path) -> None:
    store = open_or_upgrade_store(f"sqlite:///file:{old}?uri=true")
    assert len(list(store.history.select(EVERYTHING))) == COUNT
    store.sessions.delete(SESSION)
    assert list(store.history.select(EVERYTHING)) == []
    store.close()


def test_a_store_in_memory_checks_references() -> None:
    database = Database("sqlite://")
    schema.ensure_schema(database)
    with database.borrow_driver_connection() as connection:
        assert connection.execute("pragma foreign_keys").fetchone() == (1,)
    database.close()


def test_a_store_that_is_created_in_part_is_created_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migrations of a new store are one transaction."""
    file = tmp_path / "understudy.db"
    database = Database(str(file))
    database.set_write_ahead_log()
    with database.connect() as connection:
        connection.begin()
        migrate(connection, "0009")
    database.close()  # without a commit, as a kill ends it
    assert ask(file, "select count(*) from sqlite_master") == [(0,)]
    assert count_exchanges(file) == 0


# What cannot be upgraded.

BROKEN = [
    ("request_headers = '[[\"a\"'", "Input data was truncated"),
    ("response_headers = '{}'", "Expected `array`, got `object`"),
    ('request_headers = \'[["a", "\N{SNOWMAN}"]]\'', "'latin-1' codec can't encode"),
    ("origin = 'http://x:99999'", "Port out of range"),
    ("origin = 'gopher://x'", "gopher"),
    ("session_id = 'gone'", "its session is missing"),
    ("method = cast(x'ff' as text)", "a text is not UTF-8"),
]


@pytest.mark.parametrize(("change", "reason"), BROKEN)
def test_an_exchange_that_cannot_be_read_is_named_and_nothing_is_lost(old: Path, change: str, reason: str) -> None:
    execute(old, f"update exchanges set {change} where id = 31")
    before = ask(old, "select id, target from exchanges order by id")
    with pytest.raises(StoreError) as refused:
        open_or_upgrade_store(str(old))
    line = str(refused.value)
    assert line.startswith(f"the store {old} cannot be upgraded, because its history entry 31 cannot be read (")
    assert reason in line
    assert line.endswith("); every entry is still there")
    assert "\n" not in line
    assert (refused.value.what, refused.value.which) == ("entry", "31")
    moved = ask(old, "select id from exchanges order by id")
    left = ask(old, "select id, target from old_exchanges order by id")
    assert ([number for (number,) in moved], left) == ([number for number, _ in before[:25]], before[25:])
    execute(old, "delete from old_exchanges where id = 31")  # as docs/upgrading.md says
    assert count_exchanges(old) == COUNT - 1


def test_a_status_that_is_no_number_is_named(old: Path) -> None:
    execute(old, "update exchanges set status = 'odd' where id = 1")
    with pytest.raises(StoreError, match="history entry 1 cannot be read"):
        open_or_upgrade_store(str(old))


def test_an_example_that_cannot_be_read_is_named(old: Path) -> None:
    """A store of before 0008, whose keys are computed anew; it stays what it was."""
    execute(old, "update alembic_version set version_num = '0007'")
    execute(old, "update request_items set key = id")
    execute(old, "update examples set literal = 1")
    for change in ("request_headers = '[['", "response_headers = '[['", "redacted = 'x'"):
        execute(
            old, "update examples set request_headers = null, response_headers = null, redacted = '[]', literal = 1"
        )
        execute(old, f"update examples set {change} where id like '%2'")
        with pytest.raises(StoreError, match=r"its example 0{25}2 cannot be read \(.*\); it stays as it is$"):
            open_or_upgrade_store(str(old))
        assert read_revision(old) == "0007"


def test_a_disk_that_is_full_stops_an_upgrade_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each number of pages, from none that are free to enough."""
    file = tmp_path / "understudy.db"
    create_old_store(file)
    add_old_rows(file, make_varied_exchanges(200, seed=1), [])
    [(pages,)] = ask(file, "pragma page_count")
    assert isinstance(pages, int)
    lock, errors = exclusive._lock, list[str]()
    for more in range(100):
        monkeypatch.setattr(exclusive, "_lock", lambda one, limit=pages + more: limit_pages(lock(one), limit))
        errors.append(try_upgrade(file))
        assert ask(file, "pragma integrity_check") == [("ok",)]
        if not errors[-1]:
            break
    assert len(errors) > 2
    assert set(errors) == {f"no space left on the disk of the store {file}", ""}
    assert count_exchanges(file) == 200


def try_upgrade(file: Path) -> str:
    """The error of an upgrade, "" without one."""
    try:
        open_or_upgrade_store(str(file)).close()
    except StoreError as error:
        return str(error)
    return ""


def limit_pages(connection: sqlite3.Connection | None, pages: int) -> sqlite3.Connection | None:
    assert connection
    connection.execute(f"pragma max_page_count = {pages}")
    return connection


def test_an_older_program_refuses_a_store_whose_upgrade_was_stopped(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_or_upgrade_store(str(old), report_upgrade=stop)
    known = {name for name in schema.list_revisions() if name <= "0008"}
    monkeypatch.setattr(schema, "list_revisions", lambda: known)
    monkeypatch.setattr(schema, "HEAD", "0008")
    with pytest.raises(SchemaMismatch, match=r"newer Understudy \(schema 0009, this one knows 0008\)"):
        open_or_upgrade_store(str(old))


# Other programs.

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[-1])
connection.execute("select count(*) from exchanges").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(file: Path, *command_line: str) -> Iterator[int]:
    """Another process that has the store open, with this command line; yields its id."""
    command = [sys.executable, "-c", HOLD, *command_line, "--store", str(file)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == b"open\n"
        yield process.pid
    finally:
        process.communicate(timeout=30)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs are waited for only a moment."""
    monkeypatch.setattr(schema, "LOCK_TRIES", 5)
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 100)


def read_files(file: Path) -> dict[str, bytes]:
    return {name: (file.parent / name).read_bytes() for name in (file.name, f"{file.name}-wal")}


@pytest.mark.usefixtures("impatient")
def test_an_upgrade_is_refused_with_the_names_of_the_programs_on_the_store(old: Path) -> None:
    with holding(old, "/opt/bin/understudy", "mocks", "serve", "shop") as mock_server, holding(old, "x") as gateway:
        add_gateway(old, gateway)
        before = read_files(old)
        with pytest.raises(StoreError) as refused:
            open_or_upgrade_store(str(old))
        assert str(refused.value) == (
            f"the store {old} was written by an older Understudy, and to upgrade it no other program may use it; stop"
            f" the gateway shop-8080 (process {gateway}), `understudy mocks serve shop` (process {mock_server}), then"
            " try again"
        )
        assert read_files(old) == before
    assert count_exchanges(old) == COUNT


def add_gateway(file: Path, pid: int) -> None:
    values = ("01J8ZZZZZZZZZZZZZZZZZZGATE", "shop-8080", pid, ":8080", "record", 1.0, time.time() + 60, 0, 0)
    names = "id, name, pid, listen, mode, started_at, heartbeat, seen_revision, lost"
    execute(file, f"insert into gateways ({names}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)", *values)


def test_a_command_on_a_store_in_use_fails_with_one_line(understudy: Understudy, old: Path) -> None:
    assert understudy.store == old
    with holding(old, "understudy", "mocks", "serve", "shop") as pid:
        line = understudy.mistake("history", "list")
    assert line.endswith(f"stop `understudy mocks serve shop` (process {pid}), then try again")
    assert "upgrading the store" not in understudy.complete("history", "list").stderr.decode()  # no bar: no terminal
    assert count_exchanges(old) == COUNT


def test_a_program_that_leaves_is_waited_for(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, results = exclusive._lock, list[bool]()
    with ExitStack() as stack:
        stack.enter_context(holding(old, "understudy", "history", "list"))

        def lock_and_end(file: Path) -> sqlite3.Connection | None:
            """At the third try the other program ends."""
            connection = lock(file)
            results.append(connection is not None)
            if len(results) == 3:
                stack.close()
            return connection

        monkeypatch.setattr(exclusive, "_lock", lock_and_end)
        open_or_upgrade_store(str(old)).close()
    assert results == [False, False, False, True]


UPGRADE = """
import sys, time
from understudy.proxy.store_opening import open_or_upgrade_store
from understudy.store.migrations import history_upgrade
history_upgrade.ROWS_PER_PIECE = 10
print("ready", flush=True)
sys.stdin.readline()
store = open_or_upgrade_store(sys.argv[1], report_upgrade=lambda done, _: time.sleep(float(sys.argv[2])))
print("opened", flush=True)
sys.stdin.read()
store.close()
"""


@contextmanager
def upgrading(file: Path, seconds: float = 0.0) -> Iterator[subprocess.Popen[bytes]]:
    """A process that upgrades a store when it reads a line, waits so long after each piece, and keeps it open."""
    command = [sys.executable, "-c", UPGRADE, str(file), str(seconds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def begin(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.write(b"\n")
    process.stdin.flush()


def test_programs_that_upgrade_at_once_wait_for_the_first_and_open_the_store(old: Path) -> None:
    """They keep it open: the others do not need it for themselves."""
    with upgrading(old, 0.1) as one, upgrading(old, 0.1) as two, upgrading(old, 0.1) as three:
        for process in (one, two, three):
            begin(process)
        for process in (one, two, three):
            assert process.stdout
            assert process.stderr
            assert process.stdout.readline() == b"opened\n", process.stderr.read()
    assert count_exchanges(old) == COUNT


@pytest.mark.usefixtures("impatient")
def test_a_program_that_waits_too_long_for_an_upgrade_names_it(old: Path) -> None:
    with upgrading(old, 60) as process:
        begin(process)
        wait_for(lambda: store_users.find_exclusive_user(old) is not None)
        with pytest.raises(StoreError) as refused:
            open_or_upgrade_store(str(old))
    assert str(refused.value).startswith(f"the store {old} is being upgraded by `")
    assert str(refused.value).endswith(f"` (process {process.pid}); try again when that has ended")
    assert count_exchanges(old) == COUNT  # it was killed


@pytest.mark.parametrize(
    ("command_line", "described"),
    [
        (b"/usr/bin/python3\0/home/me/.venv/bin/understudy\0mocks\0serve\0shop\0", "understudy mocks serve shop"),
        (b"/src/understudy/bin/python\0/src/understudy/bin/understudy\0history\0", "understudy history"),
        (b"/bin/understudy\0gateway\0--upstream\0http://secret@x\0", "understudy gateway"),
        (b"/usr/bin/sqlite3\0a\x1b.db\0", "sqlite3 'a\\x1b.db'"),
    ],
)
def test_a_command_is_named_up_to_its_first_option(command_line: bytes, described: str) -> None:
    assert store_users._describe_command(command_line) == described


def test_no_locks_are_known_without_proc(old: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(store_users, "PROCESSES", tmp_path / "none")
    assert store_users.find_exclusive_user(old) is None
    assert store_users.describe_users(old, {}) == "the other program"
