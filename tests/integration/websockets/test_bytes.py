"""The bytes of a WebSocket pass a gateway as they came, whatever they are, and its messages are kept."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from random import Random

import pytest

from tests.peers.certificates import make_certificate
from tests.programs import Serving, Understudy, wait_for
from tests.traffic.raw_websockets import RawServer, Way, opening, read_exactly
from understudy.store.model.websockets import MessageKind
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FINAL, COMPRESSED = 0x80, 0x40
DEFLATE = "permessage-deflate; client_max_window_bits=15"
NO_TAKEOVER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
LONG = Random(3).randbytes(300_000)

Kept = list[tuple[str, bytes]]


def encode_frame(first: int, payload: bytes, mask: bytes = b"", wide: int = 0) -> bytes:
    """A frame with this first byte; `wide` is the number of bytes of a length that would fit into fewer."""
    size = len(payload)
    wide = wide or (0 if size < 126 else 2 if size < 65_536 else 8)
    length = {0: size, 2: 126, 8: 127}[wide] | (0x80 if mask else 0)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if mask else payload
    return bytes((first, length)) + (size.to_bytes(wide, "big") if wide else b"") + mask + masked


def deflate(*messages: bytes, takeover: bool = True) -> list[bytes]:
    """Messages as they are compressed one after the other (RFC 7692, section 7.2.1)."""
    compressed, stream = [], zlib.compressobj(wbits=-15)
    for message in messages:
        stream = stream if takeover else zlib.compressobj(wbits=-15)
        compressed.append((stream.compress(message) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4])
    return compressed


@dataclass(frozen=True)
class Stream:
    """What one side sends, frame by frame without masks, and the messages in it."""

    frames: list[tuple[int, bytes]]
    kept: Kept
    extensions: str = ""
    wide: int = 0

    def encode(self, *, masked: bool) -> bytes:
        random = Random(7)
        return b"".join(
            encode_frame(first, payload, random.randbytes(4) if masked else b"", self.wide)
            for first, payload in self.frames
        )


STREAMS = {
    "text and binary": Stream(
        [(FINAL | TEXT, "ü".encode()), (FINAL | BINARY, b""), (FINAL | BINARY, LONG)],
        [("text", "ü".encode()), ("binary", b""), ("binary", LONG)],
    ),
    "fragments": Stream(
        [(TEXT, b"a"), (0, b""), (0, b"bc"), (FINAL, b"d"), (BINARY, LONG), (FINAL, b"")],
        [("text", b"abcd"), ("binary", LONG)],
    ),
    "pings among fragments": Stream(
        [(FINAL | PING, b"first"), (TEXT, b"a"), (FINAL | PING, b"second"), (FINAL | PONG, b""), (FINAL, b"b")],
        [("text", b"ab")],
    ),
    "a length in too many bytes": Stream([(FINAL | TEXT, b"a")], [("text", b"a")], wide=8),
    "a close with a code and a reason": Stream(
        [(FINAL | TEXT, b"a"), (FINAL | CLOSE, b"\x0f\xa1enough")], [("text", b"a"), ("close", b"\x0f\xa1enough")]
    ),
    "a close without a code": Stream([(FINAL | CLOSE, b"")], [("close", b"")]),
    "messages compressed in one window": Stream(
        [(FINAL | COMPRESSED | TEXT, data) for data in deflate(b"one one one", b"one one one")],
        [("text", b"one one one")] * 2,
        DEFLATE,
    ),
    "each message compressed alone, one not at all": Stream(
        [
            *[(FINAL | COMPRESSED | BINARY, data) for data in deflate(LONG, b"two", takeover=False)],
            (FINAL | TEXT, b"plain"),
        ],
        [("binary", LONG), ("binary", b"two"), ("text", b"plain")],
        NO_TAKEOVER,
    ),
}


@dataclass(frozen=True)
class Stage:
    """A gateway for each way to it."""

    understudy: Understudy
    forward: Serving
    reverse: Serving
    plain: RawServer
    secure: RawServer


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Gateways that record, and servers of WebSockets."""
    folder = tmp_path_factory.mktemp("websockets")
    understudy, certificate = Understudy(folder), make_certificate(folder / "server.pem", "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with ExitStack() as stack:
        plain, secure = stack.enter_context(RawServer()), stack.enter_context(RawServer(tls))
        forward = stack.enter_context(understudy.serving("record", "--upstream-ca", str(certificate)))
        reverse = stack.enter_context(understudy.serving("record", "--upstream", plain.url))
        yield Stage(understudy, forward, reverse, plain, secure)


@pytest.mark.parametrize(
    ("name", "way", "from_client"),
    [
        case
        for case in product(STREAMS, Way, (True, False))
        # In each way, both sides; all of it in one way.
        if case[1] is Way.FORWARD or case[0] in ("fragments", "messages compressed in one window")
    ],
)
def test_bytes_pass_as_they_are_and_messages_are_kept(stage: Stage, name: str, way: Way, from_client: bool) -> None:
    """With their cuts, masks, compression, and order; pings and pongs are not kept."""
    stream, target = STREAMS[name], f"/{list(STREAMS).index(name)}/{list(Way).index(way)}/{from_client}"
    sent = stream.encode(masked=from_client)
    gateway = stage.reverse if way is Way.REVERSE else stage.forward
    server = stage.secure if way is Way.TLS_TUNNEL else stage.plain
    ca = stage.understudy.ca
    with opening(gateway, server, way, target=target, extensions=stream.extensions, ca=ca) as ends:
        ends.get(is_client=from_client).sendall(sent)
        received = read_exactly(ends.get(is_client=not from_client), len(sent))
    assert received == sent
    kept = read_kept(stage.understudy, target)
    ending = [] if stream.kept[-1][0] == "close" else [("close", b"\x03\xee")]
    assert kept == stream.kept + ending


def test_frames_right_after_the_handshake_pass(stage: Stage) -> None:
    """In the same piece as the response's head."""
    sent = STREAMS["fragments"].encode(masked=False)
    with opening(stage.reverse, stage.plain, Way.REVERSE, target="/early", early=sent) as ends:
        assert read_exactly(ends.client, len(sent)) == sent
    assert read_kept(stage.understudy, "/early")[:-1] == STREAMS["fragments"].kept


def read_kept(understudy: Understudy, target: str) -> Kept:
    """The messages of the WebSocket at this target, once its close is in history."""
    store = open_store(str(understudy.store))
    kept: Kept = []

    def is_complete() -> bool:
        [exchange] = store.history.select(HistoryFilter(path=target))
        kept[:] = [(str(one.kind), one.content) for one in store.history.list_messages(exchange.id)]
        return bool(kept) and kept[-1][0] == MessageKind.CLOSE

    try:
        wait_for(is_complete)
    finally:
        store.close()
    return kept
