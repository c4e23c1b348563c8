"""Promotion, which turns recorded exchanges into request items and examples of a collection.

It is pure: equal arguments give equal results, but for the ids of new items and examples. A long history is promoted in
batches, in recorded order, each with the `CollectionState` that the batch before it left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar

from understudy.store.model import ids
from understudy.store.model.collections import Example, RequestItem
from understudy.store.model.exchanges import Exchange, RedactedPlace
from understudy.store.model.header_fields import compute_fingerprint, drop_hop_by_hop
from understudy.store.model.media_types import is_grpc_type, is_stream_type
from understudy.store.model.messages import Body, BodyRef, Request, Response, measure_body
from understudy.store.model.naming import name_example, name_request
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor
from understudy.store.varied_headers import NOT_VARIED, VariedHeaders

Message = TypeVar("Message", Request, Response)
# Finds only the places that it is given for comparing.
_NO_BUILT_INS = Redactor(built_in=False)
ReadStoredBody = Callable[[Body], bytes]
"""Returns the bytes of a body, which may be a reference."""
RequestKey = Callable[[Request, bytes, frozenset[str]], str]
"""Returns the key of a request, from its copy for comparing, the bytes of its body, and the headers that negotiate.

Recorded requests with the same key are one request item.
"""


class Repeats(StrEnum):
    """How differing responses to one request become examples."""

    SEQUENCE = "sequence"  # of a sequence, which answer in turn
    ALL = "all"  # that stand side by side
    NEWEST = "newest"  # only the newest response, which replaces examples that were not edited


@dataclass(frozen=True, slots=True)
class PromotionPlan:
    """The settings of a promotion.

    `keep_every` is for the replay of a session: identical responses in succession become examples too, examples have no
    fingerprint, and each has the id of its exchange as its `entry`. `naming` returns the name of an example.
    """

    repeats: Repeats = Repeats.SEQUENCE
    keep_secrets: bool = False
    keep_every: bool = False
    naming: Callable[[Request, Response], str] = name_example


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A request item of a collection, with what promotion has to know of its examples.

    `newest_id` and `fingerprint` are those of its newest example, "" if it has no example; `unedited_ids` are the ids
    of its examples that were not edited.
    """

    item: RequestItem
    newest_id: str = ""
    fingerprint: str = ""
    unedited_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionState:
    """The state of a collection before or after a promotion.

    `promoted` are the ids of the exchanges promoted so far, `items` its request items by key, `position` that of the
    next item. `varied` are the request headers that the responses to one URL name in Vary.
    """

    collection_id: str
    promoted: frozenset[int] = frozenset()
    items: Mapping[str, KnownItem] = field(default_factory=dict)
    position: int = 0
    varied: VariedHeaders = NOT_VARIED

    @classmethod
    def of(
        cls, collection_id: str, promoted: Iterable[int], items: Iterable[RequestItem], examples: Iterable[Example]
    ) -> CollectionState:
        """Return the state of a collection, from all its request items and examples."""
        all_items, all_examples = list(items), sorted(examples, key=lambda example: example.id)
        growing = {item.id: _GrowingItem(item) for item in all_items if item.key}
        for example in all_examples:
            if example.item_id in growing:
                growing[example.item_id].add(example)
        known = {each.item.key: each.freeze() for each in growing.values()}
        position = max((item.position + 1 for item in all_items), default=0)
        varied = NOT_VARIED.add((example.request, example.response) for example in all_examples)
        return cls(collection_id, frozenset(promoted), known, position, varied)


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """What a promotion changes in a collection, and its report.

    `known`: the state of the collection afterwards.
    `items` and `examples`: the new ones.
    `marks`: each promoted exchange with the id of the example that holds its response, None if a newer one replaced it.
    `dropped`: the ids of examples that a newer one replaces.
    `skipped`: the exchanges that cannot be examples, each with its reason.
    `identical`: the number of exchanges whose response equals the newest example of their item.
    `already_promoted`: the number of exchanges that were promoted before.
    `redacted_in_requests` and `redacted_in_responses`: the number of messages with a redacted value, by place.
    """

    known: CollectionState
    items: tuple[RequestItem, ...] = ()
    examples: tuple[Example, ...] = ()
    marks: tuple[tuple[int, str | None], ...] = ()
    dropped: tuple[str, ...] = ()
    skipped: tuple[tuple[Exchange, str], ...] = ()
    identical: int = 0
    already_promoted: int = 0
    redacted_in_requests: Mapping[RedactedPlace, int] = field(default_factory=dict)
    redacted_in_responses: Mapping[RedactedPlace, int] = field(default_factory=dict)


