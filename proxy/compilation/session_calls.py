"""Collect the gRPC calls of a session, for its replay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from understudy.matcher.normal_forms import normalize_path
from understudy.serving.grpc.recorded_calls import RecordedCalls
from understudy.store.grpc.framing import split_messages
from understudy.store.model.exchanges import Exchange
from understudy.store.model.media_types import is_grpc_type
from understudy.store.model.messages import Body
from understudy.store.model.values import replace


@dataclass(slots=True)
class CallCollector:
    """The gRPC calls found so far: the paths of bidirectional ones, the ids of their examples, the size of others.

    All calls of a path are bidirectional if one is: whether an answer came before the client had ended may be chance.
    """

    paths: set[str] = field(default_factory=set)
    examples: set[str] = field(default_factory=set)
    most_messages: dict[str, int] = field(default_factory=dict)

    def note_paths(self, exchanges: Iterable[Exchange]) -> None:
        """Note the paths of the bidirectional calls among these exchanges."""
        self.paths.update(normalize_path(one.request.path) for one in exchanges if one.is_bidirectional)

    def has(self, exchange: Exchange) -> bool:
        """Return whether an exchange counts as a bidirectional call."""
        return _is_call(exchange) and normalize_path(exchange.request.path) in self.paths

    def adapt(self, exchange: Exchange, read: Callable[[Body], bytes]) -> Exchange:
        """Return an exchange as it is compared: a bidirectional call has its client's first message as its body."""
        if not _is_call(exchange):
            return exchange
        request = exchange.request
        messages = split_messages(read(request.body))
        if self.has(exchange):
            first = next(messages, None)
            return replace(exchange, request=replace(request, body=first.framed if first else b""))
        path = normalize_path(request.path)
        self.most_messages[path] = max(sum(1 for _ in messages), self.most_messages.get(path, 0))
        return exchange

    def to_calls(self) -> RecordedCalls:
        """Return what a replay needs of them."""
        return RecordedCalls(frozenset(self.examples), self.most_messages)


def _is_call(exchange: Exchange) -> bool:
    request = exchange.request
    return request.http_version.startswith("HTTP/2") and is_grpc_type(request.headers.get("content-type"))
