"""What is deleted for ever leaves no byte in the files of the store, and what expires none in the database."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tests.factories.messages import make_example, make_response
from tests.factories.stored import (
    EVERYTHING,
    additions,
    make_call,
    make_exchange,
    make_server_error,
    serve,
)
from tests.factories.stores import open_fresh_file
from tests.proofs import choose
from understudy.proxy.operations.collections.collections import delete_collection
from understudy.proxy.operations.collections.environments import delete_environment, remove_variables
from understudy.proxy.operations.collections.examples import delete_example
from understudy.proxy.operations.mock_servers.call_logs import clear_calls
from understudy.proxy.operations.mock_servers.mock_servers import delete_mock_server
from understudy.proxy.operations.mock_servers.server_errors import delete_server_error
from understudy.proxy.operations.recordings.history import choose_entries, delete_entries
from understudy.proxy.operations.recordings.sessions import delete_session
from understudy.proxy.operations.trash.undoing import empty_trash, forget_deletion
from understudy.store.model.collections import Environment
from understudy.store.model.ids import new_id
from understudy.store.model.messages import PiecedBody
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.repositories.store import Store
from understudy.store.repositories.trash import KEPT_SECONDS, Deletion

EXCHANGES = choose(3_000, 300)
KINDS = ("url", "head", "small", "large", "message")


def make_secret(number: int, kind: str) -> bytes:
    """A secret of 24 characters that occurs once, and can be told from others by its beginning."""
    return b"sk" + random.Random(f"{number} {kind}").randbytes(11).hex().encode()


def secrets(*kinds: str, count: int) -> set[bytes]:
    return {make_secret(number, kind) for kind in kinds for number in range(count)}


def fill_session(store: Store, name: str) -> set[bytes]:
    """Record secrets in URLs, headers, inline bodies, large ones, ones in pieces, and messages; return them."""
    session_id = store.sessions.create(name, None).id
    with store.transaction("ada"):
        for number in range(EXCHANGES):
            target, field, small, large, said = (make_secret(number, f"{name} {kind}") for kind in KINDS)
            body = large + random.Random(number).randbytes(20_000) if number % 10 == 0 else small * (1 + number % 20)
            response = make_response(body=body, headers={"Set-Cookie": field.decode()})
            [id_] = store.history.add([make_exchange(session_id, f"/{target.decode()}", response, started=number)])
            store.history.add_messages([(id_, WebSocketMessage(1.0, True, MessageKind.TEXT, said))])
    return secrets(*(f"{name} {kind}" for kind in KINDS), count=EXCHANGES)


def find_in_files(folder: Path, sought: set[bytes]) -> set[bytes]:
    kept = b"".join(path.read_bytes() for path in folder.iterdir())
    return {secret for secret in sought if secret in kept}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of an SQLite that overwrites nothing by itself, as some builds do."""
    event.listen(Engine, "connect", leave_deleted_bytes)
    try:
        yield open_fresh_file(tmp_path / "understudy.db")
    finally:
        event.remove(Engine, "connect", leave_deleted_bytes)


