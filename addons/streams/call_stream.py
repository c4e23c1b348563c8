"""The stream of a gRPC call that is answered while its client sends."""

from __future__ import annotations

import time
from typing import Any, cast

from mitmproxy import http
from mitmproxy.net.http import status_codes
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import DropStream, HttpLayer, HttpStream, SendHttp, _events
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestProtocolError,
    RequestTrailers,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpResponseHook

from understudy.addons.flow_notes import get_note
from understudy.addons.flows import to_mitmproxy_response
from understudy.addons.grpc.call_answerer import CallReplay, DecideCallHook, PendingCall
from understudy.addons.streams.room import RoomEvent, RoomyLayer
from understudy.serving.grpc.conversation import EndCall, FailCall, SendHead
from understudy.serving.grpc.grpc_errors import make_status_fields, render_grpc_error
from understudy.serving.steps import Wait
from understudy.store.grpc.framing import GrpcMessage, MessageReader, decode_message
from understudy.store.model.messages import Headers

# Close the stream without an error message for the client: an error code in mitmproxy 12, a status in mitmproxy 11.
KILLED: Any = _events.ErrorCode.KILL if hasattr(_events, "ErrorCode") else status_codes.NO_RESPONSE


class CallStream(HttpStream):
    """A stream that answers a call if the note of its flow says so, and is mitmproxy's own for all other requests."""

    def __init__(self, context: Context, stream_id: int) -> None:
        super().__init__(context, stream_id)
        self._reader = MessageReader()
        self._first_message: bytes | None = None  # of the client, until a decision was made about it
        self._count = 0  # messages of the client
        self._wait_for = 1  # the number of them after which to decide
        self._replay: CallReplay | None = None
        self._pause: commands.RequestWakeup | None = None
        self._waits_for_room = False  # of the client
        self._ignores_client = False

    @property
    def http_layer(self) -> HttpLayer:
        """The layer that this stream belongs to."""
        outer = self.context.layers[self.context.layers.index(self) - 1]
        assert isinstance(outer, HttpLayer)
        return outer

    @property
    def roomy_layer(self) -> RoomyLayer:
        """The same layer, with what it knows about room."""
        return cast("RoomyLayer", self.http_layer)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Wakeup):
            if event.command is self._pause:
                yield from self._resume()
        elif isinstance(event, RoomEvent):
            if self._waits_for_room:
                self._waits_for_room = False
                yield from self._go_on()
        elif not (self._ignores_client and isinstance(event, RequestData | RequestTrailers | RequestEndOfMessage)):
            yield from super()._handle_event(event)

    def start_request_stream(self) -> layer.CommandGenerator[None]:
        """Begin to answer a call, or to pass a request on."""
        if get_note(self.flow).answers_call:
            self.client_state = self.state_answer_call
        else:
            yield from super().start_request_stream()

    def state_answer_call(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Take a piece of what the client sends, or its end."""
        if isinstance(event, RequestData):
            yield from self._take_messages(event.data)
        elif isinstance(event, RequestEndOfMessage):
            self.flow.request.timestamp_end = time.time()
            if self._replay is None:
                yield from self._decide(has_ended=True)
            else:
                self._replay.conversation.receive(None)
                yield from self._advance(self._replay)

    def _take_messages(self, data: bytes) -> layer.CommandGenerator[None]:
        messages = self._reader.receive(data)
        if self._replay is not None:
            self._give(self._replay, messages)
            yield from self._advance(self._replay)
            return
        self.request_body_buf += data
        if messages and not self._count:
            self._first_message = messages[0].framed
        self._count += len(messages)
        if self._count >= self._wait_for:
            yield from self._decide(has_ended=False)
            if self._replay is not None:
                self._give(self._replay, messages)
                yield from self._advance(self._replay)

    def _decide(self, *, has_ended: bool) -> layer.CommandGenerator[None]:
        """Decide about a call; one that is not replayed is answered as other requests, maybe before its end."""
        first, self._first_message = self._first_message if self._count else b"", None
        call = PendingCall(self.flow, bytes(self.request_body_buf), self._count, has_ended, first)
        yield DecideCallHook(call)
        if call.replay is not None:
            self._replay = call.replay
            self.request_body_buf.clear()
            if has_ended:
                self._replay.conversation.receive(None)
                yield from self._advance(self._replay)
        elif call.wait_for is not None:
            self._wait_for = call.wait_for
        else:
            self._ignores_client = True
            self.flow.request.stream = False
            self.client_state = self.state_consume_request_body
            yield from self.state_consume_request_body(RequestEndOfMessage(self.stream_id))

    def _give(self, replay: CallReplay, messages: list[GrpcMessage]) -> None:
        headers = Headers(tuple(self.flow.request.headers.fields))
        for message in messages:
            plain = decode_message(message, headers)
            replay.conversation.receive(message.content if plain is None else plain)

    def handle_protocol_error(
        self, event: RequestProtocolError | ResponseProtocolError
    ) -> layer.CommandGenerator[None]:
        """End a call that its client has left."""
        self._replay = None
        yield from super().handle_protocol_error(event)

    # What the gateway sends.

    def _resume(self) -> layer.CommandGenerator[None]:
        self._pause = None
        if self._replay is not None and self.client_state == self.state_answer_call:
            self._replay.conversation.wake()
            yield from self._advance(self._replay)

    def _advance(self, replay: CallReplay) -> layer.CommandGenerator[None]:
        while self._pause is None and not self._waits_for_room and (step := replay.conversation.next()) is not None:
            match step:
                case SendHead():
                    response = to_mitmproxy_response(self.flow, replay.response)
                    yield from self._send_head(response, is_whole="grpc-status" in response.headers)
                case bytes():
                    yield from self._send_message(step)
                case Wait():
                    yield from self._sleep(step.seconds)
                case EndCall():
                    yield from self._end(by_reset=step.by_reset)
                case FailCall():
                    replay.on_divergence(step.reason)
                    yield from self._fail(step.reason)

    def _send_head(self, response: http.Response, *, is_whole: bool = False) -> layer.CommandGenerator[None]:
        get_note(self.flow).is_answered = True
        self.flow.response = response
        response.timestamp_start = time.time()
        yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=is_whole), self.context.client)

    def _send_message(self, message: bytes) -> layer.CommandGenerator[None]:
        yield SendHttp(ResponseData(self.stream_id, message), self.context.client)
        self._wait_unless_room()

    def _wait_unless_room(self) -> None:
        """Wait for a RoomEvent, unless the client has taken most of what was sent."""
        roomy = self.roomy_layer
        self._waits_for_room = not roomy.room.is_there(self.context.client, self.stream_id)
        if self._waits_for_room:
            roomy.wait_for_room(self.stream_id)

    def _go_on(self) -> layer.CommandGenerator[None]:
        """Send more, because there is room."""
        if self._replay is not None and self.client_state == self.state_answer_call:
            yield from self._advance(self._replay)

    def _sleep(self, seconds: float) -> layer.CommandGenerator[None]:
        self._pause = commands.RequestWakeup(seconds)
        yield self._pause

    def _fail(self, reason: str) -> layer.CommandGenerator[None]:
        if self.flow.response is None:
            error = to_mitmproxy_response(self.flow, render_grpc_error(reason))
            yield from self._send_head(error, is_whole=True)
        else:
            self.flow.response.trailers = http.Headers(make_status_fields(reason).fields)
        yield from self._end(by_reset=False)

    def _end(self, *, by_reset: bool) -> layer.CommandGenerator[None]:
        response = self.flow.response
        assert response
        response.timestamp_end = time.time()
        yield HttpResponseHook(self.flow)
        if by_reset:
            reset = ResponseProtocolError(self.stream_id, "it broke off when it was recorded", KILLED)
            yield SendHttp(reset, self.context.client)
        else:
            if response.trailers:
                yield SendHttp(ResponseTrailers(self.stream_id, response.trailers), self.context.client)
            yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
        self.flow.live = False
        self.client_state = self.server_state = self.state_errored
        self._ignores_client = True
        yield DropStream(self.stream_id)
