"""HTTP/2 connections that are made of frames by hand: fast enough to flood, and free to break the rules (RFC 9113)."""

from __future__ import annotations

import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import hpack

from tests.peers.tls_stream import TlsStream

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED, HAS_PRIORITY = 0x8, 0x20
INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS = 4, 3
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DEFAULT_WINDOW = 65_535
FRAME_BYTES = 16_384
LARGEST_WINDOW = 2**31 - 1

Fields = list[tuple[str, str]]


@dataclass
class PeerStream:
    """One stream: what may be sent on it, and what came; `is_over` once the other side has ended or reset it."""

    window: int
    fields: Fields = field(default_factory=list)
    received: int = 0
    credited: int = 0
    sent: int = 0
    is_over: bool = False
    reset: int | None = None


class Http2Peer(threading.Thread):
    """One side of a connection.

    A stream's window opens again for what came of it while `takes_all` is set; then it waits `pause` seconds for each
    piece. While it `is_deaf`, it reads nothing at all. `ended` is set when the connection is over, `goaway` is the code
    of a GOAWAY.
    """

    def __init__(self, connected: TlsStream, *, is_client: bool, window: int = DEFAULT_WINDOW) -> None:
        super().__init__(daemon=True)
        self.stream = connected
        self.is_client = is_client
        self.window = window
        self.takes_all = True
        self.is_deaf = False
        self.pause = 0.0
        self.streams: dict[int, PeerStream] = {}
        self.counts: Counter[int] = Counter()  # frames that came, by type
        self.goaway: int | None = None
        self.max_streams = 0
        self.ended = threading.Event()
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._connection_window = DEFAULT_WINDOW
        self._stream_window = DEFAULT_WINDOW
        self._encoder, self._decoder = hpack.Encoder(), hpack.Decoder()
        self._next_stream = 1

    # What this side sends.

    def send(self, kind: int, flags: int, stream_id: int, payload: bytes = b"") -> None:
        """Send a frame, whatever the rules say about it."""
        self.send_raw(make_frame(kind, flags, stream_id, payload))

    def send_raw(self, data: bytes) -> None:
        """Send bytes."""
        with self._sending:
            self.stream.sendall(data)

    def open(self) -> None:
        """Send the preface and the settings, and begin to read."""
        settings = struct.pack(">HI", INITIAL_WINDOW_SIZE, self.window)
        connection = struct.pack(">I", LARGEST_WINDOW - DEFAULT_WINDOW)
        self.send_raw(
            (PREFACE if self.is_client else b"")
            + make_frame(SETTINGS, 0, 0, settings)
            + make_frame(WINDOW_UPDATE, 0, 0, connection)
        )
        self.start()

    def request(self, method: str, path: str, *fields: tuple[str, str], end: bool = True) -> int:
        """Begin a request, and return its number."""
        pseudo = [(":method", method), (":scheme", "https"), (":path", path), (":authority", "api.test")]
        with self._sending:
            stream_id, self._next_stream = self._next_stream, self._next_stream + 2
            self.streams[stream_id] = PeerStream(self._stream_window)
            block = self._encoder.encode([*pseudo, *fields])
            self.stream.sendall(make_frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream_id, block))
        return stream_id

    def send_fields(self, stream_id: int, *fields: tuple[str, str], end: bool = False) -> None:
        """Send the head of a response, or trailers."""
        with self._sending:
            block = self._encoder.encode(list(fields))
            self.stream.sendall(make_frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream_id, block))

    def send_body(self, stream_id: int, size: int, *, frame: int = FRAME_BYTES, end: bool = True) -> None:
        """Send so many bytes as fast as the windows allow; stop when the stream is reset or the connection over.

        They are messages of gRPC, of one frame each (PROTOCOL-HTTP2 of gRPC).
        """
        stream, left = self.streams[stream_id], size
        message = b"\0" + struct.pack(">I", frame - 5) + bytes(frame - 5) if frame > 5 else bytes(frame)
        content = message * 2
        while left > 0 and stream.reset is None and not self.ended.is_set():
            count = self._wait_for_window(stream, min(frame, left))
            if count:
                left -= count
                place = stream.sent % frame
                with suppress(OSError):
                    self.send(DATA, END_STREAM if end and not left else 0, stream_id, content[place : place + count])
                stream.sent += count

    def _wait_for_window(self, stream: PeerStream, most: int) -> int:
        with self._changed:
            count = min(most, stream.window, self._connection_window)
            if count <= 0:
                self._changed.wait(0.2)
                return 0
            stream.window -= count
            self._connection_window -= count
            return count

    def credit(self, stream_id: int) -> None:
        """Open the window of a stream for all that came of it."""
        stream = self.streams[stream_id]
        size, stream.credited = stream.received - stream.credited, stream.received
        if size:
            self.send(WINDOW_UPDATE, 0, stream_id, struct.pack(">I", size))

    # What the other side sends.

    def run(self) -> None:
        """Read until the connection is over."""
        with suppress(OSError):
            self._read()
        self.ended.set()
        with self._changed:
            self._changed.notify_all()

    def _read(self) -> None:
        buffered = bytearray()
        if not self.is_client:
            while len(buffered) < len(PREFACE):
                buffered += self._receive()
            del buffered[: len(PREFACE)]
        while True:
            while len(buffered) >= 9 and len(buffered) >= (end := 9 + int.from_bytes(buffered[:3], "big")):
                kind, flags, stream_id = buffered[3], buffered[4], int.from_bytes(buffered[5:9], "big") & LARGEST_WINDOW
                self._take(kind, flags, stream_id, bytes(buffered[9:end]))
                del buffered[:end]
            buffered += self._receive()

    def _receive(self) -> bytes:
        while self.is_deaf and not self.ended.is_set():
            time.sleep(0.01)
        data = self.stream.recv()
        if not data:
            raise OSError("the end")
        return data

    def _take(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        self.counts[kind] += 1
        stream = self.streams.get(stream_id)
        if kind == DATA and stream is not None:
            self._take_data(stream_id, stream, len(payload), ended=bool(flags & END_STREAM))
        elif kind == HEADERS:
            assert flags & END_HEADERS
            block = [(str(name), str(value)) for name, value in self._decoder.decode(payload)]
            if stream is None:
                stream = self.streams[stream_id] = PeerStream(self._stream_window)
            stream.fields += block
            self.handle_head(stream_id, stream, ended=bool(flags & END_STREAM))
            self._end(stream, bool(flags & END_STREAM))
        elif kind == SETTINGS and not flags & ACK:
            self._take_settings(payload)
        elif kind == PING and not flags & ACK:
            self.send(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE:
            self._open_window(stream_id, int.from_bytes(payload, "big"))
        elif kind == RST_STREAM and stream is not None:
            stream.reset = int.from_bytes(payload, "big")
            self._end(stream, True)
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")

    def _take_data(self, stream_id: int, stream: PeerStream, size: int, *, ended: bool) -> None:
        stream.received += size
        self._end(stream, ended)
        if self.takes_all:
            if self.pause:
                time.sleep(self.pause)
            if stream.received - stream.credited >= self.window // 2 and not ended:
                self.credit(stream_id)

    def _take_settings(self, payload: bytes) -> None:
        with self._changed:
            for place in range(0, len(payload), 6):
                setting, value = struct.unpack(">HI", payload[place : place + 6])
                if setting == INITIAL_WINDOW_SIZE:
                    for stream in self.streams.values():
                        stream.window += value - self._stream_window
                    self._stream_window = value
                elif setting == MAX_CONCURRENT_STREAMS:
                    self.max_streams = value
            self._changed.notify_all()
        self.send(SETTINGS, ACK, 0)

    def _open_window(self, stream_id: int, size: int) -> None:
        with self._changed:
            if stream_id == 0:
                self._connection_window += size
            elif stream_id in self.streams:
                self.streams[stream_id].window += size
            self._changed.notify_all()

    def _end(self, stream: PeerStream, ended: bool) -> None:
        if ended:
            with self._changed:
                stream.is_over = True
                self._changed.notify_all()

    def handle_head(self, stream_id: int, stream: PeerStream, *, ended: bool) -> None:
        """Take the head of a request or response, or trailers; servers override it."""

    def wait_for(self, stream_id: int, seconds: float) -> bool:
        """Wait until the other side has ended a stream; return whether it has."""
        stream = self.streams[stream_id]
        with self._changed:
            return self._changed.wait_for(lambda: stream.is_over or self.ended.is_set(), seconds)


def make_frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Make the bytes of a frame (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream_id) + payload
