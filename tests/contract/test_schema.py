"""The schema: created and upgraded by Alembic alone, refused if it is newer or of another program."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text
from sqlalchemy.orm import Session

from tests.assets.schema.make_schema_asset import FOLDER, STREAM
from tests.factories.old_stores import MADE_ANEW, read_rows
from tests.factories.stored import EVERYTHING, make_exchange, make_item, serve
from understudy.proxy.operations.recordings.promotion import promote_history
from understudy.proxy.store_opening import open_or_upgrade_store
from understudy.store.errors import SchemaMismatch
from understudy.store.model.collections import Environment
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.mock_servers import PLAIN, PRESETS, Behaviour, Matching
from understudy.store.model.values import replace
from understudy.store.promotion import PromotionPlan
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store
from understudy.store.repositories.trash import DeletionKind
from understudy.store.sql.database.columns import Base
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.schema import HEAD, ensure_schema, list_revisions
from understudy.store.sql.database.upgrade import MIGRATIONS
from understudy.store.sql.open_store import open_store

OLD_STORES = sorted(FOLDER.glob("*.db"))


def test_migrations_and_tables_define_the_same_schema() -> None:
    database = Database("sqlite://")
    ensure_schema(database)
    with database.begin_read() as session:
        options = {"compare_server_default": True, "include_object": is_no_view}
        context = MigrationContext.configure(session.connection(), opts=options)
        assert compare_metadata(context, Base.metadata) == []


def is_no_view(thing: Any, _name: str | None, kind: str, *_others: object) -> bool:
    return kind != "table" or not thing.info.get("is_view")


@pytest.mark.parametrize(("view", "table"), [("sessions", "all_sessions"), ("exchanges", "all_exchanges")])
def test_a_view_has_every_column_of_its_table_but_the_deletion(view: str, table: str) -> None:
    database = Database("sqlite://")
    ensure_schema(database)
    with database.begin_read() as session:
        columns = {name: list_columns(session, name) for name in (view, table)}
    assert columns[view] == columns[table] - {"deletion"} == set(Base.metadata.tables[view].c.keys())


def list_columns(session: Session, table: str) -> set[str]:
    return set(session.scalars(text(f"select name from pragma_table_info('{table}')")))


def test_alembic_alone_creates_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(MetaData, "create_all")
    open_store("sqlite://").close()


def test_the_newest_migration_is_the_head_of_the_program() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_current_head() == HEAD
    assert {script.revision for script in scripts.walk_revisions()} == list_revisions()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "understudy.db"
    open_store(str(file)).close()
    before = file.read_bytes()
    open_store(str(file)).close()
    assert file.read_bytes() == before


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "understudy.db"
    open_store(str(file)).close()
    alter(file, "update alembic_version set version_num = '9999'")
    with pytest.raises(SchemaMismatch, match=rf"newer Understudy \(schema 9999, this one knows {HEAD}\): upgrade"):
        open_store(str(file))


@pytest.mark.parametrize(
    "statement",
    [
        "create table customers (id integer)",
        "create table exchanges (id integer)",
        "create table alembic_version (version_num text)",
    ],
)
def test_a_database_of_another_program_is_refused_and_unchanged(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "other.db"
    alter(file, statement)
    before = file.read_bytes()
    with pytest.raises(SchemaMismatch, match=r"a database of another program$"):
        open_store(str(file))
    assert file.read_bytes() == before


def alter(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.commit()
    connection.close()


OPEN_AT = """
import sys, time
from understudy.store.sql.open_store import open_store
time.sleep(max(0, float(sys.argv[2]) - time.time()))
store = open_store(sys.argv[1])
store.settings.set(sys.argv[3], True)
"""


def test_several_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    file = tmp_path / "understudy.db"
    moment = time.time() + 2.0
    commands = [[sys.executable, "-c", OPEN_AT, str(file), str(moment), f"key {number}"] for number in range(6)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, errors
    store = open_store(str(file))
    assert all(store.settings.get(f"key {number}") for number in range(6))
    store.close()


# Old data is a test asset: a small database for each released schema, which is opened and used.


OpenOld = Callable[[str], Store]


@pytest.fixture
def open_old(tmp_path: Path) -> Iterator[OpenOld]:
    """A function that opens a copy of the store with an old schema."""
    opened: list[Store] = []

    def open_copy(revision: str) -> Store:
        file = tmp_path / "old.db"
        shutil.copy(FOLDER / f"{revision}.db", file)
        opened.append(open_or_upgrade_store(str(file)))
        return opened[-1]

    yield open_copy
    for store in opened:
        store.close()


@pytest.fixture(params=[path.stem for path in OLD_STORES])
def old(request: pytest.FixtureRequest, open_old: OpenOld) -> Store:
    """A copy of an old store, opened by this program."""
    return open_old(request.param)


def test_every_schema_has_its_asset() -> None:
    assert {path.stem for path in OLD_STORES} == list_revisions()


def test_history_of_an_old_store_is_read(old: Store) -> None:
    whole, failed = old.history.select(HistoryFilter(session_id=old.sessions.find("shop").id))
    assert (whole.request.method, whole.request.target, failed.error) == ("POST", b"/users?a=1", "refused")
    assert whole.response
    assert (whole.response.status, old.bodies.read(whole.response.body)) == (201, b"recorded")


def test_examples_of_an_old_store_are_read(old: Store) -> None:
    shop = old.collections.find("shop")
    [example] = old.collections.list_examples(shop.id)
    assert (example.response.status, set(example.redacted)) == (201, {RedactedPlace(Part.QUERY, "a")})
    assert old.collections.find_promoted(shop.id) == {1: example.id}
    assert shop.variables == {"base": "http://x"}


def test_environments_and_settings_of_an_old_store_are_read(old: Store) -> None:
    assert old.environments.find("stage") == Environment("01J8ZZZZZZZZZZZZZZZZZZENVI", "stage", {"base": "http://y"})
    assert old.settings.get("key") == ["value"]


def test_an_old_example_has_no_behaviour(open_old: OpenOld) -> None:
    """Before 0002 examples had no behaviour."""
    store = open_old("0001")
    [example] = store.collections.list_examples(store.collections.find("shop").id)
    assert example.behaviour == PLAIN
    mock = serve(store, store.collections.find("shop"))
    assert store.mock_servers.find("shop") == mock


def test_mock_servers_of_an_old_store_are_read(open_old: OpenOld) -> None:
    store = open_old("0002")
    shop = store.collections.find("shop")
    mock = store.mock_servers.find("shop")
    assert (mock.behaviour, mock.matching) == (Behaviour(PRESETS["2G"]), Matching(headers=frozenset({"x-team"})))
    assert [error.response.status for error in store.mock_servers.list_server_errors(mock.id)] == [503]
    assert [call.request.target for call in store.calls.list_newest(CallFilter(mock.id), 5)] == [b"/users/7"]
    assert [key.ending for key in store.keys.list()] == ["wxyz"]
    [example] = store.collections.list_examples(shop.id)
    assert example.behaviour == Behaviour(bytes_per_second=9)
    assert [(item.method, item.path) for item in store.collections.list_items(shop.id) if item.method] == [
        ("PUT", "/users/{{id}}")
    ]


def test_streams_of_an_old_store_are_read(open_old: OpenOld) -> None:
    store = open_old("0003")
    whole, failed = store.history.select(EVERYTHING)
    assert (whole.redacted, whole.degraded) == (frozenset({RedactedPlace(Part.QUERY, "a")}), "cut")
    [example] = store.collections.list_examples(store.collections.find("shop").id)
    for response in (whole.response, example.response):
        assert response
        assert {"chunks": response.chunks, "interim": response.interim} == STREAM
    assert [message.content for message in store.history.list_messages(failed.id)] == [b"hello"]


def test_what_replays_of_an_old_session_use_is_read(open_old: OpenOld) -> None:
    assert open_old("0005").sessions.find("shop").replay == {"ignore_query": ["ts"]}


@pytest.mark.parametrize("revision", ["0001", "0004"])
def test_nothing_is_kept_with_a_session_before_0005(open_old: OpenOld, revision: str) -> None:
    store = open_old(revision)
    session = store.sessions.find("shop")
    assert session.replay == {}
    store.sessions.set_replay(session.id, {"ignore_query": ["ts"]})
    assert store.sessions.find("shop").replay == {"ignore_query": ["ts"]}


@pytest.mark.parametrize(("revision", "unedited"), [("0006", set()), ("0007", {"path", "body"})])
def test_an_example_that_was_edited_before_0007_counts_as_edited_in_every_part(
    open_old: OpenOld, revision: str, unedited: set[str]
) -> None:
    store = open_old(revision)
    [example] = store.collections.list_examples(store.collections.find("shop").id)
    assert set(example.unedited) == unedited


def test_an_id_of_an_old_store_can_be_in_another_collection(old: Store) -> None:
    """Marks of promotion stay, and a deletion empties those of its own collection alone."""
    shop = old.collections.find("shop")
    [example] = old.collections.list_examples(shop.id)
    bank = old.collections.create("bank")
    item = make_item(bank.id, "01J8ZZZZZZZZZZZZZZZZZOTHER")
    copy = replace(example, collection_id=bank.id, item_id=item.id)
    old.collections.update(bank.id, CollectionUpdate([item], [copy], [(1, copy.id)]))
    assert old.collections.list_examples(bank.id) == [copy]
    old.collections.delete_example(shop.id, example.id)
    assert old.collections.find_promoted(shop.id) == {1: None}
    assert old.collections.find_promoted(bank.id) == {1: copy.id}


def test_the_tables_of_an_old_store_are_sound(old: Store, tmp_path: Path) -> None:
    """Each old schema comes to the same tables, and every reference leads to a row."""
    new = tmp_path / "new.db"
    open_store(str(new)).close()
    with closing(sqlite3.connect(tmp_path / "old.db")) as before, closing(sqlite3.connect(new)) as created:
        question = "select name, type from sqlite_master where name not like 'sqlite_%' order by name"
        assert before.execute(question).fetchall() == created.execute(question).fetchall()
        assert before.execute("pragma foreign_key_check").fetchall() == []


@pytest.mark.parametrize("file", OLD_STORES, ids=lambda file: file.stem)
def test_migrations_keep_every_row(tmp_path: Path, file: Path) -> None:
    """Tables that are made anew, too: examples with their sequences, marks of promotion, call logs."""
    copy = Path(shutil.copy(file, tmp_path / "old.db"))
    alter(copy, "update examples set sequence = '01J8ZZZZZZZZZZZZZZZZSEQUEN'")
    alter(copy, "update request_items set key = null")  # keys are computed anew (tests/integration/store)
    before = read_rows(copy, MADE_ANEW)
    open_store(str(copy)).close()
    after = read_rows(copy, MADE_ANEW, {table: columns for table, (columns, _) in before.items()})
    assert after == before


@pytest.mark.parametrize("file", [file for file in OLD_STORES if file.stem < "0010"], ids=lambda file: file.stem)
def test_migrations_keep_exchanges_to_the_byte(tmp_path: Path, file: Path) -> None:
    """Heads and bodies, as the rows of before 0009 have them."""
    copy = Path(shutil.copy(file, tmp_path / "old.db"))
    before = read_old_exchanges(copy)
    store = open_or_upgrade_store(str(copy))
    after = [
        (
            one.id,
            one.request.method,
            one.request.target,
            list(one.request.headers),
            store.bodies.read(one.request.body),
            one.response and (one.response.reason, list(one.response.headers), store.bodies.read(one.response.body)),
        )
        for one in store.history.select(EVERYTHING)
    ]
    store.close()
    assert after == before


def read_old_exchanges(file: Path) -> list[tuple[object, ...]]:
    """Id, method, target, headers and body of each request, with reason, headers and body of its response."""
    with closing(sqlite3.connect(file)) as database:
        names = {name for (name,) in database.execute("select name from sqlite_master")}
        table = "old_exchanges" if "old_exchanges" in names else "exchanges"
        bodies = dict(database.execute("select digest, content from bodies"))
        query = (
            "select id, method, target, request_headers, request_body, status, reason, response_headers, response_body"
            f" from {table} order by started_at, id"
        )
        return [
            (
                *(number, method, target, read_pairs(asked), bodies.get(sent, b"")),
                None if status is None else (reason, read_pairs(answered), bodies.get(came, b"")),
            )
            for number, method, target, asked, sent, status, reason, answered, came in database.execute(query)
        ]


def read_pairs(text: str | None) -> list[tuple[str, str]]:
    return [(name, value) for name, value in json.loads(text or "[]")]


@pytest.mark.parametrize("file", [file for file in OLD_STORES if file.stem > "0010"], ids=lambda file: file.stem)
def test_what_was_deleted_before_an_upgrade_can_be_restored(tmp_path: Path, file: Path) -> None:
    """One thing of each kind, the newest first."""
    store = open_store(str(shutil.copy(file, tmp_path / "old.db")))
    deletions = store.trash.list()
    assert {one.kind for one in deletions} == set(DeletionKind) - {DeletionKind.VARIABLES, DeletionKind.REDACTION_RULES}
    for deletion in deletions:
        assert store.trash.restore(deletion.number).name == deletion.name
    assert store.maintenance.check() == []
    assert len(store.collections.list_examples(store.collections.find("gone").id)) == 1
    assert [one.exchanges for one in store.sessions.list_summaries()] == [2, 2]
    store.close()


def test_an_old_store_can_be_used(old: Store) -> None:
    old.history.add([make_exchange(old.sessions.find("shop").id, "/new")])
    outcome = promote_history(old, EVERYTHING, "shop", PromotionPlan(), actor="ada")
    assert (outcome.already, outcome.examples, len(outcome.skipped)) == (1, 1, 1)
    shop = old.collections.find("shop")
    assert len(old.collections.list_examples(shop.id)) == 2
    for mock in old.mock_servers.list():
        old.mock_servers.delete(mock.id)
    old.collections.delete(shop.id)
