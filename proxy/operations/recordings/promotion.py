"""Promotion with the store around it: reads history in batches, lets the pure function decide, keeps what it adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, islice

from understudy.matcher.body_forms.canonical import request_key
from understudy.matcher.replay_keys import replay_key
from understudy.matcher.settings import STRICT, MatchSettings
from understudy.proxy.compilation.body_prefetch import ReadingAhead
from understudy.serving.gateway.failed_exchanges import failing, is_repeated, with_answer
from understudy.serving.gateway.replay import Spoken
from understudy.store.errors import NotFound, UserError
from understudy.store.model.gateways import Collection, Example, Exchange, Redacted, Session
from understudy.store.model.messages import Request, Response
from understudy.store.model.mock_servers import Behaviour
from understudy.store.model.naming import example_name
from understudy.store.promotion import Known, Promoted, PromotionPlan, Repeats, promote, why_not
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.settings import keeping_redactor, showing_redactor
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import HistoryFilter, Store

BATCH = 500
OF_SESSION = 5_000  # at once: what each batch begins with takes longer the more there are before it
AS_RECORDED = PromotionPlan(Repeats.SEQUENCE, keep_secrets=True, keep_every=True)


@dataclass(slots=True)
class Outcome:
    """What a promotion did, added up over its batches; see `store.promotion.Promoted`."""

    selected: int = 0
    items: int = 0
    examples: int = 0
    replaced: int = 0
    identical: int = 0
    already: int = 0
    skipped: list[tuple[Exchange, str]] = field(default_factory=list)
    in_requests: Counter[Redacted] = field(default_factory=Counter)
    in_responses: Counter[Redacted] = field(default_factory=Counter)

    def add(self, promoted: Promoted, selected: int) -> None:
        """Count one batch."""
        self.selected += selected
        self.items += len(promoted.items)
        self.examples += len(promoted.examples)
        self.replaced += len(promoted.dropped)
        self.identical += promoted.identical
        self.already += promoted.already
        self.skipped += promoted.skipped
        self.in_requests.update(promoted.in_requests)
        self.in_responses.update(promoted.in_responses)


@dataclass(frozen=True, slots=True)
class SessionExamples:
    """A session's exchanges as examples, and its WebSockets by the ids of the examples of their handshakes.

    `failed` are examples of those that failed and are left out; why they failed is in `reasons`, by their ids.
    """

    examples: list[Example] = field(default_factory=list)
    websockets: dict[str, Spoken] = field(default_factory=dict)
    failed: list[Example] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)


class Names:
    """Names of a session's examples, without their secrets: names are logged. Each target is looked into once."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._shown: dict[tuple[str, bytes], Request] = {}

    def of(self, request: Request, response: Response) -> str:
        """The name of the example with this request and response."""
        key = request.method, request.target
        shown = self._shown.get(key)
        if shown is None:
            shown, _ = self._redactor.request(Request(*key), b"")
            self._shown[key] = shown
        return example_name(shown, response)


def promote_history(
    store: Store,
    wanted: HistoryFilter,
    collection_name: str,
    plan: PromotionPlan,
    *,
    again: bool = False,
    step: Callable[[], None] = lambda: None,
) -> Outcome:
    """Promote what the filter selects to a collection, made when there is none of that name.

    `again` takes what was promoted and whose example was deleted once more; `step` is called after each batch.
    Raises UserError when nothing is selected, NotFound for an entry id that does not exist.
    """
    _check_ids(store, wanted)
    batches = _batches(store.history.select(wanted))
    first = next(batches, None)
    if first is None:
        raise UserError("nothing to promote: no exchange in history is what was asked for")
    collection = _collection(store, collection_name)
    known, outcome, redactor = _known(store, collection, again=again), Outcome(), keeping_redactor(store)
    for batch in _prepended(first, batches):
        promoted = promote(batch, known, plan, read=store.bodies.read, same_request=request_key, redactor=redactor)
        update = CollectionUpdate(promoted.items, promoted.examples, promoted.marks, promoted.dropped)
        store.collections.update(collection.id, update)
        outcome.add(promoted, len(batch))
        known = promoted.known
        step()
    return outcome


