"""Promotion of history to examples: read in batches, decide with the pure function, keep each batch in a transaction.

A promotion that is interrupted is resumed by the next one: what a batch has kept is marked as promoted.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from understudy.matcher.replay_keys import compute_request_key
from understudy.proxy.operations.recordings.history import narrow_to_session
from understudy.proxy.operations.recordings.selections import check_entries, explain_nothing
from understudy.store.errors import Hint, NotFound, UserError
from understudy.store.model.collections import Collection, Example
from understudy.store.model.exchanges import Exchange, RedactedPlace
from understudy.store.model.ids import new_id
from understudy.store.model.values import replace
from understudy.store.promotion import (
    CollectionState,
    PromotionPlan,
    PromotionResult,
    Repeats,
    find_skip_reason,
    promote,
)
from understudy.store.redaction.settings import make_recording_redactor
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.write_pieces import PieceSize

# A batch of 250 takes some 30 ms of the write lock. In a smaller one than this, each example has a change of its own,
# which takes longer than the example.
SMALLEST_BATCH_SIZE, LARGEST_BATCH_SIZE = 120, 250

Promote = Callable[[Iterable[Exchange], CollectionState], PromotionResult]


@dataclass(slots=True)
class PromotionOutcome:
    """What a promotion did, added up over its batches; see `store.promotion.PromotionResult`."""

    selected: int = 0
    items: int = 0
    examples: int = 0
    replaced: int = 0
    identical: int = 0
    already: int = 0
    skipped: list[tuple[Exchange, str]] = field(default_factory=list)
    in_requests: Counter[RedactedPlace] = field(default_factory=Counter)
    in_responses: Counter[RedactedPlace] = field(default_factory=Counter)

    def add(self, promoted: PromotionResult, selected: int) -> None:
        """Add the numbers of one batch of `selected` exchanges."""
        self.selected += selected
        self.items += len(promoted.items)
        self.examples += len(promoted.examples)
        self.replaced += len(promoted.dropped)
        self.identical += promoted.identical
        self.already += promoted.already_promoted
        self.skipped += promoted.skipped
        self.in_requests.update(promoted.redacted_in_requests)
        self.in_responses.update(promoted.redacted_in_responses)


def choose_exchanges(store: Store, criteria: HistoryFilter, session: str | None) -> HistoryFilter:
    """Return the filter of what a user chose to promote: these conditions, and the session of this name if any.

    Raises UserError without either, NotFound if the session does not exist.
    """
    if criteria == HistoryFilter() and session is None:
        raise UserError("nothing to promote was chosen", what="history entry", hint=Hint("choose_history"))
    return narrow_to_session(store, criteria, session)


def promote_history(
    store: Store,
    criteria: HistoryFilter,
    collection_name: str,
    plan: PromotionPlan,
    *,
    again: bool = False,
    actor: str,
    step: Callable[[], None] = lambda: None,
) -> PromotionOutcome:
    """Promote the exchanges that fit to a collection, which is created if it does not exist.

    `again` also takes exchanges that were promoted before and whose example was deleted. Each batch is one transaction;
    `step` is called after it. Raises UserError if no exchange fits, NotFound for an entry that does not exist.
    """
    if again and plan.repeats is Repeats.NEWEST:
        message = "this would bring back what a newer answer replaced, so it does not go with repeats: newest"
        raise UserError(message, field="again")
    size = PieceSize(LARGEST_BATCH_SIZE, least=SMALLEST_BATCH_SIZE, most=LARGEST_BATCH_SIZE)
    exchanges = _select(store, criteria)
    batch = list(islice(exchanges, size.rows))
    if not batch:
        raise UserError(f"nothing to promote: {explain_nothing(store, criteria)}", what="history entry")
    collection = _find_collection(store, collection_name)
    known, outcome = _read_state(store, collection, again=again), PromotionOutcome()
    run = _make_promote(store, plan, actor)
    while batch:
        result = run(batch, known)
        marks = CollectionUpdate(marks=result.marks, dropped=result.dropped)
        started = time.monotonic()
        kept = _keep(store, collection_name, result, marks, actor)
        size.note(time.monotonic() - started)
        outcome.add(result, len(batch))
        known = result.known if collection else _read_state(store, kept, again=again)
        collection = kept
        step()
        batch = list(islice(exchanges, size.rows))
    return outcome


def save_exchange(
    store: Store, exchange: Exchange, collection_name: str, *, name: str | None, keep_secrets: bool, actor: str
) -> tuple[Example | None, PromotionOutcome]:
    """Keep an exchange that is not in history as an example; None if the newest example of its request is the same.

    The collection is created if it does not exist. Raises UserError for an exchange that cannot be an example.
    """
    reason = find_skip_reason(exchange)
    if reason:
        raise UserError(f"this exchange cannot be an example: {reason}")
    known = _read_state(store, _find_collection(store, collection_name), again=False)
    result = _make_promote(store, PromotionPlan(Repeats.ALL, keep_secrets=keep_secrets), actor)([exchange], known)
    outcome = PromotionOutcome()
    outcome.add(result, 1)
    examples = tuple(replace(example, name=name or example.name) for example in result.examples)
    collection = _keep(store, collection_name, replace(result, examples=examples), CollectionUpdate(), actor)
    return (replace(examples[0], collection_id=collection.id) if examples else None), outcome


def _select(store: Store, criteria: HistoryFilter) -> Iterator[Exchange]:
    check_entries(store, criteria)
    return store.history.select(criteria)


def _make_promote(store: Store, plan: PromotionPlan, actor: str) -> Promote:
    with store.transaction(actor):  # the first redactor of a store creates its key
        redactor = make_recording_redactor(store)
    return partial(promote, plan=plan, read=store.bodies.read, request_key=compute_request_key, redactor=redactor)


def _keep(store: Store, name: str, result: PromotionResult, update: CollectionUpdate, actor: str) -> Collection:
    """Keep a result and this update in the collection of this name, created if it does not exist; all or nothing.

    The result was made before the transaction, which other writers wait for: to redact large bodies takes seconds. So
    the id of a new collection was not known then.
    """
    with _pause_collector(), store.transaction(actor):
        collection = _find_collection(store, name) or store.collections.create(name)
        items = [replace(item, collection_id=collection.id) for item in result.items]
        examples = [replace(example, collection_id=collection.id) for example in result.examples]
        store.collections.update(collection.id, replace(update, items=items, examples=examples))
    return collection


@contextmanager
def _pause_collector() -> Iterator[None]:
    """Collect no garbage in the block: with all examples in memory that takes longer than a transaction."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _find_collection(store: Store, name: str) -> Collection | None:
    try:
        return store.collections.find(name)
    except NotFound:
        return None


def _read_state(store: Store, collection: Collection | None, *, again: bool) -> CollectionState:
    if collection is None:
        return CollectionState(new_id())
    marks = store.collections.find_promoted(collection.id)
    done = (exchange_id for exchange_id, example_id in marks.items() if example_id is not None or not again)
    items, examples = store.collections.list_items(collection.id), store.collections.list_examples(collection.id)
    return CollectionState.of(collection.id, done, items, examples)
