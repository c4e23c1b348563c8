"""A request in spy mode: read as a whole, then asked of the examples; what none answers is forwarded."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.layers.answer_layer import AnswerLayer
from understudy.addons.layers.upstream_connection import CommandIterator
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.site import Route
from understudy.serving.http1.heads import RequestHead, read_request

AnswerLayerFactory = Callable[[Callable[[Context, bytes], layer.Layer]], AnswerLayer]


class SpyRequest:
    """One request to `place` that came in `active`, at `since`. `answers` makes the layer that is asked.

    `missed` says that no example answers it, `over` that one did, `closed` that the connection was closed with that.
    """

    def __init__(
        self, active: ActiveMode, head: RequestHead, place: Route, since: float, make_answer_layer: AnswerLayerFactory
    ) -> None:
        self.active = active
        self.place = place
        self.since = since
        self.head = head
        self.has_missed = False
        self._parts = [head.raw]
        self._make_answer_layer = make_answer_layer
        self._layer: AnswerLayer | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the request is complete."""
        return self._layer is not None

    @property
    def is_answered(self) -> bool:
        """Whether it is answered."""
        return self._layer is not None and not self.has_missed and (self._layer.is_idle or self._layer.is_closed)

    @property
    def has_closed_connection(self) -> bool:
        """Whether the connection was closed with the answer."""
        return self._layer is not None and self._layer.is_closed

    @property
    def expects_continue(self) -> bool:
        """Whether the client will send the body when it is told to (RFC 9110, section 10.1.1)."""
        if self.head.framing.is_complete:
            return False
        return any(name.lower() == b"expect" and value.lower() == b"100-continue" for name, value in self.head.fields)

    def take(self, data: bytes) -> int:
        """Read on; returns how many of these bytes belong to the request. Raises BadFraming."""
        end, _ = self.head.framing.take(data, 0)
        if end:
            self._parts.append(data[:end])
        return end

    def find_answer(self) -> CommandIterator:
        """Ask the examples, once the request is complete."""
        self._layer = self._make_answer_layer(self._handle_miss)
        yield from self._layer.answer_request(self.active, b"".join(self._parts))

    def handle_event(self, event: events.Event) -> CommandIterator:
        """Something that the answer waited for has happened."""
        if self._layer is not None:
            yield from self._layer.handle_event(event)

    def rewind(self) -> tuple[RequestHead, bytes]:
        """The request from its beginning: its head, and the bytes of its body."""
        head = read_request(self.head.raw)
        assert isinstance(head, RequestHead)
        return head, b"".join(self._parts[1:])

    def _handle_miss(self, context: Context, _: bytes) -> layer.Layer:
        self.has_missed = True
        return _SilentLayer(context.fork())


class _SilentLayer(layer.Layer):
    """Stands where the connection would have been handed over: the request alone goes on."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:  # noqa: ARG002 - whatever it is
        yield from ()
