"""A request in spy mode: read whole, then looked up in the examples; what no example answers is forwarded."""

from __future__ import annotations

from enum import Enum, auto

from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.accepted_request import AcceptedRequest
from understudy.addons.layers.answer_layer import AnswerLayer
from understudy.addons.layers.upstream_connection import CommandIterator
from understudy.addons.loop.client_holds import ClientHolder
from understudy.serving.gateway.site import ConnectionKind
from understudy.serving.http1.heads import RequestHead, read_request
from understudy.store.model.values import replace


class LookupState(Enum):
    """How far the lookup of a request is."""

    READING = auto()  # the request is not complete
    PENDING = auto()  # an example is found, its response is not sent to the end
    MISSED = auto()  # no example answers
    ANSWERED = auto()
    ANSWERED_LAST = auto()  # and the response closed the client's connection


class SpyRequest:
    """One request that an `AnswerLayer` gets when it is complete."""

    def __init__(
        self, context: Context, settings: ForwardingSettings, kind: ConnectionKind, request: AcceptedRequest
    ) -> None:
        self.request = request
        self._pieces = [request.head.raw]
        self._is_missed = False
        self._is_complete = False
        holder = ClientHolder(settings.held, settings.connections, context.client.id)
        self._layer = AnswerLayer(
            context.fork(),
            settings.current,
            settings.sites,
            kind,
            holder,
            self._handle_miss,
            settings.limits.answering,
        )

    @property
    def state(self) -> LookupState:
        """How far the lookup is."""
        if not self._is_complete:
            return LookupState.READING
        if self._is_missed:
            return LookupState.MISSED
        if self._layer.is_closed:
            return LookupState.ANSWERED_LAST
        return LookupState.ANSWERED if self._layer.is_idle else LookupState.PENDING

    @property
    def expects_continue(self) -> bool:
        """Whether the client sends the body only after a 100 Continue (RFC 9110, section 10.1.1)."""
        head = self.request.head
        if head.framing.is_complete:
            return False
        return any(name.lower() == b"expect" and value.lower() == b"100-continue" for name, value in head.fields)

    def read_body(self, data: bytes) -> int:
        """Read on; return how many of these bytes belong to the request. Raises FramingError."""
        end, _ = self.request.head.framing.take(data, 0)
        if end:
            self._pieces.append(data[:end])
        return end

    def look_up(self) -> CommandIterator:
        """Ask the examples, if the request is complete."""
        if self.request.head.framing.is_complete and not self._is_complete:
            self._is_complete = True
            yield from self._layer.answer_request(self.request.active, b"".join(self._pieces))

    def handle_event(self, event: events.Event) -> CommandIterator:
        """Go on with the response after something that it waited for."""
        yield from self._layer.handle_event(event)

    def rewind(self) -> tuple[AcceptedRequest, bytes]:
        """Return the request as it was before its body was read, and the bytes of the body."""
        head = read_request(self.request.head.raw)
        assert isinstance(head, RequestHead)
        return replace(self.request, head=head), b"".join(self._pieces[1:])

    def _handle_miss(self, context: Context, _: bytes) -> layer.Layer:
        self._is_missed = True
        return _SilentLayer(context.fork())


class _SilentLayer(layer.Layer):
    """Takes the place of the layer that would get the connection: here the request alone goes on."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:  # noqa: ARG002 - it ignores them all
        yield from ()
