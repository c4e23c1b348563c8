"""A deletion or an undo that is killed at any moment goes on with the next: nothing is lost, and all is consistent."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.factories.messages import make_example, make_response
from tests.factories.stored import EVERYTHING, additions, make_exchange
from tests.factories.stores import open_fresh_file
from tests.proofs import choose
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store

EXCHANGES = choose(5_000, 1_500)
EXAMPLES = choose(2_000, 500)
ROUNDS = choose(40, 3)

PROGRAM = """
import sys
from understudy.store.sql.open_store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
for _ in range(100):
    session = store.trash.put_session(store.sessions.list_summaries()[0].session.id)
    collection = store.trash.put_collection(store.collections.list_summaries()[0].collection.id)
    store.trash.restore(session.number)
    store.trash.restore(collection.number)
"""


def fill(store: Store) -> None:
    session_id = store.sessions.create("shop", None).id
    exchanges = [
        make_exchange(session_id, f"/{number}", make_response(body=b"%d" % number), started=float(number))
        for number in range(EXCHANGES)
    ]
    store.history.add(exchanges)
    shop = store.collections.create("shop")
    examples = [make_example(f"/{n}", id=f"e{n:06}", item_id=f"i{n:06}") for n in range(EXAMPLES)]
    store.collections.update(shop.id, additions(shop, *examples))


def see(store: Store) -> tuple[list[str], int, list[str], int, int]:
    sessions, collections = store.sessions.list_summaries(), store.collections.list_summaries()
    return (
        [one.session.name for one in sessions],
        sum(1 for _ in store.history.select(EVERYTHING)),
        [one.collection.name for one in collections],
        sum(one.examples for one in collections),
        sum(one.items for one in collections),
    )


@pytest.mark.proof
@pytest.mark.once
@pytest.mark.timeout(600)
def test_deletions_and_undo_survive_kills(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    with closing(open_fresh_file(file)) as store:
        fill(store)
        whole = see(store)
    assert whole == (["shop"], EXCHANGES, ["shop"], EXAMPLES, EXAMPLES)
    for _ in range(ROUNDS):
        kill_while_deleting(file, moments.uniform(0.0, 1.0))
        with closing(open_store(str(file))) as store:
            sessions, exchanges, *_ = see(store)
            assert sessions or not exchanges, f"exchanges of no session: seed {seed}"
            store.trash.tidy(time.time())
            assert {one.state for one in store.trash.list()} <= {"deleted"}, seed
            assert store.maintenance.check() == [], seed
            for deletion in store.trash.list():
                store.trash.restore(deletion.number)
            assert see(store) == whole, seed


def kill_while_deleting(file: Path, seconds: float) -> None:
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, str(file)], stdout=subprocess.PIPE, text=True)
    assert program.stdout
    assert program.stdout.readline() == "ready\n"
    time.sleep(seconds)
    assert program.poll() is None
    program.kill()
    program.communicate()
