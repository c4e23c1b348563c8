"""A connection that speaks HTTP/1.1, in whatever mode: the layer that forwards, or the one that answers."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.answer_layer import AnswerLayer
from understudy.addons.layers.record_layer import RecordLayer, Successor
from understudy.addons.layers.upstream_connection import CommandIterator
from understudy.serving.gateway.site import ConnectionKind

HttpLayerFactory = Callable[[Context, bytes], layer.Layer]


class Http1Layer(layer.Layer):
    """Gives each event to the layer whose turn it is; between two requests they hand the connection over.

    `http_layer` makes mitmproxy's own, which gets what neither takes, for good.
    """

    def __init__(
        self, context: Context, shared: ForwardingSettings, kind: ConnectionKind, http_layer: HttpLayerFactory
    ) -> None:
        super().__init__(context)
        self._shared = shared
        self._kind = kind
        self._http_layer = http_layer
        self._record = RecordLayer(context.fork(), shared, kind, self._switch_layer)
        self._child: layer.Layer = self._record
        if shared.current.active.mode.is_offline:
            self._child = self._make_answer_layer()

    def handle_event(self, event: events.Event) -> CommandIterator:  # type: ignore[override]  # it makes nothing of its own
        """Pass it on."""
        record = self._record
        if self._child is not record and isinstance(event, events.ConnectionEvent) and record.owns(event.connection):
            return record.handle_event(event)  # the last of an upstream that was left
        return self._child.handle_event(event)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from self.handle_event(event)

    def _switch_layer(self, to: Successor, data: bytes) -> CommandIterator:
        self._child = self._make_answer_layer() if to is Successor.ANSWERS else self._http_layer(self.context, data)
        yield from self._child.handle_event(events.Start())
        yield from self._child.handle_event(events.DataReceived(self.context.client, data))

    def _make_answer_layer(self) -> AnswerLayer:
        shared = self._shared
        return AnswerLayer(self.context.fork(), shared.current, shared.sites, self._kind, self._replace_answer_layer)

    def _replace_answer_layer(self, _: Context, data: bytes) -> layer.Layer:
        live = not self._shared.current.active.mode.is_offline
        self._child = self._record if live else self._http_layer(self.context, data)
        return self._child
