"""This project's two servers: the gateway in mock mode, and a mock server."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from bench.load.pairs import Pair
from bench.peers.peer import Bodies, Launch, Peer, Place
from understudy.store.model.collections import Collection, Example, RequestItem
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Headers, Origin, Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour, Matching, MockServer
from understudy.store.model.naming import name_example, name_request
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.sql.open_store import open_store

NAME = "bench"
COMMAND = [sys.executable, "-c", "from understudy.proxy.cli import main; main()"]
ORIGIN = Origin("http", "api.bench.test", 80)
JSON = Headers.of([("Content-Type", "application/json")])
BATCH = 1_000
LOGGED = 10_000


def create_store(file: Path, pairs: Sequence[Pair], behaviour: Behaviour = PLAIN, log_limit: int = LOGGED) -> None:
    """Create a store with a collection of these pairs, as if promoted, and a mock server of it, both called `bench`.

    Bodies are compared if a pair has one. `log_limit` is the number of calls in the call log.
    """
    store = open_store(str(file))
    try:
        collection = store.collections.create(NAME)
        rows = (_make_example(collection, position, pair) for position, pair in enumerate(pairs))
        while batch := list(islice(rows, BATCH)):
            items, examples = zip(*batch, strict=True)
            store.collections.update(collection.id, CollectionUpdate(items, examples))
        now, matching = time.time(), Matching(body="require" if any(pair.body for pair in pairs) else "prefer")
        made = MockServer(new_id(), NAME, NAME, collection.id, now, now, behaviour=behaviour, matching=matching)
        store.mock_servers.create(replace(made, log_limit=log_limit))
    finally:
        store.close()


def environment(place: Place) -> dict[str, str]:
    """Return the variables that keep all files out of the user's own folders."""
    return {"UNDERSTUDY_STORE": str(store_file(place)), "XDG_DATA_HOME": str(place.folder)}


def store_file(place: Place) -> Path:
    """Return the path of the store in this place."""
    return place.folder / "understudy.db"


def _make_example(collection: Collection, position: int, pair: Pair) -> tuple[RequestItem, Example]:
    headers = JSON if pair.body else Headers()
    request = Request(pair.method, pair.target.encode(), headers, pair.body.encode(), ORIGIN)
    response = Response(200, JSON, pair.answer.encode(), b"OK")
    item = RequestItem(new_id(), collection.id, name_request(request), f"bench {position}", position=position)
    example = Example(new_id(), collection.id, item.id, name_example(request, response), request, response)
    return item, example


def _mocks(
    place: Place,
    pairs: Sequence[Pair],
    behaviour: Behaviour = PLAIN,
    log_limit: int = LOGGED,
    options: Sequence[str] = (),
    redirection: str = "",
) -> Launch:
    create_store(store_file(place), pairs, behaviour, log_limit)
    command = [*COMMAND, "mocks", "serve", NAME, "--port", str(place.port), *options]
    shell = ["bash", "-c", f"exec {shlex.join(command)} {redirection}"]
    return Launch(shell if redirection else command, environment(place))


def _gateway(place: Place, pairs: Sequence[Pair], scheme: str = "http") -> Launch:
    create_store(store_file(place), pairs)
    upstream, listen = f"{scheme}://{ORIGIN.host}", f"127.0.0.1:{place.port}"
    return Launch([*COMMAND, "mock", NAME, "--upstream", upstream, "--listen", listen], environment(place))


def _version(_: Path) -> str:
    return version("understudy")


def make_mocks_peer(name: str, **settings: Any) -> Peer:
    """Return a mock server with a behaviour, another limit of its call log, options, or a redirection of its output."""
    return replace(MOCKS, name=name, launch=partial(_mocks, **settings))


MOCKS = Peer("understudy mocks serve", lambda peers: peers, _version, _mocks, bodies=Bodies.VALUES, ours=True)
GATEWAY = replace(MOCKS, name="understudy mock", launch=_gateway)
GATEWAY_HTTPS = replace(
    GATEWAY, name="understudy mock, HTTPS", launch=partial(_gateway, scheme="https"), scheme="https"
)
