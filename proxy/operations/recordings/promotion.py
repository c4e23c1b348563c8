"""Promotion with the store around it: reads history in batches, lets the pure function decide, keeps what it adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from understudy.matcher.body_forms.canonical import compute_request_key
from understudy.proxy.compilation.session_examples import split_in_batches
from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Collection, Example
from understudy.store.model.exchanges import Exchange, RedactedPlace
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


@dataclass(slots=True)
class PromotionOutcome:
    """What a promotion did, added up over its batches; see `store.promotion.Promoted`."""

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
        """Count one batch."""
        self.selected += selected
        self.items += len(promoted.items)
        self.examples += len(promoted.examples)
        self.replaced += len(promoted.dropped)
        self.identical += promoted.identical
        self.already += promoted.already_promoted
        self.skipped += promoted.skipped
        self.in_requests.update(promoted.redacted_in_requests)
        self.in_responses.update(promoted.redacted_in_responses)


def promote_history(
    store: Store,
    wanted: HistoryFilter,
    collection_name: str,
    plan: PromotionPlan,
    *,
    again: bool = False,
    step: Callable[[], None] = lambda: None,
) -> PromotionOutcome:
    """Promote what the filter selects to a collection, made when there is none of that name.

    `again` takes what was promoted and whose example was deleted once more; `step` is called after each batch.
    Raises UserError when nothing is selected, NotFound for an entry id that does not exist.
    """
    _check_ids(store, wanted)
    selected = split_in_batches(store.history.select(wanted))
    first = next(selected, None)
    if first is None:
        raise UserError("nothing to promote: no exchange in history is what was asked for")
    collection = _collection(store, collection_name)
    known, outcome, redactor = (
        _known(store, collection, again=again),
        PromotionOutcome(),
        make_recording_redactor(store),
    )
    for batch in _prepended(first, selected):
        promoted = promote(
            batch, known, plan, read=store.bodies.read, request_key=compute_request_key, redactor=redactor
        )
        update = CollectionUpdate(promoted.items, promoted.examples, promoted.marks, promoted.dropped)
        store.collections.update(collection.id, update)
        outcome.add(promoted, len(batch))
        known = promoted.known
        step()
    return outcome


def save_exchange(
    store: Store, exchange: Exchange, collection_name: str, *, name: str | None, keep_secrets: bool
) -> tuple[Example | None, PromotionOutcome]:
    """Keep an exchange that is not in history as an example; None when the newest one of its request says the same.

    The collection is made when there is none of that name. Raises UserError for an exchange that cannot be an example.
    """
    reason = find_skip_reason(exchange)
    if reason:
        raise UserError(f"that cannot be an example: {reason}")
    collection, outcome = _collection(store, collection_name), PromotionOutcome()
    known, plan = _known(store, collection, again=False), PromotionPlan(Repeats.ALL, keep_secrets=keep_secrets)
    redactor = make_recording_redactor(store)
    promoted = promote(
        [exchange], known, plan, read=store.bodies.read, request_key=compute_request_key, redactor=redactor
    )
    outcome.add(promoted, 1)
    examples = [replace(example, name=name or example.name) for example in promoted.examples]
    store.collections.update(collection.id, CollectionUpdate(promoted.items, examples))
    return (examples[0] if examples else None), outcome


def _check_ids(store: Store, wanted: HistoryFilter) -> None:
    for exchange_id in sorted(wanted.ids or ()):
        store.history.get(exchange_id)


def _collection(store: Store, name: str) -> Collection:
    try:
        return store.collections.find(name)
    except NotFound:
        return store.collections.create(name)


def _known(store: Store, collection: Collection, *, again: bool) -> CollectionState:
    marks = store.collections.find_promoted(collection.id)
    done = (exchange_id for exchange_id, example_id in marks.items() if example_id is not None or not again)
    return CollectionState.of(
        collection.id, done, store.collections.list_items(collection.id), store.collections.list_examples(collection.id)
    )


def _prepended(first: list[Exchange], others: Iterable[list[Exchange]]) -> Iterator[list[Exchange]]:
    yield first
    yield from others
