"""Opening a store: the URLs it takes, the settings of SQLite, and one clear line for each error."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.assets.schema.make_schema_asset import FOLDER as ASSETS
from tests.factories.messages import make_response
from tests.factories.stored import EVERYTHING, make_exchange, record
from understudy.store.errors import Hint, NotFound, SchemaMismatch, StoreError, UserError
from understudy.store.repositories.store import Store
from understudy.store.sql.database import engine
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.schema import ensure_schema
from understudy.store.sql.open_store import open_store
from understudy.store.sql.repositories.bodies import SqlBodies
from understudy.store.sql.repositories.history import SqlHistory
from understudy.store.sql.repositories.sessions import SqlSessions


@pytest.mark.parametrize("name", ["a.db", "no suffix", "what?.db", "a%41.db", "ü#.db"])
def test_a_path_names_a_file(tmp_path: Path, name: str) -> None:
    store = open_store(str(tmp_path / name))
    store.close()
    assert store.location == str(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(b"SQLite format 3")


def test_a_path_may_begin_with_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store("~/a.db").close()
    assert (tmp_path / "a.db").exists()


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite+pysqlite:///{}"])
def test_a_url_names_a_file(tmp_path: Path, url: str) -> None:
    open_store(url.format(tmp_path / "a.db")).close()
    assert (tmp_path / "a.db").exists()


def test_a_sqlite_uri_creates_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store(f"sqlite:///file:{tmp_path}/a.db?uri=true").close()
    assert (tmp_path / "a.db").exists()
    assert not (tmp_path / "file:").exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_the_location_of_a_store_in_memory_is_memory(url: str) -> None:
    store = open_store(url)
    assert store.location in ("memory", ":memory:")
    store.close()


@pytest.mark.parametrize("url", ["://", "nonsense://", "sqlite+nonsense:///a.db", "sqlite+aiosqlite:///a.db"])
def test_a_url_that_cannot_be_used_is_a_user_error(url: str) -> None:
    with pytest.raises(UserError) as refused:
        open_store(url)
    assert refused.value.field == "store"


def test_the_error_for_another_database_holds_no_password() -> None:
    with pytest.raises(UserError, match=r"SQLite only, got a URL of 'postgresql'$"):
        open_store("postgresql://me:secret@host/db")


@pytest.mark.parametrize(("sync_full", "level"), [(False, 1), (True, 2)])
def test_a_file_is_configured_for_durable_commits(tmp_path: Path, sync_full: bool, level: int) -> None:
    """It has a write-ahead log; with NORMAL it survives a kill, with FULL a power cut too."""
    file = str(tmp_path / "a.db")
    open_store(file, sync_full=sync_full).close()
    with Database(file, sync_full=sync_full).borrow_driver_connection() as connection:
        values = [connection.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert values == ["wal", level]


# Errors


@contextmanager
def without_root() -> Iterator[None]:
    """Drop the rights of root, which may write everywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that all users may read, and whose files only their owner may write."""
    open_store("sqlite://").close()  # imports all modules: without root they may not be readable
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_read_only_file_can_be_read(folder: Path) -> None:
    with read_only_store(folder) as store:
        assert [exchange.id for exchange in store.history.select(EVERYTHING)] == [1]


def test_a_read_only_file_cannot_be_written(folder: Path) -> None:
    with (
        read_only_store(folder) as store,
        pytest.raises(StoreError, match=r"the store \S+ is read-only$") as refused,
    ):
        store.sessions.create("bank", None)
    assert refused.value.hint == Hint("make_writable")


def test_an_old_store_in_a_read_only_file_cannot_be_upgraded(folder: Path) -> None:
    file = Path(shutil.copy(ASSETS / "0008.db", folder / "a.db"))
    file.chmod(0o444)
    folder.chmod(0o777)
    before = file.read_bytes()
    with without_root(), pytest.raises(StoreError, match=r"the store \S+ is read-only$"):
        open_store(str(file))
    assert file.read_bytes() == before


@contextmanager
def read_only_store(folder: Path) -> Iterator[Store]:
    """Open a store whose file is read-only; its folder is writable, as SQLite needs its log to read."""
    file = folder / "a.db"
    store = open_store(str(file))
    record(store, b"recorded")
    store.close()
    file.chmod(0o444)
    folder.chmod(0o777)
    with without_root():
        opened = open_store(str(file))
        yield opened
        opened.close()


def test_a_store_cannot_be_created_read_only(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open the store"):
        open_store(f"sqlite:///file:{tmp_path}/a.db?mode=ro&uri=true")


def test_a_store_cannot_be_created_in_a_read_only_folder(folder: Path) -> None:
    if os.geteuid() != 0:
        folder.chmod(0o555)
    with without_root(), pytest.raises(StoreError, match="cannot open the store"):
        open_store(str(folder / "a.db"))


@pytest.mark.parametrize(("place", "kind"), [("/tmp", "a folder"), ("/dev/null", "a device or the like")])
@pytest.mark.parametrize("make", [True, False])
def test_only_a_file_can_be_a_store(place: str, kind: str, make: bool) -> None:
    with pytest.raises(UserError, match=f"^takes a file, and {place} is {kind}$") as refused:
        open_store(place, make=make)
    assert refused.value.field == "store"


def test_a_store_that_must_exist_is_not_created(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with pytest.raises(NotFound, match=f"^there is no store at {file}$") as refused:
        open_store(str(file), make=False)
    assert (refused.value.what, refused.value.which, refused.value.hint) == ("store", str(file), Hint("record"))
    assert not file.exists()


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
@pytest.mark.parametrize(
    ("folder_name", "line"),
    [
        ("file", "takes a file in a folder, and {} is a file"),
        ("mistyped", "the folder {} does not exist; create it first"),
        ("mistyped/deeper", "the folder {} does not exist; create it first"),
    ],
)
def test_no_folder_is_created_for_a_store(tmp_path: Path, folder_name: str, line: str, form: str) -> None:
    """The name may be a typing mistake, or that of a file."""
    (tmp_path / "file").touch()
    folder = tmp_path / folder_name
    with pytest.raises(UserError, match=f"^{line.format(folder)}$"):
        open_store(form.format(folder / "a.db"))
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_store_may_be_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store("a.db").close()
    assert (tmp_path / "a.db").exists()


@pytest.mark.parametrize("content", [b"no database", b"no database " * 1_000, b"\xff" * 4_096])
def test_a_file_that_is_no_database_stays_unchanged(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    with pytest.raises(SchemaMismatch, match=r"a\.txt is not an Understudy store$") as refused:
        open_store(str(file))
    assert refused.value.hint == Hint("choose_store")
    assert file.read_bytes() == content


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    store = open_store(str(tmp_path / "a.db"))
    assert store.changes.get_latest() == 0
    store.close()


def test_the_error_for_a_damaged_store_names_a_repair(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    store = open_store(str(file))
    record(store, b"recorded")
    store.close()
    content = file.read_bytes()
    file.write_bytes(content[:4_096] + b"\xff" * (len(content) - 4_096))
    with pytest.raises(StoreError, match=r"is damaged; try: sqlite3 \S+ \.recover"):
        open_store(str(file))


def test_a_store_that_another_program_locks_raises_after_the_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 10)
    store = open_store(str(tmp_path / "a.db"))
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreError, match="was locked by another program"):
        store.sessions.create("shop", None)
    other.close()
    store.sessions.create("shop", None)
    store.close()


def test_a_full_disk_leaves_the_store_as_it_was() -> None:
    database = Database("sqlite://")
    ensure_schema(database)
    session, history = SqlSessions(database).create("shop", None), SqlHistory(database, SqlBodies(database).read)
    history.add([make_exchange(session.id)])
    with database.borrow_driver_connection() as connection:
        connection.execute("pragma max_page_count = 80")
    with pytest.raises(StoreError, match="no space left on the disk"):
        history.add([make_exchange(session.id, response=make_response(body=b"x" * 1_000_000))])
    assert len(list(history.select(EVERYTHING))) == 1
    database.close()


@pytest.fixture
def in_use(tmp_path: Path) -> Iterator[tuple[Store, Path]]:
    """A store that was written to, and its file."""
    store = open_store(str(tmp_path / "a.db"))
    store.sessions.create("kept", None)
    yield store, tmp_path / "a.db"
    store.close()


def replace(file: Path) -> None:
    file.rename(file.with_name("b.db"))
    file.touch()


@pytest.mark.parametrize(("act", "event"), [(Path.unlink, "moved or deleted"), (replace, "replaced by another file")])
def test_nothing_is_written_to_a_store_that_was_removed(
    in_use: tuple[Store, Path], act: Callable[[Path], None], event: str
) -> None:
    """SQLite would write to the open file, which has no name."""
    store, file = in_use
    act(file)
    with pytest.raises(StoreError, match=rf"the store \S+a.db was {event} while it was in use"):
        store.sessions.create("lost", None)


def test_a_store_that_is_moved_back_can_be_written_again(in_use: tuple[Store, Path]) -> None:
    store, file = in_use
    file.rename(file.with_name("b.db"))
    with pytest.raises(StoreError):
        store.sessions.create("lost", None)
    file.with_name("b.db").rename(file)
    store.sessions.create("found", None)
    assert [summary.session.name for summary in store.sessions.list_summaries()] == ["kept", "found"]
