"""What an HTTP/2 peer may do against the rules, or to exhaust the other side (RFC 9113, sections 5.2 and 10.5)."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from tests.peers.http2_frames import (
    CONTINUATION,
    DATA,
    END_STREAM,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    LARGEST_WINDOW,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Http2Peer,
    make_frame,
)

FRAMES_AT_ONCE = 500
CANCEL = struct.pack(">I", 8)

Attack = Callable[[Http2Peer, int, int], None]
"""What is done on a connection with an open stream, so many times."""


def send_many(peer: Http2Peer, frame: bytes, count: int) -> None:
    """Send the same frame again and again."""
    for _ in range(max(1, count // FRAMES_AT_ONCE)):
        peer.send_raw(frame * FRAMES_AT_ONCE)


def ping(peer: Http2Peer, _: int, count: int) -> None:
    """Send pings, which all have to be answered."""
    send_many(peer, make_frame(PING, 0, 0, bytes(8)), count)


def set_settings(peer: Http2Peer, _: int, count: int) -> None:
    """Send settings, which all have to be confirmed."""
    send_many(peer, make_frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, 65_535)), count)


def prioritise(peer: Http2Peer, stream_id: int, count: int) -> None:
    """Send priorities."""
    send_many(peer, make_frame(PRIORITY, 0, stream_id, struct.pack(">IB", 0, 16)), count)


def send_nothing(peer: Http2Peer, stream_id: int, count: int) -> None:
    """Send data without content (CVE-2019-9518)."""
    send_many(peer, make_frame(DATA, 0, stream_id), count)


def send_little(peer: Http2Peer, stream_id: int, count: int) -> None:
    """Send the content of a window byte by byte (CVE-2019-9511)."""
    send_many(peer, make_frame(DATA, 0, stream_id, b"x"), count)


def continue_headers(peer: Http2Peer, stream_id: int, count: int) -> None:
    """Send a header block without an end (CVE-2024-27316)."""
    peer.send(HEADERS, END_STREAM, stream_id + 2, b"\x82\x87")
    for _ in range(count):
        peer.send(CONTINUATION, 0, stream_id + 2, bytes(16_000))


def reset_requests(peer: Http2Peer, _: int, count: int) -> None:
    """Begin requests and reset each at once (CVE-2023-44487)."""
    for number in range(count):
        stream_id = peer.request("GET", f"/down/1000000/{number}")
        peer.send(RST_STREAM, 0, stream_id, CANCEL)
        del peer.streams[stream_id]


def overflow_window(peer: Http2Peer, stream_id: int, count: int) -> None:
    """Send more than the window allows."""
    for _ in range(count):
        peer.send(DATA, 0, stream_id, bytes(16_000))


def overflow_counter(peer: Http2Peer, stream_id: int, _: int) -> None:
    """Open a window beyond the largest that there is."""
    for _ in range(2):
        peer.send(WINDOW_UPDATE, 0, stream_id, struct.pack(">I", LARGEST_WINDOW))


def go_away(peer: Http2Peer, stream_id: int, _: int) -> None:
    """End the connection while a body passes."""
    peer.send(GOAWAY, 0, 0, struct.pack(">II", stream_id, 0))


def reset(peer: Http2Peer, stream_id: int, _: int) -> None:
    """Reset a stream while its body passes."""
    peer.send(RST_STREAM, 0, stream_id, CANCEL)


def shrink_windows(peer: Http2Peer, stream_id: int, count: int) -> None:
    """Make windows smaller and larger while a body passes; at last they are open."""
    for number in range(count):
        size = (0, 1_000, 65_535, 7)[number % 4]
        peer.send(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, size))
        time.sleep(0.002)
    peer.send(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, 65_535))
    peer.credit(stream_id)


def send_nonsense(peer: Http2Peer, stream_id: int, count: int) -> None:
    """Send bytes that are no frames."""
    peer.send_raw(b"\xff" * count)
