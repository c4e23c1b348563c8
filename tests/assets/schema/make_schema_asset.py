"""Makes the small database that stands for the newest schema: python -m tests.assets.schema.make_schema_asset

Run it once when a schema is released, and commit the file. What it holds is told in tests/contract/test_schema.py.
The store of 0009 is one whose upgrade was interrupted before its exchanges were moved.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.factories.messages import ORIGIN, make_example, make_request, make_response
from tests.factories.stored import collect, make_call, make_exchange, make_item, make_server_error, serve
from understudy.store.model.collections import Environment
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Chunk, InterimResponse
from understudy.store.model.mock_servers import PRESETS, ApiKey, Behaviour, Matching
from understudy.store.model.values import replace
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store
from understudy.store.sql.database.engine import Database, get_driver_connection
from understudy.store.sql.database.schema import HEAD
from understudy.store.sql.database.upgrade import TABLES_OF_HISTORY, migrate
from understudy.store.sql.open_store import open_store

FOLDER = Path(__file__).parent
STREAM: dict[str, Any] = {"chunks": (Chunk(0.0, 3), Chunk(0.5, 5)), "interim": (InterimResponse(103),)}


def make(file: Path) -> None:
    """A store with one thing of each kind."""
    store = open_store(str(file))
    session = store.sessions.create("shop", ORIGIN)
    store.sessions.set_replay(session.id, {"ignore_query": ["ts"]})
    whole = make_exchange(
        session.id,
        make_request("POST", "/users?a=1", body=b"asked"),
        replace(make_response(201, b"recorded"), **STREAM),
    )
    whole = replace(whole, redacted=frozenset({RedactedPlace(Part.QUERY, "a")}), degraded="cut")
    ids = store.history.add([whole, make_exchange(session.id, response=None, started=2_000.0, error="refused")])
    store.history.add_messages([(ids[1], WebSocketMessage(1.0, True, MessageKind.TEXT, b"hello"))])
    recorded = store.history.get(ids[0])
    assert recorded.response
    shop = store.collections.create("shop", {"base": "http://x"})
    example = make_example(
        recorded.request,
        id="01J8ZZZZZZZZZZZZZZZZZZABCD",
        response=recorded.response,
        redacted=[RedactedPlace(Part.QUERY, "a")],
        literal=False,
        unedited=["path", "body"],
        behaviour=Behaviour(bytes_per_second=9),
        collection_id=shop.id,
        item_id="01J8ZZZZZZZZZZZZZZZZZZITEM",
    )
    item = make_item(shop.id, example.item_id, key="k" * 64)
    typed = make_item(shop.id, "01J8ZZZZZZZZZZZZZZZZZTYPED", method="PUT", path="/users/{{id}}")
    store.collections.update(shop.id, CollectionUpdate([item, typed], [example], [(ids[0], example.id)]))
    store.environments.save(Environment("01J8ZZZZZZZZZZZZZZZZZZENVI", "stage", {"base": "http://y"}))
    store.settings.set("key", ["value"])
    behaviour, matching = Behaviour(delay=PRESETS["2G"]), Matching(headers=frozenset({"x-team"}))
    mock = serve(store, shop, id="01J8ZZZZZZZZZZZZZZZZZZMOCK", behaviour=behaviour, matching=matching)
    store.mock_servers.save_server_error(make_server_error(mock, id="01J8ZZZZZZZZZZZZZZZZZERROR"))
    store.keys.add(ApiKey("01J8ZZZZZZZZZZZZZZZZZZZKEY", "ci", "d" * 64, "wxyz", 1_000.0))
    store.calls.add([make_call(mock)], {mock.id: 10})
    fill_trash(store)
    store.close()


def fill_trash(store: Store) -> None:
    """Delete one thing of each kind, so that a later migration has to keep what can be restored."""
    gone = store.sessions.create("gone", None)
    ids = store.history.add([make_exchange(gone.id, started=3_000.0), make_exchange(gone.id, started=4_000.0)])
    store.trash.put_entries(ids[:1])
    store.trash.put_session(gone.id)
    collection = collect(
        store, make_example(id="01J8ZZZZZZZZZZZZZZZZZZGONE", item_id="01J8ZZZZZZZZZZZZZZZZZZGITE"), name="gone"
    )
    other = collect(
        store, make_example(id="01J8ZZZZZZZZZZZZZZZZZZLEFT", item_id="01J8ZZZZZZZZZZZZZZZZZZLITE"), name="left"
    )
    store.trash.put_collection(collection.id)
    store.trash.put_example(other.id, "01J8ZZZZZZZZZZZZZZZZZZLEFT")
    store.environments.save(Environment("01J8ZZZZZZZZZZZZZZZZZZGENV", "gone", {"a": "1"}))
    store.trash.put_environment("01J8ZZZZZZZZZZZZZZZZZZGENV")
    mock = serve(store, other, "gone", id="01J8ZZZZZZZZZZZZZZZZZZGMOC")
    errors = [make_server_error(mock, name, id=f"01J8ZZZZZZZZZZZZZZZZZ{name}") for name in ("FIRST", "OTHER")]
    for error in errors:
        store.mock_servers.save_server_error(error)
    store.calls.add([make_call(mock)], {mock.id: 10})
    store.trash.put_server_error(errors[0].id)
    store.trash.put_calls(mock.id)
    store.trash.put_mock_server(mock.id)


def make_interrupted(file: Path) -> None:
    """The store of 0008 at 0009, where an upgrade stops if it is killed."""
    shutil.copy(FOLDER / "0008.db", file)
    database = Database(str(file))
    database.set_write_ahead_log()
    with database.connect() as connection:
        get_driver_connection(connection).execute("pragma foreign_keys = off")
        with connection.begin():
            migrate(connection, TABLES_OF_HISTORY)
    database.close()


if __name__ == "__main__":
    make(FOLDER / f"{HEAD}.db")
    make_interrupted(FOLDER / f"{TABLES_OF_HISTORY}.db")
