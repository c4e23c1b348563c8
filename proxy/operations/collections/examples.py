"""Adds examples that a person typed in to a collection, each under the request item that it belongs to."""

from __future__ import annotations

from dataclasses import replace

from understudy.proxy.operations.collections.request_lines import Typed, typed_example, typed_item
from understudy.store.model.collections import Collection, Example
from understudy.store.model.messages import Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store


def add_example(
    store: Store,
    collection: Collection,
    request: Request,
    response: Response,
    *,
    name: str | None = None,
    templates: bool = True,
    behaviour: Behaviour = PLAIN,
) -> Example:
    """Keep an authored example, under the typed-in request of its method and path, made when there is none."""
    typed = Typed(request.method, request.target.decode("utf-8", "surrogateescape"))
    items = store.collections.list_items(collection.id)
    same = (item for item in items if (item.method, item.path) == (typed.method, typed.target))
    position = max((item.position + 1 for item in items), default=0)
    item = next(same, None) or typed_item(collection.id, typed, position)
    example = replace(typed_example(item, request, response, name), templates=templates, behaviour=behaviour)
    store.collections.update(collection.id, CollectionUpdate([] if item in items else [item], [example]))
    return example