def save_exchange(
    store: Store, exchange: Exchange, collection_name: str, *, name: str | None, keep_secrets: bool
) -> tuple[Example | None, Outcome]:
    """Keep an exchange that is not in history as an example; None when the newest one of its request says the same.

    The collection is made when there is none of that name. Raises UserError for an exchange that cannot be an example.
    """
    reason = why_not(exchange)
    if reason:
        raise UserError(f"that cannot be an example: {reason}")
    collection, outcome = _collection(store, collection_name), Outcome()
    known, plan = _known(store, collection, again=False), PromotionPlan(Repeats.ALL, keep_secrets=keep_secrets)
    redactor = keeping_redactor(store)
    promoted = promote([exchange], known, plan, read=store.bodies.read, same_request=request_key, redactor=redactor)
    outcome.add(promoted, 1)
    examples = [replace(example, name=name or example.name) for example in promoted.examples]
    store.collections.update(collection.id, CollectionUpdate(promoted.items, examples))
    return (examples[0] if examples else None), outcome


def session_examples(
    store: Store,
    session: Session,
    matching: MatchSettings = STRICT,
    *,
    failures: bool = False,
    bodies: ReadingAhead | None = None,
) -> SessionExamples:
    """A session as examples, every answer as it was recorded, repeats as sequences. Nothing is kept in the store.

    Repeats are requests that are equal under `matching`. With `failures`, exchanges that failed are examples that do.
    `bodies` is what reads them, for who reads them again.

    Their ids are the same each time: by them is remembered where a sequence stands. They go by recorded order, as
    entries in history may not.
    """
    numbers, same = count(), partial(replay_key, settings=matching)
    plan = replace(AS_RECORDED, named=Names(showing_redactor(store)).of)
    known, left_out, found = Known(session.id), Known(session.id), SessionExamples()

    def next_id() -> str:
        return f"{next(numbers):012d}"

    ahead = bodies or ReadingAhead(store.bodies)
    as_recorded = partial(promote, plan=plan, read=ahead.read, same_request=same, new_id=next_id)
    for recorded in _batches(store.history.select(HistoryFilter(session_id=session.id)), OF_SESSION):
        ahead.announce(one.request.body for one in recorded)
        batch = [with_answer(one) if is_repeated(one, failures=failures) else one for one in recorded]
        promoted = as_recorded(batch, known)
        failed = failing(recorded, promoted.marks)
        found.examples.extend(_failing(one, failed.get(one.id)) for one in promoted.examples)
        found.websockets.update(_spoken(batch, promoted))
        known = promoted.known
        if lost := [one for one in recorded if not is_repeated(one, failures=failures)]:
            missing = as_recorded([with_answer(one) for one in lost], left_out)
            found.failed.extend(missing.examples)
            found.reasons.update(_reasons(recorded, missing))
            left_out = missing.known
    return found


def _reasons(recorded: Iterable[Exchange], missing: Promoted) -> dict[str, str]:
    examples = dict(missing.marks)
    return {example_id: one.error or "" for one in recorded if (example_id := examples.get(one.id))}


def _spoken(batch: Iterable[Exchange], promoted: Promoted) -> dict[str, Spoken]:
    examples = dict(promoted.marks)
    return {
        example_id: Spoken(one.id, one.timings.response_end or one.timings.started)
        for one in batch
        if one.response is not None and one.response.status == 101 and (example_id := examples.get(one.id))
    }


def _failing(example: Example, behaviour: Behaviour | None) -> Example:
    if behaviour is None:
        return example
    name = f"{example.name.rpartition(' - ')[0]} - failed"  # it has no status that anybody will see
    return replace(example, name=name, behaviour=behaviour)


def _check_ids(store: Store, wanted: HistoryFilter) -> None:
    for exchange_id in sorted(wanted.ids or ()):
        store.history.get(exchange_id)


def _collection(store: Store, name: str) -> Collection:
    try:
        return store.collections.find(name)
    except NotFound:
        return store.collections.create(name)


def _known(store: Store, collection: Collection, *, again: bool) -> Known:
    marks = store.collections.promoted(collection.id)
    done = (exchange_id for exchange_id, example_id in marks.items() if example_id is not None or not again)
    return Known.of(
        collection.id, done, store.collections.items(collection.id), store.collections.examples(collection.id)
    )


def _batches(exchanges: Iterator[Exchange], size: int = BATCH) -> Iterator[list[Exchange]]:
    while batch := list(islice(exchanges, size)):
        yield batch


def _prepended(first: list[Exchange], others: Iterable[list[Exchange]]) -> Iterator[list[Exchange]]:
    yield first
    yield from others
