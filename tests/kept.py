"""Exchanges, request items and gateways for tests of the store, with sensible defaults, and shortcuts to keep them."""

from __future__ import annotations

from store.entities import Collection, Example, Exchange, Gateway, GatewayState, Mode, RequestItem, Timings
from store.ids import new_id
from store.messages import Body, Request, Response
from store.repository import CollectionUpdate, HistoryFilter, Store
from tests.factories import make_example, make_request, make_response

EVERYTHING = HistoryFilter()
GIVEN = make_response()


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


def make_item(collection_id: str, id: str | None = None, *, key: str = "", position: int = 0) -> RequestItem:
    """A request item."""
    return RequestItem(id or new_id(), collection_id, "GET /users/7", key, position=position)


def make_gateway(name: str = "gateway-8080", *, heartbeat: float = 1_000.0, mode: Mode = Mode.PASS) -> Gateway:
    """A gateway of this name; its id and its address are made from it."""
    return Gateway(
        id=f"id-of-{name}",
        name=name,
        pid=4711,
        listen=f":8080/{name}",
        upstream=None,
        wanted=GatewayState(mode),
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
    return make_example(
        example.request,
        id=example.id,
        name=example.name,
        response=example.response,
        redacted=example.redacted,
        literal=example.literal,
        sequence=example.sequence,
        collection_id=collection.id,
        item_id=example.item_id,
    )
