"""Keys of request items that are computed anew: a store that was promoted before is upgraded, and promoted again."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.assets.promoted.make_promoted_asset import COLLECTION, EDITED, FILE, SESSION, TRAFFIC
from understudy.matcher.replay_keys import compute_request_key
from understudy.proxy.operations.recordings import promotion
from understudy.proxy.operations.recordings.promotion import PromotionOutcome, choose_exchanges, promote_history
from understudy.store.model.collections import Example
from understudy.store.model.messages import Request
from understudy.store.promotion import PromotionPlan, RequestKey
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.database.schema import HEAD
from understudy.store.sql.open_store import open_store

EDITED_PATH = "/users/9"
SEVERAL = ("/items", "/cached", "/report", "/file")  # paths of several requests by the finer key
PIECES = "01J8ZZZZZZZZZZZZZZZZZPIECE"
NEGOTIATING = ("accept", "range", "if-none-match")


def compute_finer_key(request: Request, body: bytes, varied: frozenset[str]) -> str:
    """A key that also distinguishes some header fields."""
    return f"{compute_request_key(request, body, varied)} {[request.headers.get(name) for name in NEGOTIATING]}"[:120]


def compute_path_key(request: Request, _body: bytes, _varied: frozenset[str]) -> str:
    """A key that distinguishes less than the old one."""
    return f"{request.method} {request.path.decode()}"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the store that was promoted with the schema 0006."""
    return Path(shutil.copy(FILE, tmp_path / "old.db"))


Upgrade = Callable[[RequestKey], Store]


@pytest.fixture
def upgrade(old: Path, monkeypatch: pytest.MonkeyPatch) -> Upgrade:
    """A function that upgrades the store to these keys, which promotion has from then on."""

    def open_with(request_key: RequestKey) -> Store:
        monkeypatch.setattr(promotion, "compute_request_key", request_key)
        return open_store(str(old), request_key=request_key)

    return open_with


def group_examples(store: Store) -> dict[str, list[list[Example]]]:
    """The examples of each path, by request item in order."""
    collection = store.collections.find(COLLECTION)
    examples, found = store.collections.list_examples(collection.id), dict[str, list[list[Example]]]()
    for item in store.collections.list_items(collection.id):
        own = [one for one in examples if one.item_id == item.id]
        found.setdefault(own[0].request.path.decode(), []).append(own)
    return found


def promote_again(store: Store) -> PromotionOutcome:
    criteria = choose_exchanges(store, HistoryFilter(), SESSION)
    return promote_history(store, criteria, COLLECTION, PromotionPlan(), actor="ada")


