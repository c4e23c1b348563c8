"""What a new mock server answers from: a collection, or a new one of typed-in requests or of history."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from understudy.matcher.replay_keys import compute_request_key
from understudy.proxy.compilation.session_examples import split_in_batches
from understudy.proxy.operations.collections.request_lines import (
    Typed,
    typed_example,
    typed_item,
    typed_request,
    typed_response,
)
from understudy.proxy.operations.recordings.promotion import PromotionOutcome
from understudy.proxy.operations.recordings.selections import check_entries, explain_nothing
from understudy.store.errors import UserError
from understudy.store.model.collections import Collection, Example, RequestItem
from understudy.store.model.exchanges import Exchange
from understudy.store.model.naming import escape_unprintable, find_free_name
from understudy.store.model.values import replace
from understudy.store.promotion import CollectionState, PromotionPlan, PromotionResult, promote
from understudy.store.redaction.settings import make_recording_redactor
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.write_pieces import PieceSize

SHOWN_SKIPPED = 3

BATCH_SIZE = 200
"""Exchanges of which the examples are written in one transaction."""

MOST_AT_ONCE = 500
"""Examples that are written in the transaction of their mock server."""


@dataclass(frozen=True, slots=True)
class ExistingCollection:
    """The collection of this name or id."""

    name: str


@dataclass(frozen=True, slots=True)
class TypedRequests:
    """Typed-in requests, each with the bytes of its answer's body."""

    requests: Sequence[tuple[Typed, bytes]]


@dataclass(frozen=True, slots=True)
class RecordedHistory:
    """Recorded exchanges, those of the session of this name if there is one, promoted by a plan."""

    criteria: HistoryFilter
    session: str | None = None
    plan: PromotionPlan = field(default_factory=PromotionPlan)


MockSource = ExistingCollection | TypedRequests | RecordedHistory


@dataclass(frozen=True, slots=True)
class PromotedHistory:
    """History as examples, not in the store yet: additions to a collection, batch by batch, without its id."""

    updates: Sequence[CollectionUpdate]
    outcome: PromotionOutcome

    def list_origins(self) -> list[str]:
        """Return the origins of the requests, sorted: several meet in one mock server, which does not compare them."""
        origins = {example.request.origin for update in self.updates for example in update.examples}
        return sorted(str(origin) for origin in origins if origin)


def prepare_source(
    store: Store, source: MockSource, step: Callable[[], None], *, actor: str
) -> MockSource | PromotedHistory:
    """Return a source that can be written in a short transaction: history is promoted, in memory.

    A long history takes seconds or minutes, for which no other program could write. `step` is called after each batch.
    Raises NotFound for a session or an entry, UserError when nothing of it can be an example.
    """
    if isinstance(source, RecordedHistory):
        return _promote_in_memory(store, source, step, actor)
    return source


def write_source(store: Store, name: str, source: MockSource | PromotedHistory) -> Collection:
    """Return the collection of a prepared source; a new one is written, under `name` or the next free name."""
    match source:
        case ExistingCollection():
            return store.collections.find(source.name)
        case TypedRequests():
            return collection_of_requests(store, name, source.requests)
        case PromotedHistory():
            return _write_history(store, name, source)
        case RecordedHistory():
            raise AssertionError("history has to be promoted first")


def collection_of_requests(store: Store, name: str, requests: Sequence[tuple[Typed, bytes]]) -> Collection:
    """Write a new collection of typed-in requests, each with the bytes of its answer's body, and return it.

    Raises UserError for two requests that differ in their bodies alone: only one of them would answer.
    """
    _check_different([typed for typed, _ in requests])
    collection = store.collections.create(_find_free_name(store, name))
    items: dict[tuple[str, str], RequestItem] = {}
    examples: list[Example] = []
    for typed, body in requests:
        item = items.get((typed.method, typed.target)) or typed_item(collection.id, typed, len(items))
        items[typed.method, typed.target] = item
        if typed.status is not None:
            examples.append(typed_example(item, typed_request(typed), typed_response(typed.status, body=body)))
    store.collections.update(collection.id, CollectionUpdate(list(items.values()), examples))
    return collection


