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
from understudy.store.model.exchanges import Exchange, Redacted
from understudy.store.model.header_fields import end_to_end, fingerprint
from understudy.store.model.messages import Body, BodyRef, Request, Response
from understudy.store.model.naming import example_name, request_name
from understudy.store.redaction.redactor import BUILT_IN, Redactor

Message = TypeVar("Message", Request, Response)
# Knows only the places it is told of.
_NAMELESS = Redactor(built_in=False)


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
    named: Callable[[Request, Response], str] = example_name


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A request item, the id and fingerprint of its newest example ("" for none), and its unedited examples' ids."""

    item: RequestItem
    newest: str = ""
    fingerprint: str = ""
    unedited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a collection has: the exchanges promoted to it, its items by key, the position of the next item."""

    collection_id: str
    promoted: frozenset[int] = frozenset()
    items: Mapping[str, KnownItem] = field(default_factory=dict)
    position: int = 0

    @classmethod
    def of(
        cls, collection_id: str, promoted: Iterable[int], items: Iterable[RequestItem], examples: Iterable[Example]
    ) -> Known:
        """What a collection has, from all its request items and examples as the store keeps them."""
        every = list(items)
        open_items = {item.id: _OpenItem(item) for item in every if item.key}
        for example in sorted(examples, key=lambda example: example.id):
            if example.item_id in open_items:
                open_items[example.item_id].add(example)
        known = {one.item.key: one.closed() for one in open_items.values()}
        position = max((item.position + 1 for item in every), default=0)
        return cls(collection_id, frozenset(promoted), known, position)


@dataclass(frozen=True, slots=True)
class Promoted:
    """What a promotion adds to a collection, and what there is to say about it.

    `marks`: each exchange that is done with, and the example that holds its answer, None if a newer one took its place.
    `dropped`: ids of examples that a newer one replaces. `skipped`: exchanges that have no answer, and why.
    `identical` and `already` count exchanges whose answer was just there, and those promoted before.
    `in_requests` and `in_responses` count the messages in which something was redacted, by place.
    `known` is what the collection has after this.
    """

    known: Known
    items: tuple[RequestItem, ...] = ()
    examples: tuple[Example, ...] = ()
    marks: tuple[tuple[int, str | None], ...] = ()
    dropped: tuple[str, ...] = ()
    skipped: tuple[tuple[Exchange, str], ...] = ()
    identical: int = 0
    already: int = 0
    in_requests: Mapping[Redacted, int] = field(default_factory=dict)
    in_responses: Mapping[Redacted, int] = field(default_factory=dict)


def promote(
    exchanges: Iterable[Exchange],
    known: Known,
    plan: PromotionPlan,
    *,
    read: Callable[[Body], bytes],
    same_request: Callable[[Request, bytes], str],
    new_id: Callable[[], str] = ids.new_id,
    redactor: Redactor = BUILT_IN,
) -> Promoted:
    """What becomes of these exchanges in the collection that `known` describes.

    They are taken in recorded order (time started, then id), however they come. `read` gives the bytes of a body, and
    is asked for one exchange at a time; `same_request` a text that equal requests share, which are then one item.
    Secrets are taken out by `redactor`, and do not tell requests or answers apart. Raises what `read` raises.
    """
    run, hiding = _Run(known, plan, new_id), None if plan.keep_secrets else redactor
    for exchange in sorted(exchanges, key=lambda exchange: (exchange.timings.started, exchange.id)):
        reason = why_not(exchange, replay=plan.keep_every)
        if exchange.id in run.promoted:
            run.already += 1
        elif reason or exchange.response is None:
            run.skipped.append((exchange, reason))
        else:
            asked = _asked(exchange, hiding, read)
            answered = _answered(exchange.response, hiding, read, comparing=not plan.keep_every)
            run.take(exchange.id, same_request(asked.compared, asked.body), asked, answered)
    return run.done()


def why_not(exchange: Exchange, *, replay: bool = False) -> str:
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
    return exchange.degraded if exchange.cut else ""


def _is_grpc(request: Request) -> bool:
    # gRPC-Web and its kin (application/grpc-web) are.
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    return kind == "application/grpc" or kind.startswith("application/grpc+")


@dataclass(slots=True)
class _OpenItem:
    """A known item while examples are added to it."""

    item: RequestItem
    newest: str = ""
    fingerprint: str = ""
    unedited: list[str] = field(default_factory=list)

    def add(self, example: Example) -> None:
        self.newest, self.fingerprint = example.id, example.fingerprint
        if not example.edited:
            self.unedited.append(example.id)

    def closed(self) -> KnownItem:
        return KnownItem(self.item, self.newest, self.fingerprint, tuple(self.unedited))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request; `compared` with `body` is what tells it from others, and gives it its name."""

    message: Request
    compared: Request
    body: bytes
    redacted: frozenset[Redacted]