def promote(
    exchanges: Iterable[Exchange],
    known: CollectionState,
    plan: PromotionPlan,
    *,
    read: ReadStoredBody,
    request_key: RequestKey,
    new_id: Callable[[], str] = ids.new_id,
    redactor: Redactor = BUILT_IN_REDACTOR,
) -> PromotionResult:
    """Promote exchanges to the collection that `known` describes.

    The exchanges are taken in recorded order (time started, then id), whatever their order here. `read` returns the
    bytes of a body and is called for one exchange at a time. Requests with the same `request_key` become one item.
    `redactor` replaces secrets, unless the plan keeps them;
    requests and responses that differ only in secrets are equal. Raises what `read` raises.
    """
    recorded = sorted(exchanges, key=lambda exchange: (exchange.timings.started, exchange.id))
    # An error may lack the Vary of the other answers to its URL, and is still one of their turns.
    varied = known.varied.add((exchange.request, exchange.response) for exchange in recorded)
    run, applied_redactor = (
        _PromotionRun(replace(known, varied=varied), plan, new_id),
        None if plan.keep_secrets else redactor,
    )
    for exchange in recorded:
        reason = find_skip_reason(exchange, replay=plan.keep_every)
        if exchange.id in run.promoted:
            run.already_promoted += 1
        elif reason or exchange.response is None:
            run.skipped.append((exchange, reason))
        else:
            request = _redact_request(exchange, applied_redactor, read)
            response = _redact_response(exchange.response, applied_redactor, read, comparing=not plan.keep_every)
            key = request_key(request.compared, request.body, varied.get_names(exchange.request))
            run.add_exchange(exchange.id, key, request, response)
    return run.finish()


def find_skip_reason(exchange: Exchange, *, replay: bool = False) -> str:
    """Return the short reason why an exchange cannot be an example; "" if it can.

    With `replay`, for the replay of a session, gRPC and WebSockets can be examples too.
    """
    if exchange.error is not None and not _is_left_stream(exchange):
        return f"failed: {exchange.error}"
    if exchange.response is None:
        return "there is no response"
    if exchange.request.method.upper() == "CONNECT":
        return "CONNECT opens a tunnel"
    if not replay and is_grpc_type(exchange.request.headers.get("content-type")):
        return "gRPC is not plain HTTP"
    if exchange.response.status == 101:
        protocol = exchange.response.headers.get("upgrade") or "tunnel"
        return "" if replay and protocol.lower() == "websocket" else f"it became a {protocol} connection"
    if exchange.response.status < 200:
        # An informational response comes before the final one (RFC 9110, section 15.2).
        return f"status {exchange.response.status} is not a final response"
    return exchange.degraded if exchange.is_cut else ""


def _is_left_stream(exchange: Exchange) -> bool:
    """Return whether the client left a stream early: each piece is useful by itself, so what came is an answer."""
    response = exchange.response
    if not exchange.is_abandoned or response is None or not measure_body(response.body):
        return False
    headers = response.headers
    if headers.get("content-length") is not None or headers.get("content-encoding") is not None:
        return False  # a part of a file, or of compressed data, is not a file
    return bool(response.chunks) or is_stream_type(headers.get("content-type") or "")


@dataclass(slots=True)
class _GrowingItem:
    """A `KnownItem` while examples are added to it."""

    item: RequestItem
    newest_id: str = ""
    fingerprint: str = ""
    unedited_ids: list[str] = field(default_factory=list)

    def add(self, example: Example) -> None:
        self.newest_id, self.fingerprint = example.id, example.fingerprint
        if not example.edited:
            self.unedited_ids.append(example.id)

    def freeze(self) -> KnownItem:
        return KnownItem(self.item, self.newest_id, self.fingerprint, tuple(self.unedited_ids))


@dataclass(frozen=True, slots=True)
class _RedactedRequest:
    """A redacted request.

    `compared`, with its decoded `body`, has one word for all secrets: the key and the name of the request come from it.
    """

    message: Request
    compared: Request
    body: bytes
    redacted: frozenset[RedactedPlace]


@dataclass(frozen=True, slots=True)
class _RedactedResponse:
    """A redacted response, with the fingerprint of the response in which one word stands for all secrets."""

    message: Response
    fingerprint: str
    redacted: frozenset[RedactedPlace]


def _redact_request(exchange: Exchange, redactor: Redactor | None, read: ReadStoredBody) -> _RedactedRequest:
    body = read(exchange.request.body)
    request, places = _drop_hop_by_hop(exchange.request), exchange.redacted
    redacted = request
    if redactor:
        redacted, found = redactor.redact_request(request, body)
        places |= found
    return _RedactedRequest(redacted, *copy_for_comparing(request, body, places, redactor or _NO_BUILT_INS), places)


