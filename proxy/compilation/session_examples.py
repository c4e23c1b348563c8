"""Compile what a session answers from in a replay: its own exchanges, as examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import count, islice

from understudy.matcher.replay_keys import compute_replay_key
from understudy.matcher.settings import STRICT, MatchSettings
from understudy.proxy.compilation.abandoned_requests import AbandonedRequests
from understudy.proxy.compilation.body_prefetch import BodyPrefetcher
from understudy.proxy.compilation.session_calls import CallCollector
from understudy.serving.gateway.failed_exchanges import clear_failure, find_failure_behaviours, is_repeated
from understudy.serving.gateway.replay import RecordedWebSocket
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Exchange, Session
from understudy.store.model.messages import InlineBody, Request, Response
from understudy.store.model.mock_servers import Behaviour
from understudy.store.model.naming import name_example
from understudy.store.model.values import replace
from understudy.store.promotion import CollectionState, PromotionPlan, PromotionResult, Repeats, RequestKey, promote
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.settings import make_display_redactor
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

BATCH_SIZE = 500
"""Exchanges that are promoted in one transaction."""

SESSION_BATCH_SIZE = 5_000
"""Exchanges of a session that are compiled at once; each batch starts with work that grows with those before it."""

AS_RECORDED = PromotionPlan(Repeats.SEQUENCE, keep_secrets=True, keep_every=True)


@dataclass(frozen=True, slots=True)
class SessionExamples:
    """A session's exchanges as examples, and its WebSockets by the ids of the examples of their handshakes.

    `failed` are examples of exchanges that failed and are left out; `reasons` has why, by the ids of these examples.
    `unreached` are the ids of the examples whose upstream could not be reached, `early` those of answers that came
    before their request had ended, `held` those of what the client gave up, `calls` the gRPC calls.
    """

    examples: list[Example] = field(default_factory=list)
    websockets: dict[str, RecordedWebSocket] = field(default_factory=dict)
    failed: list[Example] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    unreached: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)
    held: frozenset[str] = frozenset()
    calls: CallCollector = field(default_factory=CallCollector)


class ExampleNamer:
    """Names of a session's examples, without secrets, for they are logged. Each target is redacted once."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._redacted: dict[tuple[str, bytes], Request] = {}

    def name_example(self, request: Request, response: Response) -> str:
        """Return the name of the example with this request and response."""
        key = request.method, request.target
        shown = self._redacted.get(key)
        if shown is None:
            shown, _ = self._redactor.redact_request(Request(*key), b"")
            self._redacted[key] = shown
        return name_example(shown, response)


def build_session_examples(
    store: Store,
    session: Session,
    matching: MatchSettings = STRICT,
    *,
    failures: bool = False,
    bodies: BodyPrefetcher | None = None,
) -> SessionExamples:
    """Return a session as examples, answers as recorded and repeats as sequences; the store is not changed.

    Repeats are requests that are equal under `matching`. With `failures`, exchanges that failed become examples that
    fail. A request that its client gave up without a byte of an answer, and repeated at once, is left out. `bodies`
    reads the bodies, for a caller that reads them again.

    The ids are the same each time, because positions in sequences are kept by id. They are in recorded order, which
    ids of history entries may not be.
    """
    plan = replace(AS_RECORDED, naming=ExampleNamer(make_display_redactor(store)).name_example)
    known, left_out = CollectionState(session.id), CollectionState(session.id)
    compiled, abandoned = SessionExamples(), AbandonedRequests()
    reader = bodies or BodyPrefetcher(store.bodies)
    new_id = map("{:012d}".format, count()).__next__
    as_recorded = partial(promote, plan=plan, read=reader.read, request_key=_make_request_key(matching), new_id=new_id)
    for recorded in _read_batches(store, session, reader, compiled.calls):
        batch = [clear_failure(one) if is_repeated(one, failures=failures) else one for one in recorded]
        promoted = as_recorded(batch, known)
        failed = find_failure_behaviours(recorded, promoted.marks)
        compiled.examples.extend(_mark_failed(one, failed.get(one.id)) for one in promoted.examples)
        _note_kinds(compiled, recorded, promoted)
        abandoned.add(recorded, promoted)
        compiled.websockets.update(_collect_websockets(batch, promoted))
        known = promoted.known
        if lost := [one for one in recorded if not is_repeated(one, failures=failures)]:
            missing = as_recorded([clear_failure(one) for one in lost], left_out)
            compiled.failed.extend(missing.examples)
            compiled.reasons.update(_collect_reasons(recorded, missing))
            left_out = missing.known
    return _leave_out_repeated(compiled, abandoned)


