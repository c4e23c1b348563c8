"""The layer of an HTTP/1.1 connection in all modes: it alternates between forwarding and answering."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.answer_layer import AnswerLayer
from understudy.addons.layers.record_layer import RecordLayer, Successor
from understudy.addons.layers.upstream_connection import CommandIterator
from understudy.addons.loop.client_holds import ClientHolder
from understudy.addons.loop.client_limits import WaitsForClient
from understudy.serving.gateway.site import ConnectionKind
from understudy.serving.http1.waits import Awaited, ClientWait

HttpLayerFactory = Callable[[Context, bytes], layer.Layer]


class Http1Layer(layer.Layer):
    """Passes events to a `RecordLayer` or an `AnswerLayer`, which hand the connection over between two requests.

    `make_http_layer` makes mitmproxy's own layer, which gets what neither of them can read, and keeps the connection.
    """

    def __init__(
        self, context: Context, settings: ForwardingSettings, kind: ConnectionKind, make_http_layer: HttpLayerFactory
    ) -> None:
        super().__init__(context)
        self._settings = settings
        self._kind = kind
        self._make_http_layer = make_http_layer
        self._record = RecordLayer(context.fork(), settings, kind, self._switch_layer)
        self._child: layer.Layer = self._record
        if settings.current.active.mode.is_offline:
            self._child = self._make_answer_layer()

    def handle_event(self, event: events.Event) -> CommandIterator:  # type: ignore[override]  # it has no commands of its own
        """Pass an event to the layer that has the connection."""
        record = self._record
        if self._child is not record and isinstance(event, events.ConnectionEvent) and record.owns(event.connection):
            return record.handle_event(event)  # such as the end of an upstream that it closed
        return self._child.handle_event(event)

    def find_wait(self) -> ClientWait:
        """Return what is awaited from the client."""
        return self._child.find_wait() if isinstance(self._child, WaitsForClient) else ClientWait(Awaited.MOVEMENT)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from self.handle_event(event)

    def _switch_layer(self, successor: Successor, data: bytes) -> CommandIterator:
        is_answered = successor is Successor.ANSWERS
        self._child = self._make_answer_layer() if is_answered else self._make_http_layer(self.context, data)
        yield from self._child.handle_event(events.Start())
        yield from self._child.handle_event(events.DataReceived(self.context.client, data))

    def _make_answer_layer(self) -> AnswerLayer:
        settings = self._settings
        holder = ClientHolder(settings.held, settings.connections, self.context.client.id)
        return AnswerLayer(
            self.context.fork(),
            settings.current,
            settings.sites,
            self._kind,
            holder,
            self._replace_answer_layer,
            settings.limits.answering,
        )

    def _replace_answer_layer(self, _: Context, data: bytes) -> layer.Layer:
        is_live = not self._settings.current.active.mode.is_offline
        self._child = self._record if is_live else self._make_http_layer(self.context, data)
        return self._child
