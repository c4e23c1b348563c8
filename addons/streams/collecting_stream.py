"""What one stream holds in memory: the body of a request that is read whole, what is recorded, and what waits."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers.http import DropStream, SendHttp
from mitmproxy.proxy.layers.http._events import RequestData, ResponseData, ResponseEndOfMessage, ResponseHeaders

from understudy.addons.flow_notes import get_note
from understudy.addons.flows import to_mitmproxy_response
from understudy.addons.patches.http2_output import JOINED_BYTES
from understudy.addons.streams.call_stream import CallStream
from understudy.serving.answers.answer import render_refusal
from understudy.serving.http1.rules import MalformedRequest
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import LARGE_BODY, Response

# A request in spy mode with a larger body is forwarded as it comes; no example is asked.
MAX_SPIED_BODY = 4 * 1024 * 1024


class CollectingStream(CallStream):
    """A stream that reads no body whole beyond a limit, and counts what it holds."""

    def handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Take an event; while the stream waits for a hook, small pieces of a body are joined."""
        queue = self._paused_event_queue
        if self._paused and queue and isinstance(event, RequestData | ResponseData):
            last = queue[-1]
            if isinstance(last, type(event)) and len(last.data) + len(event.data) <= JOINED_BYTES:
                last.data += event.data
                return
        yield from super().handle_event(event)

    def count_queued(self) -> int:
        """Return how many bytes of bodies came while the stream waited for a hook or a connection."""
        queue = self._paused_event_queue
        return sum(len(event.data) for event in queue if isinstance(event, RequestData | ResponseData))

    def count_collected(self) -> int:
        """Return how many bytes of the request are held until it is complete."""
        return len(self.request_body_buf)

    def count_recorded(self) -> int:
        """Return how many bytes are held until the exchange is complete, because they are recorded."""
        note = get_note(self.flow) if hasattr(self, "flow") else None
        taps = (note.request_tap, note.response_tap) if note else ()
        return sum(tap.body.buffered for tap in taps if tap is not None)

    def release_recorded(self) -> None:
        """Give the store what is held of recorded bodies, unless secrets have to be found in them first."""
        note = get_note(self.flow) if hasattr(self, "flow") else None
        for tap in (note.request_tap, note.response_tap) if note else ():
            if tap is not None and tap.large_size <= LARGE_BODY:
                tap.spill()

    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        """Pass a request on as it comes, once it is large; refuse one that is too large to be answered."""
        if request and self.request_body_buf:
            size, mode = len(self.request_body_buf), getattr(get_note(self.flow).active, "mode", None)
            if mode is not None and mode.is_offline and size > self.roomy_layer.max_answered_body:
                yield from self._refuse_body(self.roomy_layer.max_answered_body)
                return True
            stream = self._choose_stream(mode, size)
            if stream is not None:
                yield from self._pass_on_request(stream)
                return False
        return (yield from super().check_body_size(request))

    def _choose_stream(self, mode: Mode | None, size: int) -> Callable[[bytes], bytes] | bool | None:
        tap = get_note(self.flow).request_tap
        if mode is Mode.PASS:
            return True if size > LARGE_BODY else None
        most = MAX_SPIED_BODY if mode is Mode.SPY else 0
        return tap.take if tap is not None and size > max(most, tap.large_size) else None

    def _pass_on_request(self, stream: Callable[[bytes], bytes] | bool) -> layer.CommandGenerator[None]:
        data = bytes(self.request_body_buf)
        self.request_body_buf.clear()
        self.flow.request.stream = stream
        yield from self.start_request_stream()
        yield from self.handle_event(RequestData(self.stream_id, data))

    def _refuse_body(self, limit: int) -> layer.CommandGenerator[None]:
        self.request_body_buf.clear()
        refusal = MalformedRequest(413, f"the body is larger than {limit} bytes")
        yield from self.answer_in_place(render_refusal(refusal))
        self.client_state = self.state_errored

    def answer_in_place(self, failure: Response) -> layer.CommandGenerator[None]:
        """Answer without an upstream."""
        self.flow.response = response = to_mitmproxy_response(self.flow, failure)
        self.server_state = self.state_done
        self.flow.live = False
        is_whole = not response.raw_content
        yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=is_whole), self.context.client)
        yield SendHttp(ResponseData(self.stream_id, response.raw_content or b""), self.context.client)
        yield DropStream(self.stream_id)
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