def forget_promotion(file: Path) -> None:
    """Drop the marks, as if the exchanges had been recorded again."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("delete from promoted")
        database.commit()


@pytest.mark.parametrize("request_key", [compute_request_key, compute_finer_key, compute_path_key])
def test_promoting_the_old_session_again_adds_nothing(upgrade: Upgrade, request_key: RequestKey) -> None:
    outcome = promote_again(upgrade(request_key))
    assert (outcome.items, outcome.examples, outcome.already) == (0, 0, len(TRAFFIC))


@pytest.mark.parametrize("request_key", [compute_request_key, compute_finer_key])
def test_what_is_recorded_again_has_its_request_item(upgrade: Upgrade, old: Path, request_key: RequestKey) -> None:
    """The keys are those that promotion computes, also of requests with secrets; that of an edited one is unknown."""
    store = upgrade(request_key)
    before = {own[0].item_id for items in group_examples(store).values() for own in items}
    forget_promotion(old)
    promote_again(store)
    after = [own[0] for items in group_examples(store).values() for own in items]
    assert [one.request.path.decode() for one in after if one.item_id not in before] == [EDITED_PATH]


def test_each_request_item_and_each_sequence_has_one_key(upgrade: Upgrade, old: Path) -> None:
    store = upgrade(compute_finer_key)
    found = group_examples(store)
    assert {path: len(items) for path, items in found.items() if len(items) > 1} == dict.fromkeys(SEVERAL, 2)
    # A queue that changed, and two spellings of one body.
    assert {path for path, items in found.items() if len(items[0]) > 1} == {"/queue", "/notes"}
    assert all({one.sequence for one in own} == {own[0].item_id} for items in found.values() for own in items)


def test_what_is_recorded_again_adds_only_the_turns_of_real_repeats(upgrade: Upgrade, old: Path) -> None:
    """The newest example of a request item is the one that a new answer is compared with."""
    store = upgrade(compute_finer_key)
    forget_promotion(old)
    promote_again(store)
    counts = {path: [len(own) for own in items] for path, items in group_examples(store).items()}
    assert counts.pop("/queue") == [4]
    assert counts.pop(EDITED_PATH) == [1, 1]
    assert counts.pop("/notes") == [2]
    assert {length for lengths in counts.values() for length in lengths} == {1}


def test_request_items_with_one_key_become_one(upgrade: Upgrade) -> None:
    """The first stays; the examples of all are one sequence, in recorded order."""
    [own] = group_examples(upgrade(compute_path_key))["/items"]
    assert [one.request.query for one in own] == [b"z=1&sort=b&sort=a&a=2", b"z=1&sort=a&sort=b&a=2"]
    assert {one.sequence for one in own} == {own[0].item_id}


def test_an_example_whose_request_was_edited_stays_with_its_item(upgrade: Upgrade) -> None:
    store = upgrade(compute_finer_key)
    example = store.collections.find_example(EDITED)
    [item] = [one for one in store.collections.list_items(example.collection_id) if one.id == example.item_id]
    assert (example.literal, store.bodies.read(example.request.body)) == (False, b'{"name": "{{name}}"}')
    assert item.key


def test_examples_and_marks_of_promotion_stay(upgrade: Upgrade, old: Path) -> None:
    question = (
        "select exchange_id, example_id from promoted order by 1",
        "select id, name, target from examples order by 1",
    )
    with closing(sqlite3.connect(old)) as database:
        before = [database.execute(each).fetchall() for each in question]
    upgrade(compute_finer_key).close()
    with closing(sqlite3.connect(old)) as database:
        assert [database.execute(each).fetchall() for each in question] == before
        assert database.execute("pragma foreign_key_check").fetchall() == []


def read_schema(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        return str(database.execute("select version_num from alembic_version").fetchone()[0])


def dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return list(database.iterdump())


def test_an_upgrade_that_fails_changes_nothing(old: Path) -> None:
    before = dump(old)
    calls: list[bytes] = []

    def fail(_request: Request, body: bytes, _varied: frozenset[str]) -> str:
        calls.append(body)
        if len(calls) > 5:
            raise MemoryError
        return str(len(calls))

    with pytest.raises(MemoryError):
        open_store(str(old), request_key=fail)
    assert (read_schema(old), dump(old)) == ("0006", before)


def test_without_the_function_for_keys_such_a_store_is_left_as_it_is(old: Path) -> None:
    with pytest.raises(TypeError, match="open_store needs request_key"):
        open_store(str(old))
    assert read_schema(old) == "0006"


KILLED = """
import os, signal, sys
from understudy.store.sql.open_store import open_store
calls = []
def request_key(*values):
    calls.append(values)
    if len(calls) > 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return str(len(calls))
open_store(sys.argv[1], request_key=request_key)
"""


def test_an_upgrade_that_is_killed_half_way_is_harmless(old: Path, upgrade: Upgrade) -> None:
    before = dump(old)
    done = subprocess.run([sys.executable, "-c", KILLED, str(old)], env=os.environ, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (read_schema(old), dump(old)) == ("0006", before)
    upgrade(compute_finer_key).close()
    assert read_schema(old) == HEAD


def test_a_large_body_is_read_from_its_pieces(old: Path) -> None:
    with closing(sqlite3.connect(old)) as database:
        for position, piece in enumerate([b'{"a"', b": 1}"]):
            database.execute("insert into body_pieces values (?, ?, ?)", (PIECES, position, piece))
        change = "update bodies set content = x'', pieces = ? where content = ?"
        assert database.execute(change, (PIECES, b'{"a": 1}')).rowcount == 1
        database.commit()
    seen: list[bytes] = []

    def request_key(request: Request, body: bytes, varied: frozenset[str]) -> str:
        if request.path == b"/notes":
            seen.append(body)
        return compute_request_key(request, body, varied)

    open_store(str(old), request_key=request_key).close()
    assert seen == [b'{"a": 1}', b'{"a":1.0}']