def _check_different(requests: Sequence[Typed]) -> None:
    known: set[tuple[str, str, int | None]] = set()
    for typed in requests:
        line = (typed.method, typed.target, typed.status)
        if line in known:
            described = " ".join(str(part) for part in line if part is not None)
            raise UserError(f"{described} is given twice; give each request once for each status")
        known.add(line)


def _promote_in_memory(store: Store, source: RecordedHistory, step: Callable[[], None], actor: str) -> PromotedHistory:
    criteria = _find_history(store, source)
    with store.transaction(actor):  # the first redactor of a store creates its key, which stays
        redactor = make_recording_redactor(store)
    known, outcome, updates = CollectionState(""), PromotionOutcome(), list[CollectionUpdate]()
    for batch in split_in_batches(store.history.select(criteria), BATCH_SIZE):
        promoted = promote(
            batch, known, source.plan, read=store.bodies.read, request_key=compute_request_key, redactor=redactor
        )
        updates.append(_to_update(promoted))
        outcome.add(promoted, len(batch))
        known = promoted.known
        step()
    if not outcome.selected:
        raise UserError(f"nothing to promote: {explain_nothing(store, criteria)}", what="history entry")
    if not outcome.examples:
        raise UserError(f"nothing of that can be an example: {_describe_skipped(outcome.skipped)}")
    return PromotedHistory(updates, outcome)


def _find_history(store: Store, source: RecordedHistory) -> HistoryFilter:
    check_entries(store, source.criteria)
    if source.session is None:
        return source.criteria
    return replace(source.criteria, session_id=store.sessions.find(source.session).id)


def _to_update(promoted: PromotionResult) -> CollectionUpdate:
    return CollectionUpdate(promoted.items, promoted.examples, promoted.marks, promoted.dropped)


def write_long_source(
    store: Store, name: str, source: MockSource | PromotedHistory, *, actor: str
) -> Collection | None:
    """Write the collection of a long history in several transactions, so that gateways can record meanwhile.

    Returns None for any other source. If it fails, the collection is deleted.
    """
    if not isinstance(source, PromotedHistory) or source.outcome.examples <= MOST_AT_ONCE:
        return None
    with store.act_as(actor):
        collection = store.collections.create(_find_free_name(store, name))
        size = PieceSize(BATCH_SIZE)
        with delete_on_failure(store, collection):
            for update in source.updates:
                started = time.monotonic()
                _write_update(store, collection, update)
                size.pause(time.monotonic() - started)
    return collection


@contextmanager
def delete_on_failure(store: Store, collection: Collection | None) -> Iterator[None]:
    """Delete a new collection, if it is one, when the block fails."""
    try:
        yield
    except BaseException:
        if collection is not None:
            store.collections.delete(collection.id)
        raise


def _write_history(store: Store, name: str, history: PromotedHistory) -> Collection:
    collection = store.collections.create(_find_free_name(store, name))
    for update in history.updates:
        _write_update(store, collection, update)
    return collection


def _write_update(store: Store, collection: Collection, update: CollectionUpdate) -> None:
    items = [replace(item, collection_id=collection.id) for item in update.items]
    examples = [replace(example, collection_id=collection.id) for example in update.examples]
    store.collections.update(collection.id, replace(update, items=items, examples=examples))


def _find_free_name(store: Store, name: str) -> str:
    return find_free_name(name, {one.collection.name for one in store.collections.list_summaries()})


def _describe_skipped(skipped: Sequence[tuple[Exchange, str]]) -> str:
    lines = [
        f"entry {exchange.id}, {exchange.request.method} {_format_path(exchange)}: {reason}"
        for exchange, reason in skipped[:SHOWN_SKIPPED]
    ]
    more = len(skipped) - len(lines)
    return "; ".join([*lines, f"and {more} more"] if more else lines)


def _format_path(exchange: Exchange) -> str:
    return escape_unprintable(exchange.request.path.decode("latin-1"))