def _leave_out_repeated(compiled: SessionExamples, abandoned: AbandonedRequests) -> SessionExamples:
    repeated = abandoned.find_repeated()
    examples = [one for one in compiled.examples if one.id not in repeated] if repeated else compiled.examples
    return replace(compiled, examples=examples, held=abandoned.ids - repeated)


def _make_request_key(matching: MatchSettings) -> RequestKey:
    return lambda request, body, varied: compute_replay_key(request, body, varied, matching)


def _read_batches(
    store: Store, session: Session, reader: BodyPrefetcher, calls: CallCollector
) -> Iterator[list[Exchange]]:
    for batch in split_in_batches(store.history.select(HistoryFilter(session_id=session.id)), SESSION_BATCH_SIZE):
        reader.prefetch(one.request.body for one in batch)
        calls.note_paths(batch)
        yield [calls.adapt(_refer_to_bodies(one, reader), reader.read) for one in batch]


def _refer_to_bodies(exchange: Exchange, reader: BodyPrefetcher) -> Exchange:
    """Return an exchange with references in place of small bodies: an index must not hold all of a session's bodies."""
    request, response = exchange.request, exchange.response
    if isinstance(request.body, bytes) and request.body:
        reference = InlineBody(sha256(request.body).hexdigest(), len(request.body), exchange.id, is_request=True)
        reader.hold(reference, request.body)
        request = replace(request, body=reference)
    if response is not None and isinstance(response.body, bytes) and response.body:
        digest = sha256(response.body).hexdigest()
        response = replace(response, body=InlineBody(digest, len(response.body), exchange.id, is_request=False))
    return replace(exchange, request=request, response=response)


def _collect_reasons(recorded: Iterable[Exchange], missing: PromotionResult) -> dict[str, str]:
    examples = dict(missing.marks)
    return {example_id: one.error or "" for one in recorded if (example_id := examples.get(one.id))}


def _note_kinds(compiled: SessionExamples, recorded: Iterable[Exchange], promoted: PromotionResult) -> None:
    compiled.unreached.update(_collect_ids(recorded, promoted, lambda one: one.unreached_reason is not None))
    compiled.early.update(_collect_ids(recorded, promoted, lambda one: one.is_answered_early))
    compiled.calls.examples.update(_collect_ids(recorded, promoted, compiled.calls.has))


def _collect_ids(
    recorded: Iterable[Exchange], promoted: PromotionResult, is_wanted: Callable[[Exchange], bool]
) -> Iterator[str]:
    """Return the ids of the examples of some exchanges."""
    examples = dict(promoted.marks)
    ids = (examples.get(one.id) for one in recorded if is_wanted(one))
    return (example_id for example_id in ids if example_id)


def _collect_websockets(batch: Iterable[Exchange], promoted: PromotionResult) -> dict[str, RecordedWebSocket]:
    examples = dict(promoted.marks)
    return {
        example_id: RecordedWebSocket(one.id, one.timings.response_end or one.timings.started)
        for one in batch
        if one.response is not None and one.response.status == 101 and (example_id := examples.get(one.id))
    }


def _mark_failed(example: Example, behaviour: Behaviour | None) -> Example:
    if behaviour is None:
        return example
    name = f"{example.name.rpartition(' - ')[0]} - failed"  # in place of the status, which is never sent
    return replace(example, name=name, behaviour=behaviour)


def split_in_batches(exchanges: Iterator[Exchange], size: int = BATCH_SIZE) -> Iterator[list[Exchange]]:
    """Yield lists of at most `size` exchanges, in their order."""
    while batch := list(islice(exchanges, size)):
        yield batch