@dataclass(frozen=True, slots=True)
class _Answered:
    message: Response
    fingerprint: str
    redacted: frozenset[Redacted]


def _asked(exchange: Exchange, redactor: Redactor | None, read: Callable[[Body], bytes]) -> _Asked:
    request, places = exchange.request, exchange.redacted
    body = read(request.body)
    kept = _end_to_end(request)
    hidden, found = redactor.request(kept, body) if redactor else (kept, frozenset[Redacted]())
    places |= found
    if not places:
        return _Asked(kept, kept, body, places)
    compared, _ = (redactor or _NAMELESS).for_comparing(places).request(kept, body)
    return _Asked(hidden, compared, compared.body if isinstance(compared.body, bytes) else body, places)


def _answered(
    response: Response, redactor: Redactor | None, read: Callable[[Body], bytes], *, comparing: bool
) -> _Answered:
    kept = _end_to_end(response)
    compared, redacted = kept, frozenset[Redacted]()
    if redactor:
        body = read(response.body)
        hidden, redacted = redactor.response(kept, body)
        if redacted:
            kept, (compared, _) = hidden, redactor.for_comparing().response(kept, body)
    if not comparing:
        return _Answered(kept, "", redacted)
    digest = compared.body.digest if isinstance(compared.body, BodyRef) else sha256(compared.body).hexdigest()
    return _Answered(kept, fingerprint(compared, digest), redacted)


def _end_to_end(message: Message) -> Message:
    headers, trailers = end_to_end(message.headers), end_to_end(message.trailers)
    same = headers is message.headers and trailers is message.trailers
    return message if same else replace(message, headers=headers, trailers=trailers)


class _Run:
    """One promotion under way."""

    def __init__(self, known: Known, plan: PromotionPlan, new_id: Callable[[], str]) -> None:
        self._known = known
        self._plan = plan
        self._new_id = new_id
        self.promoted = set(known.promoted)
        self.skipped: list[tuple[Exchange, str]] = []
        self.already = 0
        self._identical = 0
        self._open: dict[str, _OpenItem] = {}
        self._items: list[RequestItem] = []
        self._examples: dict[str, Example] = {}
        self._marks: dict[int, str] = {}
        self._replaced: list[str] = []
        self._in_requests: Counter[Redacted] = Counter()
        self._in_responses: Counter[Redacted] = Counter()

    def take(self, exchange_id: int, key: str, asked: _Asked, answered: _Answered) -> None:
        """Add one exchange, whose request has this key."""
        self._in_requests.update(asked.redacted)
        self._in_responses.update(answered.redacted)
        one = self._item(key, asked.compared)
        if one.newest and one.fingerprint == answered.fingerprint and not self._plan.keep_every:
            self._identical += 1
        else:
            self._add(exchange_id, one, asked, answered)
        self._marks[exchange_id] = one.newest
        self.promoted.add(exchange_id)

    def done(self) -> Promoted:
        """All that was taken."""
        replaced = set(self._replaced)
        items = {**self._known.items, **{key: one.closed() for key, one in self._open.items()}}
        return Promoted(
            Known(self._known.collection_id, frozenset(self.promoted), items, self._position),
            items=tuple(self._items),
            examples=tuple(example for id_, example in self._examples.items() if id_ not in replaced),
            marks=tuple((exchange, None if id_ in replaced else id_) for exchange, id_ in self._marks.items()),
            dropped=tuple(id_ for id_ in self._replaced if id_ not in self._examples),
            skipped=tuple(self.skipped),
            identical=self._identical,
            already=self.already,
            in_requests=dict(self._in_requests),
            in_responses=dict(self._in_responses),
        )

    @property
    def _position(self) -> int:
        return self._known.position + len(self._items)

    def _item(self, key: str, request: Request) -> _OpenItem:
        if key not in self._open:
            known = self._known.items.get(key)
            if known is None:
                item = RequestItem(
                    self._new_id(), self._known.collection_id, request_name(request), key, position=self._position
                )
                self._items.append(item)
                known = KnownItem(item)
            self._open[key] = _OpenItem(known.item, known.newest, known.fingerprint, list(known.unedited))
        return self._open[key]

    def _add(self, exchange_id: int, one: _OpenItem, asked: _Asked, answered: _Answered) -> None:
        if self._plan.repeats is Repeats.NEWEST:
            self._replaced += one.unedited
            one.unedited.clear()
        example = Example(
            self._new_id(),
            self._known.collection_id,
            one.item.id,
            self._plan.named(asked.compared, answered.message),
            asked.message,
            answered.message,
            redacted=asked.redacted,
            sequence=one.item.id if self._plan.repeats is Repeats.SEQUENCE else None,
            fingerprint=answered.fingerprint,
            entry=exchange_id if self._plan.keep_every else None,
        )
        self._examples[example.id] = example
        one.add(example)
