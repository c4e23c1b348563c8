"""New collections for new mock servers: from requests that were typed in, and from history."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from understudy.proxy.operations.collections.request_lines import (
    Typed,
    typed_example,
    typed_item,
    typed_request,
    typed_response,
)
from understudy.proxy.operations.recordings.promotion import PromotionOutcome, promote_history
from understudy.store.errors import UserError
from understudy.store.model.collections import Collection, Example, RequestItem
from understudy.store.model.exchanges import Exchange
from understudy.store.model.naming import escape_unprintable, find_free_name
from understudy.store.promotion import PromotionPlan
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

SHOWN_SKIPPED = 3


def collection_of_requests(store: Store, name: str, requests: Sequence[tuple[Typed, bytes]]) -> Collection:
    """A new collection of typed-in requests, each with the bytes of its answer's body."""
    collection = store.collections.create(_free_name(store, name))
    items: dict[tuple[str, str], RequestItem] = {}
    examples: list[Example] = []
    for typed, body in requests:
        item = items.get((typed.method, typed.target)) or typed_item(collection.id, typed, len(items))
        items[typed.method, typed.target] = item
        if typed.status is not None:
            examples.append(typed_example(item, typed_request(typed), typed_response(typed.status, body=body)))
    store.collections.update(collection.id, CollectionUpdate(list(items.values()), examples))
    return collection


def collection_of_history(
    store: Store, name: str, wanted: HistoryFilter, plan: PromotionPlan, step: Callable[[], None], *, actor: str
) -> tuple[Collection, PromotionOutcome]:
    """A new collection of what history holds; raises UserError, and leaves none, when nothing of it is an example."""
    free = _free_name(store, name)
    outcome = promote_history(store, wanted, free, plan, step=step, actor=actor)
    collection = store.collections.find(free)
    if not outcome.examples:
        store.collections.delete(collection.id)
        raise UserError(f"nothing of that can be an example: {_told(outcome.skipped)}")
    return collection, outcome


def _free_name(store: Store, name: str) -> str:
    return find_free_name(name, {one.collection.name for one in store.collections.list_summaries()})


def _told(skipped: Sequence[tuple[Exchange, str]]) -> str:
    lines = [
        f"entry {exchange.id}, {exchange.request.method} {_format_path(exchange)}: {reason}"
        for exchange, reason in skipped[:SHOWN_SKIPPED]
    ]
    more = len(skipped) - len(lines)
    return "; ".join([*lines, f"and {more} more"] if more else lines)


def _format_path(exchange: Exchange) -> str:
    return escape_unprintable(exchange.request.path.decode("latin-1"))
