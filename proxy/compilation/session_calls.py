"""Collect the gRPC calls of a session, for its replay."""

from __future__ import annotations

from collections.abc import Callable
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
    """The gRPC calls found so far: the ids of the examples of bidirectional ones, the most messages of others."""

    bidirectional: set[str] = field(default_factory=set)
    most_messages: dict[str, int] = field(default_factory=dict)

    def adapt(self, exchange: Exchange, read: Callable[[Body], bytes]) -> Exchange:
        """Return an exchange as it is compared: a bidirectional call has its client's first message as its body."""
        request = exchange.request
        if not is_grpc_type(request.headers.get("content-type")) or not request.http_version.startswith("HTTP/2"):
            return exchange
        body, path = read(request.body), normalize_path(request.path)
        if exchange.is_bidirectional:
            first = next(split_messages(body), None)
            return replace(exchange, request=replace(request, body=first.framed if first else b""))
        count = sum(1 for _ in split_messages(body))
        self.most_messages[path] = max(count, self.most_messages.get(path, 0))
        return exchange

    def to_calls(self) -> RecordedCalls:
        """Return what a replay needs of them."""
        return RecordedCalls(frozenset(self.bidirectional), self.most_messages)
