"""What one side of an HTTP/2 connection sends: data waits for the windows of its receiver (RFC 9113, section 5.2).

It takes the place of mitmproxy's buffers, which end the connection when a peer makes its windows smaller under way,
leave an end of a stream waiting for a window that it does not need, and keep an object for each small piece.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import h2.connection
import h2.events
import h2.settings
from h2.errors import ErrorCodes
from h2.exceptions import DenialOfServiceError
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

# Pieces up to this size are joined while they wait: each object costs as much as a hundred bytes.
JOINED_BYTES = 16 * 1024
# The bound on what was received of one header block, compressed; h2 itself bounds what it decodes, at 64 KB.
MAX_HEADER_BLOCK = 256 * 1024

HeaderFields = list[tuple[bytes, bytes]]


class StreamOutput:
    """What waits to be sent on one stream; pieces are referred to, not copied."""

    __slots__ = ("_first", "_pieces", "ends", "size", "trailers")

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._first = 0  # bytes of the first piece that were sent
        self.size = 0
        self.ends = False
        self.trailers: HeaderFields | None = None

    def add(self, data: bytes) -> None:
        """Add a piece."""
        if not data:
            return
        self.size += len(data)
        if self._pieces and len(self._pieces[-1]) + len(data) <= JOINED_BYTES:
            self._pieces[-1] += data
        else:
            self._pieces.append(data)

    def take(self, most: int) -> bytes:
        """Take up to so many bytes, at least one."""
        piece = self._pieces[0]
        data = piece[self._first : self._first + most]
        self._first += len(data)
        if self._first == len(piece):
            self._pieces.popleft()
            self._first = 0
        self.size -= len(data)
        return data


class PacedH2Connection(BufferedH2Connection):
    """A connection of h2 whose senders need not know the windows, with windows of `stream_window` for its own peer."""

    # How closed streams were closed matters for frames that were under way then. h2 remembers 65,536: that is 8 MB.
    MAX_CLOSED_STREAMS = 1024

    def __init__(self, config: h2.config.H2Configuration, stream_window: int, max_streams: int) -> None:
        super().__init__(config)
        self._outputs: dict[int, StreamOutput] = {}
        settings = self.local_settings
        settings.initial_window_size = stream_window
        settings.max_concurrent_streams = max_streams
        if config.client_side:
            settings.enable_push = 0
        settings.acknowledge()  # they hold from the first frame on, because they are sent before it

    def count_waiting(self, stream_id: int) -> int:
        """Return the number of bytes that wait for a window on a stream."""
        output = self._outputs.get(stream_id)
        return output.size if output else 0

    # What the layers send.

    def send_data(self, stream_id: int, data: bytes, end_stream: bool = False, pad_length: Any = None) -> None:  # noqa: ARG002 - as in h2
        """Send data, or keep it until the windows are open."""
        output = self._outputs.get(stream_id)
        if output is None:
            output = self._outputs[stream_id] = StreamOutput()
        output.add(data)
        output.ends = output.ends or end_stream
        self._flush(stream_id)

    def send_trailers(self, stream_id: int, trailers: HeaderFields) -> None:
        """Send trailers, which end the stream, after all data."""
        output = self._outputs.get(stream_id)
        if output is None:
            self.send_headers(stream_id, trailers, end_stream=True)
        else:
            output.trailers = trailers

    def end_stream(self, stream_id: int) -> None:
        """End a stream after all data, unless trailers do that."""
        output = self._outputs.get(stream_id)
        if output is None or output.trailers is None:
            self.send_data(stream_id, b"", end_stream=True)

    def reset_stream(self, stream_id: int, error_code: int = 0) -> None:
        """Break a stream off; what waits is dropped."""
        self._outputs.pop(stream_id, None)
        super().reset_stream(stream_id, error_code)

    def _flush(self, stream_id: int) -> bool:
        """Send what the windows allow; return whether that was anything."""
        output = self._outputs[stream_id]
        stream = self.streams.get(stream_id)
        if stream is None or stream.closed:
            del self._outputs[stream_id]
            return False
        has_sent = False
        send = h2.connection.H2Connection.send_data
        while output.size:
            # A receiver that makes its windows smaller makes them negative (RFC 9113, section 6.9.2).
            window = min(self.outbound_flow_control_window, stream.outbound_flow_control_window)
            if window <= 0:
                return has_sent
            data = output.take(min(window, self.max_outbound_frame_size))
            send(self, stream_id, data, output.ends and not output.size and output.trailers is None)
            has_sent = True
        del self._outputs[stream_id]
        if output.trailers is not None:
            self.send_headers(stream_id, output.trailers, end_stream=True)
        elif output.ends and not has_sent:
            h2.connection.H2Connection.end_stream(self, stream_id)
        return has_sent

    def stream_window_updated(self, stream_id: int) -> bool:
        """Send what waits on a stream; return whether that was anything."""
        return stream_id in self._outputs and self._flush(stream_id)

    def connection_window_updated(self) -> None:
        """Send what waits, a window's worth of each stream in turn."""
        for stream_id in list(self._outputs):
            if self.outbound_flow_control_window <= 0:
                return
            self._flush(stream_id)
            if (output := self._outputs.pop(stream_id, None)) is not None:
                self._outputs[stream_id] = output  # the next time, the others come first

    # What comes.

    def receive_data(self, data: bytes) -> list[h2.events.Event]:
        """Take received bytes; return what they mean, with adjacent data of a stream in one piece."""
        came = h2.connection.H2Connection.receive_data(self, data)
        self._check_header_block()
        return list(_join_data(event for event in came if not self._follow(event)))

    def _check_header_block(self) -> None:
        """Raise DenialOfServiceError if a header block does not end (CVE-2024-27316)."""
        frames = self.incoming_buffer._headers_buffer
        if frames and sum(len(frame.data) for frame in frames) > MAX_HEADER_BLOCK:
            self.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            raise DenialOfServiceError(f"a header block of more than {MAX_HEADER_BLOCK} bytes")

    def _follow(self, event: h2.events.Event) -> bool:
        """Follow windows, and drop what is not to be sent any more; return whether the event is for nobody else."""
        if isinstance(event, h2.events.WindowUpdated):
            if event.stream_id:
                self.stream_window_updated(event.stream_id)
            else:
                self.connection_window_updated()
            return True
        if isinstance(event, h2.events.RemoteSettingsChanged):
            if h2.settings.SettingCodes.INITIAL_WINDOW_SIZE in event.changed_settings:
                self.connection_window_updated()
        elif isinstance(event, h2.events.StreamReset):
            self._outputs.pop(event.stream_id, None)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self._outputs.clear()
        return False


def _join_data(events: Iterable[h2.events.Event]) -> Iterable[h2.events.Event]:
    """Yield the events; each run of data of one stream is one event."""
    run: list[h2.events.DataReceived] = []
    for event in events:
        if isinstance(event, h2.events.DataReceived):
            if run and run[-1].stream_id != event.stream_id:
                yield _join(run)
                run = []
            run.append(event)
            continue
        if run:
            yield _join(run)
            run = []
        yield event
    if run:
        yield _join(run)


def _join(run: list[h2.events.DataReceived]) -> h2.events.DataReceived:
    last = run[-1]
    if len(run) > 1:
        last.data = b"".join(event.data or b"" for event in run)
        last.flow_controlled_length = sum(event.flow_controlled_length or 0 for event in run)
    return last