def copy_for_comparing(
    request: Request, body: bytes, places: frozenset[RedactedPlace], redactor: Redactor = BUILT_IN_REDACTOR
) -> tuple[Request, bytes]:
    """Return a request, redacted or not, and its body, with one word for all secrets: for its key.

    `places` are those of its secrets; without any it stays as it is. The copies of a request before and after its
    redaction are equal.
    """
    if not places:
        return request, body
    compared, _ = redactor.copy_for_comparing(places).redact_request(request, body)
    return compared, compared.body if isinstance(compared.body, bytes) else body


def _redact_response(
    response: Response, redactor: Redactor | None, read: ReadStoredBody, *, comparing: bool
) -> _RedactedResponse:
    response = _drop_hop_by_hop(response)
    redacted = compared = response
    places = frozenset[RedactedPlace]()
    if redactor:
        body = read(response.body)
        redacted, places = redactor.redact_response(response, body)
        if places:
            compared, _ = redactor.copy_for_comparing().redact_response(response, body)
    if not comparing:
        return _RedactedResponse(redacted, "", places)
    digest = compared.body.digest if isinstance(compared.body, BodyRef) else sha256(compared.body).hexdigest()
    return _RedactedResponse(redacted, compute_fingerprint(compared, digest), places)


def _drop_hop_by_hop(message: Message) -> Message:
    headers, trailers = drop_hop_by_hop(message.headers), drop_hop_by_hop(message.trailers)
    is_unchanged = headers is message.headers and trailers is message.trailers
    return message if is_unchanged else replace(message, headers=headers, trailers=trailers)


class _PromotionRun:
    """The state of one promotion while exchanges are added."""

    def __init__(self, known: CollectionState, plan: PromotionPlan, new_id: Callable[[], str]) -> None:
        self._known = known
        self._plan = plan
        self._new_id = new_id
        self.promoted = set(known.promoted)
        self.skipped: list[tuple[Exchange, str]] = []
        self.already_promoted = 0
        self._identical = 0
        self._growing: dict[str, _GrowingItem] = {}
        self._items: list[RequestItem] = []
        self._examples: dict[str, Example] = {}
        self._marks: dict[int, str] = {}
        self._replaced: list[str] = []
        self._in_requests: Counter[RedactedPlace] = Counter()
        self._in_responses: Counter[RedactedPlace] = Counter()

    def add_exchange(self, exchange_id: int, key: str, request: _RedactedRequest, response: _RedactedResponse) -> None:
        """Add one exchange, whose request has this key."""
        self._in_requests.update(request.redacted)
        self._in_responses.update(response.redacted)
        growing = self._grow_item(key, request.compared)
        if growing.newest_id and growing.fingerprint == response.fingerprint and not self._plan.keep_every:
            self._identical += 1
        else:
            self._add_example(exchange_id, growing, request, response)
        self._marks[exchange_id] = growing.newest_id
        self.promoted.add(exchange_id)

    def finish(self) -> PromotionResult:
        """Return the result of all exchanges that were added."""
        replaced = set(self._replaced)
        items = {**self._known.items, **{key: growing.freeze() for key, growing in self._growing.items()}}
        return PromotionResult(
            replace(self._known, promoted=frozenset(self.promoted), items=items, position=self._next_position),
            items=tuple(self._items),
            examples=tuple(example for id_, example in self._examples.items() if id_ not in replaced),
            marks=tuple((exchange, None if id_ in replaced else id_) for exchange, id_ in self._marks.items()),
            dropped=tuple(id_ for id_ in self._replaced if id_ not in self._examples),
            skipped=tuple(self.skipped),
            identical=self._identical,
            already_promoted=self.already_promoted,
            redacted_in_requests=dict(self._in_requests),
            redacted_in_responses=dict(self._in_responses),
        )

    @property
    def _next_position(self) -> int:
        return self._known.position + len(self._items)

    def _grow_item(self, key: str, request: Request) -> _GrowingItem:
        if key not in self._growing:
            known = self._known.items.get(key)
            if known is None:
                item = RequestItem(
                    self._new_id(), self._known.collection_id, name_request(request), key, position=self._next_position
                )
                self._items.append(item)
                known = KnownItem(item)
            self._growing[key] = _GrowingItem(known.item, known.newest_id, known.fingerprint, list(known.unedited_ids))
        return self._growing[key]

    def _add_example(
        self, exchange_id: int, growing: _GrowingItem, request: _RedactedRequest, response: _RedactedResponse
    ) -> None:
        if self._plan.repeats is Repeats.NEWEST:
            self._replaced += growing.unedited_ids
            growing.unedited_ids.clear()
        example = Example(
            self._new_id(),
            self._known.collection_id,
            growing.item.id,
            self._plan.naming(request.compared, response.message),
            request.message,
            response.message,
            redacted=request.redacted,
            sequence=growing.item.id if self._plan.repeats is Repeats.SEQUENCE else None,
            fingerprint=response.fingerprint,
            entry=exchange_id if self._plan.keep_every else None,
        )
        self._examples[example.id] = example
        growing.add(example)
