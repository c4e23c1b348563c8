"""Hostile text in every field of the store: whatever a command prints on a terminal is printable."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.cli_reference import commands
from tests.e2e.commands.output.terminals import show, terminal
from tests.factories.shown_store import make_shown_store
from tests.programs import Understudy
from tests.programs.terminal import run_on_terminal

__all__ = ["terminal"]

HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202e\u2066\u200b\u2028\x7f\r\nError: forged\t[bold]x[/bold]:smile:\x00\ufeff"
HOSTILE_BYTES = HOSTILE.encode().decode("latin-1")
NOT_TEXTS = {
    *("id", "collection_id", "item_id", "session_id", "mock_server_id", "environment_id", "example_id", "parent_id"),
    *("folder_id", "subject_id", "server_error_id", "digest", "pieces", "key", "request_body", "response_body"),
    *("mode", "kind", "state", "subject", "sequence", "fingerprint", "details", "counts", "slug"),
    *("behaviour", "matching", "unedited", "response_chunks", "response_interim", "session", "clock"),
}
"""Columns that hold ids, digests, words of ours, or JSON of numbers."""
JSON_TEXTS = {
    "variables": {f"key{HOSTILE}": HOSTILE},
    "replay": {"ignore_query": [HOSTILE]},
    "redacted": [["header", HOSTILE]],
    "request_headers": [[f"X-A{HOSTILE_BYTES}", HOSTILE_BYTES]],
    "response_headers": [[f"X-A{HOSTILE_BYTES}", HOSTILE_BYTES], ["Content-Type", HOSTILE_BYTES]],
    "request_trailers": None,
    "response_trailers": None,
}
BYTES = {"content", "target", "reason", "request_content", "response_content"}
KEPT_TABLES = ("alembic_version", "sqlite_", "revision", "settings", "store_users", "search")
READS = [
    *("sessions list", "sessions show {session}", "history list", "history show 1", "history show 7"),
    *("history show 1 --body response", "history show 1 --head response", "history show 1 --secrets"),
    *("collections list", "collections show {collection}", "examples list {collection}", "examples show {example}"),
    *("environments list", "environments show {environment}", "mocks list", "mocks show {mock}"),
    *("mocks errors list {mock}", "mocks logs {mock}", "mocks logs {mock} --call 1", "mocks policy", "keys list"),
    *("redaction list", "store info", "store check", "match GET /orders --mock {mock}", "mode"),
    "mocks verify {mock} --called 'GET /orders'",
]
"""What is printed to people, but for the JSON, which each of these prints too where it can."""
CHANGES = [
    *("examples set {example} --status 201", "collections set {collection} --variable a=b", "mocks reset {mock}"),
    *("mocks errors activate {mock} {error}", "mocks errors off {mock}", "mocks edit {mock} --private"),
    *("environments set {environment} a=b", "promote 1 --to {collection}", "sessions set {session} --ignore-query a"),
    *("keys revoke {key}", "sessions delete {session} --yes", "mocks delete {mock} --yes", "undo"),
]
TYPED = ["sessions show", "collections create", "examples show", "mocks show", "nosuchcommand", "history show"]
TYPED += ["history list --since", "match GET /a --mock", "mode", "environments set", "promote 1 --filter", "--store"]
QUIET = {"record", "replay", "mock", "gateway", "ca", "addon-path", "send", "import", "export"}
"""Commands that serve, call an API, or read no store."""


@pytest.fixture(scope="module")
def hostile_once(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A store with hostile text in every field; not to be changed."""
    understudy = Understudy(tmp_path_factory.mktemp("hostile"))
    make_shown_store(understudy.store)
    with closing(sqlite3.connect(understudy.store)) as connection:
        for table, column in _list_text_columns(connection):
            _make_hostile(connection, table, column)
        connection.commit()
    return understudy