def leave_deleted_bytes(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("pragma secure_delete = off")


def test_a_session_is_deleted_for_ever_with_its_index(store: Store, tmp_path: Path) -> None:
    with closing(store):
        kept = fill_session(store, "kept")
        sought = fill_session(store, "shop")
        store.history.index_for_search()
        assert len(find_in_files(tmp_path, sought)) > len(sought) / 2
        deleted = delete_session(store, "shop", forever=True, actor="ada")
        assert (deleted.deletion, deleted.is_overwritten) == (None, True)
        assert find_in_files(tmp_path, sought) == set()
        assert len(find_in_files(tmp_path, kept)) > len(kept) / 2
        assert store.maintenance.check() == []


def test_entries_are_deleted_for_ever_from_among_others(store: Store, tmp_path: Path) -> None:
    with closing(store):
        sought = fill_session(store, "shop")
        ids = choose_entries(store, EVERYTHING, "shop")
        delete_entries(store, ids[::2], forever=True, actor="ada")
        left = {make_secret(number, f"shop {kind}") for number in range(1, EXCHANGES, 2) for kind in KINDS}
        assert find_in_files(tmp_path, sought - left) == set()
        delete_entries(store, ids[1::2], forever=True, actor="ada")
        assert find_in_files(tmp_path, sought) == set()


def test_what_is_in_the_trash_can_be_forgotten(store: Store, tmp_path: Path) -> None:
    with closing(store):
        sought = fill_session(store, "shop")
        deletion = delete_session(store, "shop", actor="ada").deletion
        assert deletion
        assert find_in_files(tmp_path, sought)
        assert forget_deletion(store, deletion.number)
        assert find_in_files(tmp_path, sought) == set()


def test_what_expires_is_overwritten_in_the_database(store: Store, tmp_path: Path) -> None:
    sought = fill_session(store, "shop")
    delete_session(store, "shop", actor="ada")
    store.trash.tidy(time.time() + KEPT_SECONDS + 1)
    store.close()  # which writes the log into the file, and deletes it
    assert find_in_files(tmp_path, sought) == set()


SECRET = b"sk" + b"0123456789abcdef" * 2
TEXT = SECRET.decode()


def fill_all(store: Store) -> None:
    """Put a secret into every kind of thing that can be deleted."""
    response = make_response(body=SECRET * 500, headers={"X-Token": TEXT})
    shop, other = store.collections.create("shop", {"token": TEXT}), store.collections.create("other")
    examples = [make_example(f"/{TEXT}/{n}", id=f"e{n:06}", item_id=f"i{n:06}", response=response) for n in range(40)]
    store.collections.update(shop.id, additions(shop, *examples))
    store.environments.save(Environment("e" * 26, "stage", {"token": TEXT, "other": "1"}))
    mock = serve(store, other)
    store.mock_servers.save_server_error(make_server_error(mock, response=make_response(503, SECRET), id="d" * 26))
    store.calls.add([make_call(mock, f"/{TEXT}/{number}") for number in range(60)], {mock.id: 100})
    key = new_id()
    store.bodies.add_pieces([(key, number, SECRET * 100) for number in range(5)])
    session = store.sessions.create("pieces", None)
    body = PiecedBody("5" * 64, 500 * len(SECRET), key)
    store.history.add([make_exchange(session.id, response=make_response(body=body))])


DELETIONS: Sequence[Callable[[Store], object]] = (
    lambda store: [delete_example(store, f"e{n:06}", "shop", forever=True, actor="ada") for n in range(40)],
    lambda store: delete_collection(store, "shop", forever=True, actor="ada"),
    lambda store: remove_variables(store, "stage", ["token"], forever=True, actor="ada"),
    lambda store: delete_environment(store, "stage", forever=True, actor="ada"),
    lambda store: delete_server_error(store, "shop", "down", forever=True, actor="ada"),
    lambda store: clear_calls(store, "shop", forever=True, actor="ada"),
    lambda store: delete_mock_server(store, "shop", forever=True, actor="ada"),
    lambda store: delete_session(store, "pieces", forever=True, actor="ada"),
)


def test_every_kind_is_overwritten(store: Store, tmp_path: Path) -> None:
    """One after the other, until nothing holds the secret."""
    with closing(store):
        fill_all(store)
        assert find_in_files(tmp_path, {SECRET}) == {SECRET}
        for delete in DELETIONS:
            delete(store)
        assert find_in_files(tmp_path, {SECRET}) == set()
        assert store.maintenance.check() == []


def test_emptying_the_trash_overwrites_every_kind(store: Store, tmp_path: Path) -> None:
    with closing(store):
        fill_all(store)
        numbers: list[Deletion | None] = [
            delete_collection(store, "shop", actor="ada").deletion,
            remove_variables(store, "stage", ["token"], actor="ada").deletion,
            delete_environment(store, "stage", actor="ada").deletion,
            delete_mock_server(store, "shop", actor="ada").deletion,
            delete_session(store, "pieces", actor="ada").deletion,
        ]
        assert None not in numbers
        assert find_in_files(tmp_path, {SECRET}) == {SECRET}
        assert empty_trash(store) == (5, True)
        assert find_in_files(tmp_path, {SECRET}) == set()


def test_a_reader_that_holds_up_the_log_is_reported(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.store.sql.maintenance.maintenance.CLEAR_SECONDS", 0.05)
    fill_session(store, "shop")
    with closing(store), closing(sqlite3.connect(tmp_path / "understudy.db", isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from sessions").fetchall()
        assert delete_session(store, "shop", forever=True, actor="ada").is_overwritten is False
