"""A store with something of everything that commands show, always the same: its ids and times are fixed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from tests.factories.messages import make_example, make_request, make_response
from tests.factories.stored import additions, make_call, make_mock_server, make_server_error
from tests.factories.stores import open_fresh_file
from understudy.store.model import ids
from understudy.store.model.collections import Environment
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Origin
from understudy.store.model.mock_servers import PRESETS, ApiKey, Behaviour
from understudy.store.model.values import replace
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.rules import Rules
from understudy.store.redaction.settings import set_rules
from understudy.store.repositories.store import Store

NOW = dt.datetime(2026, 11, 30, 14, 3, 22, tzinfo=dt.UTC).timestamp()
DAY = 86_400.0
SHOP = Origin.parse("https://api.shop.example.com:8443")
OTHER = Origin.parse("http://127.0.0.1:3000")
PATH_OF_40 = "/v1/customers/4711/addresses/8/geo-point"
LONG_PATH = f"{PATH_OF_40}/history/of/all/changes?since=2026-01-31&fields=street,city"
LONG_NAME = "the-shop-as-it-was-before-the-big-change"
WIDE_NAME = "注文サービス"
RIGHT_TO_LEFT_PATH = "/مدن/القاهرة"
PATHS = ["/orders", PATH_OF_40, LONG_PATH, f"/{WIDE_NAME}/一覧", RIGHT_TO_LEFT_PATH, "/orders/7"]
STATUSES = [200, 201, 404, 503, 304, 200]
# The first two are of today, then one of this year, then of an earlier one.
TIMES = [NOW - 400 * DAY, NOW - 200 * DAY, NOW - DAY, NOW - 90, NOW - 60, NOW - 5]


@contextmanager
def fixed_ids_and_times() -> Iterator[None]:
    """Let ids and times be the same in each run."""
    numbers = count()
    randomness = SimpleNamespace(urandom=lambda size: sha256(b"%d" % next(numbers)).digest()[:size])
    clock = SimpleNamespace(time_ns=lambda: int(NOW) * 10**9)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(ids, "os", randomness))
        stack.enter_context(mock.patch.object(ids, "time", clock))
        stack.enter_context(mock.patch.object(ids, "_last", 0))
        stack.enter_context(mock.patch("time.time", return_value=NOW - DAY))
        yield


def make_shown_store(file: Path) -> None:
    """Make the store in this file."""
    with fixed_ids_and_times():
        store = open_fresh_file(file)
        _fill_history(store)
        _fill_collections(store)
        _fill_mock_servers(store)
        set_rules(store, Rules.of(headers=["X-Session-Id"], json=["$.user.name"]))
        _start_gateways(store)
        store.close()


def _fill_history(store: Store) -> None:
    shop, other = store.sessions.create("shop", SHOP), store.sessions.create(LONG_NAME, None)
    store.sessions.set_replay(shop.id, {"ignore_query": ["since"]})
    store.history.add([_make_exchange(shop.id, number, SHOP) for number in range(len(PATHS))])
    failed = replace(_make_exchange(other.id, 5, OTHER), response=None, error="connection refused by 127.0.0.1:3000")
    [socket, _] = store.history.add([_make_exchange(other.id, 4, SHOP), failed])
    store.history.add_messages([(socket, WebSocketMessage(NOW, True, MessageKind.TEXT, b"hello"))])


def _make_exchange(session_id: str, number: int, origin: Origin) -> Exchange:
    request = make_request("DELETE" if number == 2 else "GET", PATHS[number].encode(), origin=origin)
    response = make_response(STATUSES[number], b'{"n": %d}' % 10**number)
    at = TIMES[number]
    return Exchange(session_id, request, response, Timings(at, at + 0.01, at + 0.02, at + 0.1 * (number + 1)))


def _fill_collections(store: Store) -> None:
    shop = store.collections.create("shop", {"base": f"{SHOP}", "limit": "20"})
    store.collections.create(WIDE_NAME)
    examples = [
        make_example(
            make_request("OPTIONS" if number == 1 else "GET", path.encode(), origin=SHOP),
            id=new_id(),
            item_id=new_id(),
            name=f"{'OPTIONS' if number == 1 else 'GET'} {path} - {status}",
            response=make_response(status, b"{}" * number),
        )
        for number, (path, status) in enumerate(zip(PATHS, STATUSES, strict=True))
    ]
    slow = replace(examples[0], behaviour=Behaviour(delay=PRESETS["2G"]))
    store.collections.update(shop.id, additions(shop, slow, *examples[1:]))


def _fill_mock_servers(store: Store) -> None:
    stage = Environment(new_id(), "stage", {"base": "https://stage.shop.example.com/v1/", "limit": "20"})
    store.environments.save(stage)
    shop = store.collections.find("shop")
    mocks = [
        make_mock_server(shop, "shop", id=new_id(), environment_id=stage.id),
        make_mock_server(shop, LONG_NAME, id=new_id(), private=True),
        make_mock_server(store.collections.find(WIDE_NAME), WIDE_NAME, slug="orders", id=new_id()),
    ]
    for one in mocks:
        store.mock_servers.create(one)
    for name in ("down", LONG_NAME):
        store.mock_servers.save_server_error(make_server_error(mocks[0], name))
        store.keys.add(ApiKey(new_id(), name, "0" * 64, "a1b2", NOW - DAY))
    store.calls.add(
        [
            make_call(mocks[0], path, at=at, response=make_response(status), example_name=f"GET {path} - {status}")
            for path, at, status in zip(PATHS, TIMES, STATUSES, strict=True)
        ],
        {},
    )
    missed = make_call(mocks[0], "/nowhere", at=NOW, example_id=None, decision="no match", response=make_response(404))
    store.calls.add([missed, make_call(mocks[0], "/cut", at=NOW, response=None)], {})


def _start_gateways(store: Store) -> None:
    session, mocked = store.sessions.find("shop"), store.mock_servers.find(LONG_NAME)
    states = {
        "gateway-8080": (SHOP, GatewayState(Mode.RECORD, session_id=session.id)),
        "gateway-8090": (None, GatewayState(Mode.MOCK, mocked.collection_id, None, mocked.id)),
    }
    for name, (upstream, state) in states.items():
        listen = f"127.0.0.1:{name[-4:]}"
        store.gateways.register(Gateway(new_id(), name, 1, listen, upstream, state, NOW, NOW))
