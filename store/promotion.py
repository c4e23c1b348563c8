"""Promotion: recorded exchanges become request items and examples of a collection. Pure, and the same every time.

A long history is promoted in batches, in recorded order: each starts from what the one before it left known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar

from understudy.store.model import ids
from understudy.store.model.collections import Example, RequestItem
from understudy.store.model.exchanges import Exchange, RedactedPlace
from understudy.store.model.header_fields import compute_fingerprint, drop_hop_by_hop
from understudy.store.model.messages import Body, BodyRef, Request, Response
from understudy.store.model.naming import name_example, name_request
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

Message = TypeVar("Message", Request, Response)
# Knows only the places it is told of.
_NO_BUILT_INS = Redactor(built_in=False)


class Repeats(StrEnum):
    """What becomes of differing answers to one request: answered in turn, kept side by side, or the last one kept."""

    SEQUENCE = "sequence"
    ALL = "all"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class PromotionPlan:
    """How to promote.

    `keep_every` is what the replay of a session needs: identical answers in a row are kept too, so nothing has to tell
    answers apart, and examples have no fingerprint; each has the `entry` that it is. `named` names an example.
    """

    repeats: Repeats = Repeats.SEQUENCE
    keep_secrets: bool = False
    keep_every: bool = False
    naming: Callable[[Request, Response], str] = name_example


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A request item, the id and fingerprint of its newest example ("" for none), and its unedited examples' ids."""

    item: RequestItem
    newest_id: str = ""
    fingerprint: str = ""
    unedited_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionState:
    """What a collection has: the exchanges promoted to it, its items by key, the position of the next item."""

    collection_id: str
    promoted: frozenset[int] = frozenset()
    items: Mapping[str, KnownItem] = field(default_factory=dict)
    position: int = 0

    @classmethod
    def of(
        cls, collection_id: str, promoted: Iterable[int], items: Iterable[RequestItem], examples: Iterable[Example]
    ) -> CollectionState:
        """What a collection has, from all its request items and examples as the store keeps them."""
        every = list(items)
        open_items = {item.id: _GrowingItem(item) for item in every if item.key}
        for example in sorted(examples, key=lambda example: example.id):
            if example.item_id in open_items:
                open_items[example.item_id].add(example)
        known = {one.item.key: one.freeze() for one in open_items.values()}
        position = max((item.position + 1 for item in every), default=0)
        return cls(collection_id, frozenset(promoted), known, position)


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """What a promotion adds to a collection, and what there is to say about it.

    `marks`: each exchange that is done with, and the example that holds its answer, None if a newer one took its place.
    `dropped`: ids of examples that a newer one replaces. `skipped`: exchanges that have no answer, and why.
    `identical` and `already` count exchanges whose answer was just there, and those promoted before.
    `in_requests` and `in_responses` count the messages in which something was redacted, by place.
    `known` is what the collection has after this.
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
    read: Callable[[Body], bytes],
    request_key: Callable[[Request, bytes], str],
    new_id: Callable[[], str] = ids.new_id,
    redactor: Redactor = BUILT_IN_REDACTOR,
) -> PromotionResult:
    """What becomes of these exchanges in the collection that `known` describes.

    They are taken in recorded order (time started, then id), however they come. `read` gives the bytes of a body, and
    is asked for one exchange at a time; `same_request` a text that equal requests share, which are then one item.
    Secrets are taken out by `redactor`, and do not tell requests or answers apart. Raises what `read` raises.
    """
    run, hiding = _PromotionRun(known, plan, new_id), None if plan.keep_secrets else redactor
    for exchange in sorted(exchanges, key=lambda exchange: (exchange.timings.started, exchange.id)):
        reason = find_skip_reason(exchange, replay=plan.keep_every)
        if exchange.id in run.promoted:
            run.already += 1
        elif reason or exchange.response is None:
            run.skipped.append((exchange, reason))
        else:
            asked = _redact_request(exchange, hiding, read)
            answered = _redact_response(exchange.response, hiding, read, comparing=not plan.keep_every)
            run.add_exchange(exchange.id, request_key(asked.compared, asked.body), asked, answered)
    return run.finish()


def find_skip_reason(exchange: Exchange, *, replay: bool = False) -> str:
    """Why an exchange cannot be an example, in a few words; "" if it can.

    The `replay` of a session takes gRPC and WebSockets, too.
    """
    if exchange.error is not None:
        return f"failed: {exchange.error}"
    if exchange.response is None:
        return "there is no response"
    if exchange.request.method.upper() == "CONNECT":
        return "CONNECT opens a tunnel"
    if not replay and _is_grpc(exchange.request):
        return "gRPC is no plain HTTP"
    if exchange.response.status == 101:
        became = exchange.response.headers.get("upgrade") or "tunnel"
        return "" if replay and became.lower() == "websocket" else f"it became a {became} connection"
    if exchange.response.status < 200:
        # RFC 9110, section 15.2: not the answer, but a word before it.
        return f"status {exchange.response.status} is not an answer"
    return exchange.degraded if exchange.is_cut else ""


def _is_grpc(request: Request) -> bool:
    # gRPC-Web and its kin (application/grpc-web) are.
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    return kind == "application/grpc" or kind.startswith("application/grpc+")


@dataclass(slots=True)
class _GrowingItem:
    """A known item while examples are added to it."""

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
    """A request; `compared` with `body` is what tells it from others, and gives it its name."""

    message: Request
    compared: Request
    body: bytes
    redacted: frozenset[RedactedPlace]


@dataclass(frozen=True, slots=True)
class _RedactedResponse:
    message: Response
    fingerprint: str
    redacted: frozenset[RedactedPlace]


def _redact_request(exchange: Exchange, redactor: Redactor | None, read: Callable[[Body], bytes]) -> _RedactedRequest:
    request, places = exchange.request, exchange.redacted
    body = read(request.body)
    kept = _drop_hop_by_hop(request)
    hidden, found = redactor.redact_request(kept, body) if redactor else (kept, frozenset[RedactedPlace]())
    places |= found
    if not places:
        return _RedactedRequest(kept, kept, body, places)
    compared, _ = (redactor or _NO_BUILT_INS).copy_for_comparing(places).redact_request(kept, body)
    return _RedactedRequest(hidden, compared, compared.body if isinstance(compared.body, bytes) else body, places)


def _redact_response(
    response: Response, redactor: Redactor | None, read: Callable[[Body], bytes], *, comparing: bool
) -> _RedactedResponse:
    kept = _drop_hop_by_hop(response)
    compared, redacted = kept, frozenset[RedactedPlace]()
    if redactor:
        body = read(response.body)
        hidden, redacted = redactor.redact_response(kept, body)
        if redacted:
            kept, (compared, _) = hidden, redactor.copy_for_comparing().redact_response(kept, body)
    if not comparing:
        return _RedactedResponse(kept, "", redacted)
    digest = compared.body.digest if isinstance(compared.body, BodyRef) else sha256(compared.body).hexdigest()
    return _RedactedResponse(kept, compute_fingerprint(compared, digest), redacted)


def _drop_hop_by_hop(message: Message) -> Message:
    headers, trailers = drop_hop_by_hop(message.headers), drop_hop_by_hop(message.trailers)
    same = headers is message.headers and trailers is message.trailers
    return message if same else replace(message, headers=headers, trailers=trailers)


class _PromotionRun:
    """One promotion under way."""

    def __init__(self, known: CollectionState, plan: PromotionPlan, new_id: Callable[[], str]) -> None:
        self._known = known
        self._plan = plan
        self._new_id = new_id
        self.promoted = set(known.promoted)
        self.skipped: list[tuple[Exchange, str]] = []
        self.already = 0
        self._identical = 0
        self._open: dict[str, _GrowingItem] = {}
        self._items: list[RequestItem] = []
        self._examples: dict[str, Example] = {}
        self._marks: dict[int, str] = {}
        self._replaced: list[str] = []
        self._in_requests: Counter[RedactedPlace] = Counter()
        self._in_responses: Counter[RedactedPlace] = Counter()

    def add_exchange(self, exchange_id: int, key: str, asked: _RedactedRequest, answered: _RedactedResponse) -> None:
        """Add one exchange, whose request has this key."""
        self._in_requests.update(asked.redacted)
        self._in_responses.update(answered.redacted)
        one = self._open_item(key, asked.compared)
        if one.newest_id and one.fingerprint == answered.fingerprint and not self._plan.keep_every:
            self._identical += 1
        else:
            self._add_example(exchange_id, one, asked, answered)
        self._marks[exchange_id] = one.newest_id
        self.promoted.add(exchange_id)

    def finish(self) -> PromotionResult:
        """All that was taken."""
        replaced = set(self._replaced)
        items = {**self._known.items, **{key: one.freeze() for key, one in self._open.items()}}
        return PromotionResult(
            CollectionState(self._known.collection_id, frozenset(self.promoted), items, self._next_position),
            items=tuple(self._items),
            examples=tuple(example for id_, example in self._examples.items() if id_ not in replaced),
            marks=tuple((exchange, None if id_ in replaced else id_) for exchange, id_ in self._marks.items()),
            dropped=tuple(id_ for id_ in self._replaced if id_ not in self._examples),
            skipped=tuple(self.skipped),
            identical=self._identical,
            already_promoted=self.already,
            redacted_in_requests=dict(self._in_requests),
            redacted_in_responses=dict(self._in_responses),
        )

    @property
    def _next_position(self) -> int:
        return self._known.position + len(self._items)

    def _open_item(self, key: str, request: Request) -> _GrowingItem:
        if key not in self._open:
            known = self._known.items.get(key)
            if known is None:
                item = RequestItem(
                    self._new_id(), self._known.collection_id, name_request(request), key, position=self._next_position
                )
                self._items.append(item)
                known = KnownItem(item)
            self._open[key] = _GrowingItem(known.item, known.newest_id, known.fingerprint, list(known.unedited_ids))
        return self._open[key]

    def _add_example(
        self, exchange_id: int, one: _GrowingItem, asked: _RedactedRequest, answered: _RedactedResponse
    ) -> None:
        if self._plan.repeats is Repeats.NEWEST:
            self._replaced += one.unedited_ids
            one.unedited_ids.clear()
        example = Example(
            self._new_id(),
            self._known.collection_id,
            one.item.id,
            self._plan.naming(asked.compared, answered.message),
            asked.message,
            answered.message,
            redacted=asked.redacted,
            sequence=one.item.id if self._plan.repeats is Repeats.SEQUENCE else None,
            fingerprint=answered.fingerprint,
            entry=exchange_id if self._plan.keep_every else None,
        )
        self._examples[example.id] = example
        one.add(example)
