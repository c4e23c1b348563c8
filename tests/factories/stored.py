"""Exchanges, request items and gateways for tests of the store, with sensible defaults, and shortcuts to keep them."""

from __future__ import annotations

from typing import Any

from tests.factories.messages import make_request, make_response
from understudy.store.model.calls import Call
from understudy.store.model.collections import Collection, Example, RequestItem
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Body, Request, Response
from understudy.store.model.mock_servers import MockServer, ServerError
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

EVERYTHING = HistoryFilter()
GIVEN = make_response()
LARGE = b"large" * 4_000
"""A body that no row of history holds itself."""


def make_exchange(
    session_id: str = "session",
    request: Request | str = "/users/7",
    response: Response | None = GIVEN,
    *,
    started: float = 1_000.0,
    error: str | None = None,
    id: int = 0,
) -> Exchange:
    """An exchange; a text stands for the target of a GET request."""
    asked = make_request(target=request) if isinstance(request, str) else request
    return Exchange(session_id, asked, response, Timings(started), error, id)


def make_item(collection_id: str, id: str | None = None, **fields: Any) -> RequestItem:
    """A request item."""
    return RequestItem(id or new_id(), collection_id, "GET /users/7", **fields)


def make_gateway(name: str = "gateway-8080", *, heartbeat: float = 1_000.0, mode: Mode = Mode.PASS) -> Gateway:
    """A gateway of this name; its id and its address are made from it."""
    return Gateway(
        id=f"id-of-{name}",
        name=name,
        pid=4711,
        listen=f":8080/{name}",
        upstream=None,
        desired_state=GatewayState(mode),
        started_at=heartbeat,
        heartbeat=heartbeat,
    )


def record(store: Store, *bodies: Body, session: str = "shop") -> list[Exchange]:
    """A new session with one exchange per response body, as history gives them back."""
    session_id = store.sessions.create(session, None).id
    store.history.add([make_exchange(session_id, response=make_response(body=body)) for body in bodies])
    return list(store.history.select(HistoryFilter(session_id=session_id)))


def collect(store: Store, *examples: Example, name: str = "shop") -> Collection:
    """A new collection with an item of its own for each example, whose `item_id` names it."""
    collection = store.collections.create(name)
    store.collections.update(collection.id, additions(collection, *examples))
    return collection


def additions(collection: Collection, *examples: Example) -> CollectionUpdate:
    """The update that adds these examples; examples of one item share it."""
    items = {one.item_id: make_item(collection.id, one.item_id) for one in examples}
    return CollectionUpdate(tuple(items.values()), tuple(within(collection, one) for one in examples))


def within(collection: Collection, example: Example) -> Example:
    """The example as one of this collection."""
    return replace(example, collection_id=collection.id)


def make_mock_server(collection: Collection | str, name: str = "shop", **fields: Any) -> MockServer:
    """A mock server of this collection; its id and slug are made from its name."""
    collection_id = collection if isinstance(collection, str) else collection.id
    defaults = {"id": f"id-of-{name}", "slug": name, "created_at": 1_000.0, "updated_at": 1_000.0}
    return MockServer(name=name, collection_id=collection_id, **{**defaults, **fields})


def serve(store: Store, collection: Collection, name: str = "shop", **fields: Any) -> MockServer:
    """A mock server that is kept."""
    mock = make_mock_server(collection, name, **fields)
    store.mock_servers.create(mock)
    return mock


def make_server_error(mock: MockServer, name: str = "down", **fields: Any) -> ServerError:
    """A saved server error of this mock server, a 503."""
    defaults: dict[str, Any] = {"id": new_id(), "response": make_response(503)}
    return ServerError(mock_server_id=mock.id, name=name, **{**defaults, **fields})


def make_call(mock: MockServer | str, target: str = "/users/7", **fields: Any) -> Call:
    """A call to a mock server that an example answered."""
    request = fields.pop("request", None) or make_request(fields.pop("method", "GET"), target, origin=None)
    mock_server_id = mock if isinstance(mock, str) else mock.id
    defaults: dict[str, Any] = {"at": 1_000.0, "duration": 0.001, "response": make_response(), "example_id": "01"}
    return Call(mock_server_id, request=request, **{**defaults, **fields})