def _list_text_columns(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (table,) in tables:
        if not table.startswith(KEPT_TABLES):
            for _, column, kind, *_ in connection.execute(f"pragma table_info('{table}')"):
                if kind in ("TEXT", "BLOB") and column not in NOT_TEXTS:
                    yield table, column


def _make_hostile(connection: sqlite3.Connection, table: str, column: str) -> None:
    if column in JSON_TEXTS:
        text = JSON_TEXTS[column]
        value: str | bytes | None = None if text is None else json.dumps(text)
        connection.execute(f"update {table} set {column} = ? where {column} is not null", (value,))
    elif column in BYTES:
        connection.execute(f"update {table} set {column} = ?", (f"/{HOSTILE}".encode(),))
    elif column in ("request_head", "response_head"):
        head = b"HTTP/1.1 200 " if column == "response_head" else b"GET /\x1b[31m\xc2\x9b HTTP/1.1"
        fields = b"\r\nX-A\x1b: \x1b]0;own\x07\xe2\x80\xae\r\n"
        connection.execute(f"update {table} set {column} = ? where {column} is not null", (head + fields,))
    elif column in ("origin", "upstream"):  # a URL that can be parsed
        connection.execute(f"update {table} set {column} = ? where {column} is not null", ("http://a\x1b\u202e:80",))
    else:
        connection.execute(
            f"update {table} set {column} = {column} || ? || rowid where {column} is not null", (HOSTILE,)
        )


@pytest.fixture(scope="module")
def ids(hostile_once: Understudy) -> dict[str, str]:
    """The id of one of each."""
    tables = {"session": "all_sessions", "collection": "collections", "example": "examples", "key": "api_keys"}
    tables |= {"environment": "environments", "mock": "mock_servers", "error": "server_errors"}
    return {name: hostile_once.sql(f"select id from {table} limit 1") for name, table in tables.items()}


def assert_printable(printed: str) -> None:
    """A table has tabs nowhere; bodies keep theirs, and their line ends."""
    assert [line for line in printed.split("\n") if not line.replace("\t", "").isprintable()] == []


@pytest.mark.parametrize("typed", READS)
@pytest.mark.usefixtures("terminal")
def test_what_a_command_reads_is_printable(hostile_once: Understudy, ids: dict[str, str], typed: str) -> None:
    printed = show(hostile_once, typed.format(**ids), 80)
    assert printed
    assert not printed.startswith("Error: "), printed
    assert_printable(printed)
    assert_printable(show(hostile_once, f"{typed.format(**ids)} --json", 80))


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.usefixtures("terminal")
def test_what_is_typed_is_printable(hostile_once: Understudy, typed: str) -> None:
    printed = show(hostile_once, f"{typed} {shlex.quote(HOSTILE.replace(chr(0), ''))}", 80)
    assert printed
    assert_printable(printed)
    assert "Error: forged" not in printed.splitlines()


@pytest.mark.usefixtures("terminal")
def test_what_a_command_changes_is_printable(
    hostile_once: Understudy, ids: dict[str, str], understudy: Understudy
) -> None:
    understudy.store.write_bytes(hostile_once.store.read_bytes())
    for typed in CHANGES:
        printed = show(understudy, typed.format(**ids), 80)
        assert printed, typed
        assert_printable(printed)


@pytest.mark.parametrize(
    "typed", ["history list", "history show 1", "mocks logs {mock} --call 1", "examples show {example}"]
)
def test_a_real_terminal_gets_printable_text(hostile_once: Understudy, ids: dict[str, str], typed: str) -> None:
    """Beside the styles of ours there is none; `NO_COLOR` switches them off."""
    arguments = shlex.split(typed.format(**ids))
    assert_printable(run_on_terminal(hostile_once, *arguments, NO_COLOR="1"))


def test_every_command_that_reads_the_store_is_here() -> None:
    covered = " ".join(f"| {one}" for one in READS + CHANGES + TYPED)
    reading = {
        one.removeprefix("understudy ") for one in commands() if one.endswith((" list", " show", " info", " logs"))
    }
    assert [one for one in reading if f"| {one}" not in covered and one.split()[0] not in QUIET] == []
