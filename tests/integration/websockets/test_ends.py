"""WebSockets that end in unusual ways, and those that cannot be kept as they were."""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.programs import Serving, Understudy, wait_for
from tests.programs.memory import read_peak_memory, reset_peak_memory
from tests.traffic.raw_websockets import Ends, RawServer, Way, has_ended, opening, read_exactly

TEXT, BINARY, CLOSE = 0x81, 0x82, 0x88
COMPRESSED = 0x40
MB = 1024 * 1024
MOST_KEPT = 16 * MB
DEFLATE = "permessage-deflate"
SHORT = "from understudy.addons.websockets import relay_layer as r; r.HALF_CLOSED_SECONDS, r.CHECK_SECONDS = 0.5, 0.1; "
RESET = struct.pack("ii", 1, 0)


def encode_frame(first: int, payload: bytes) -> bytes:
    return bytes((first, 127)) + len(payload).to_bytes(8, "big") + payload


def encode_close(payload: bytes) -> bytes:
    return bytes((CLOSE, len(payload))) + payload


def exchange(sender: socket.socket, receiver: socket.socket, data: bytes) -> None:
    """Send bytes from one end, and check that they come to the other one."""
    sender.sendall(data)
    assert read_exactly(receiver, len(data)) == data


def send_again_and_again(sender: socket.socket, data: bytes) -> None:
    """Send until the connection ends; raises ConnectionError then."""
    while True:
        sender.sendall(data)
        time.sleep(0.01)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Understudy, Serving, RawServer]]:
    """A gateway that records, and a server of WebSockets."""
    understudy = Understudy(tmp_path_factory.mktemp("ends"), forked=False)
    with RawServer() as server, understudy.serving("record", "--session", "ends") as gateway:
        yield understudy, gateway, server


@contextlib.contextmanager
def conversing(
    stage: tuple[Understudy, Serving, RawServer], target: str, way: Way = Way.FORWARD, extensions: str = ""
) -> Iterator[Ends]:
    """A WebSocket through the gateway."""
    with opening(stage[1], stage[2], way, target=target, extensions=extensions) as ends:
        yield ends


def read_shown(understudy: Understudy, target: str) -> Any:
    """What `history show` has of the WebSocket at this target, once its end is there."""
    shown: Any = None

    def has_close() -> bool:
        nonlocal shown
        [entry] = [one for one in understudy.json("history", "list") if one["url"].endswith(target)]
        shown = understudy.json("history", "show", entry["id"])
        return any(message["kind"] == "close" for message in shown["messages"])

    wait_for(has_close)
    return shown


def list_texts(shown: Any) -> list[tuple[str, str | None]]:
    return [(message["from"], message.get("text")) for message in shown["messages"] if message["kind"] == "text"]


@pytest.mark.parametrize("way", [Way.FORWARD, Way.TUNNEL])
@pytest.mark.parametrize("by_client", [True, False])
def test_one_side_may_go_on_after_the_other_has_ended(
    stage: tuple[Understudy, Serving, RawServer], by_client: bool, way: Way
) -> None:
    """Until it ends, too; what it sends meanwhile is kept."""
    target = f"/half/{by_client}/{way.name}"
    with conversing(stage, target, way) as ends:
        ending, other = ends.get(is_client=by_client), ends.get(is_client=not by_client)
        ending.shutdown(socket.SHUT_WR)
        assert has_ended(other)
        for text in (b"one", b"two"):
            exchange(other, ending, encode_frame(TEXT, text))
        other.close()
        assert has_ended(ending)
    shown = read_shown(stage[0], target)
    side, ended = ("server", "client") if by_client else ("client", "server")
    assert list_texts(shown) == [(side, "one"), (side, "two")]
    assert [message["from"] for message in shown["messages"] if message["kind"] == "close"] == [ended]


@pytest.mark.parametrize("way", [Way.FORWARD, Way.TUNNEL])
def test_half_a_websocket_ends_after_a_silence(tmp_path: Path, way: Way) -> None:
    """And at once if the side that has ended is gone: what the other one sends then is not passed anywhere."""
    understudy = Understudy(tmp_path, preamble=SHORT, forked=False)
    with RawServer() as server, understudy.serving("record", "--session", "half") as gateway:
        with opening(gateway, server, way) as ends:
            ends.client.shutdown(socket.SHUT_WR)
            assert has_ended(ends.server)
            assert has_ended(ends.client)
        with opening(gateway, server, way) as ends:
            ends.client.shutdown(socket.SHUT_WR)
            assert has_ended(ends.server)
            ends.client.close()
            with pytest.raises(ConnectionError):
                send_again_and_again(ends.server, encode_frame(TEXT, b"into the void"))


@pytest.mark.parametrize("by_client", [True, False])
def test_a_connection_that_is_reset_ends_the_other_one(
    stage: tuple[Understudy, Serving, RawServer], by_client: bool
) -> None:
    """It receives nothing any more."""
    with conversing(stage, f"/reset/{by_client}") as ends:
        ending, other = ends.get(is_client=by_client), ends.get(is_client=not by_client)
        exchange(other, ending, encode_frame(TEXT, b"one"))
        ending.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        ending.close()
        assert has_ended(other)


def test_each_side_answers_a_close_itself(stage: tuple[Understudy, Serving, RawServer]) -> None:
    """The gateway adds nothing, and what comes after the first close passes and is kept."""
    with conversing(stage, "/close") as ends:
        exchange(ends.client, ends.server, encode_close(b"\x0f\xa0mine"))
        exchange(ends.server, ends.client, encode_frame(TEXT, b"late") + encode_close(b"\x0f\xa1yours"))
        ends.server.close()
        assert has_ended(ends.client)
    shown = read_shown(stage[0], "/close")
    assert list_texts(shown) == [("server", "late")]
    assert [message["code"] for message in shown["messages"] if message["kind"] == "close"] == [4000]


def test_an_extension_that_is_not_known_passes_and_is_noted(stage: tuple[Understudy, Serving, RawServer]) -> None:
    with conversing(stage, "/extension", extensions="x-secret-sauce") as ends:
        exchange(ends.client, ends.server, b"\xff\x01whatever it may be")
        exchange(ends.server, ends.client, bytes(range(256)) * 1_000)
    shown = read_shown(stage[0], "/extension")
    assert "the WebSocket extension 'x-secret-sauce' is not known" in shown["degraded"]
    assert [message["kind"] for message in shown["messages"]] == ["close"]


def test_bytes_that_are_no_frames_pass_and_are_noted(stage: tuple[Understudy, Serving, RawServer]) -> None:
    """What came before them, and from the other side, is kept."""
    with conversing(stage, "/garbage") as ends:
        exchange(ends.client, ends.server, encode_frame(TEXT, b"before") + b"\x00\x07garbage")
        exchange(ends.client, ends.server, b"\xff" * 100_000)
        exchange(ends.server, ends.client, encode_frame(TEXT, b"answer"))
    shown = read_shown(stage[0], "/garbage")
    assert list_texts(shown) == [("client", "before"), ("server", "answer")]
    assert "message 2 of the client and later ones are not kept" in shown["degraded"]
    assert "Degraded: message 2 of the client" in stage[0].run("history", "show", shown["id"])


def test_a_very_long_message_passes_whole_and_is_kept_cut(stage: tuple[Understudy, Serving, RawServer]) -> None:
    """So is a short one that inflates to it. Memory stays within bounds."""
    reset_peak_memory(stage[1].process.pid)
    piece, bomb = bytes(MB), zlib.compressobj(9, wbits=-15)
    packed = b"".join(bomb.compress(piece) for _ in range(40)) + bomb.flush(zlib.Z_SYNC_FLUSH)
    with conversing(stage, "/long", extensions=DEFLATE) as ends:
        ends.server.sendall(bytes((BINARY, 127)) + (40 * MB).to_bytes(8, "big"))
        read_exactly(ends.client, 10)
        for _ in range(40):
            exchange(ends.server, ends.client, piece)
        exchange(ends.server, ends.client, encode_frame(BINARY | COMPRESSED, packed[:-4]))
        exchange(ends.server, ends.client, encode_frame(TEXT, b"after"))
    shown = read_shown(stage[0], "/long")
    contents = [base64.b64decode(message["base64"]) for message in shown["messages"] if message["kind"] == "binary"]
    assert contents == [bytes(MOST_KEPT)] * 2
    assert list_texts(shown) == [("server", "after")]
    cut = f"was cut after {MOST_KEPT} bytes"
    assert shown["degraded"] == f"message 1 of the server {cut}; message 2 of the server {cut}"
    assert read_peak_memory(stage[1].process.pid) < 250 * MB


@pytest.mark.parametrize("ending", ["a switch to replay", "SIGTERM"])
def test_a_gateway_that_ends_a_websocket_keeps_what_was_delivered(understudy: Understudy, ending: str) -> None:
    with (
        RawServer() as server,
        understudy.serving("record", "--session", "end") as gateway,
        opening(gateway, server) as ends,
    ):
        exchange(ends.client, ends.server, b"".join(encode_frame(TEXT, b"%d" % n) for n in range(1_000)))
        if ending == "SIGTERM":
            assert gateway.stop() == 0
        else:
            understudy.run("mode", "replay", "--session", "end")
        assert has_ended(ends.client)
        assert has_ended(ends.server)
    shown = read_shown(understudy, "/")
    assert list_texts(shown) == [("client", str(n)) for n in range(1_000)]


def test_nothing_is_read_in_pass_mode(understudy: Understudy) -> None:
    """Bytes of any kind pass."""
    with (
        RawServer() as server,
        understudy.serving("gateway", "--mode", "pass") as gateway,
        opening(gateway, server) as ends,
    ):
        exchange(ends.client, ends.server, b"\xff" * 100_000)
        exchange(ends.server, ends.client, b"\xff" * 100_000)
        assert "W" not in gateway.log.replace("WebSocket", "")
    assert understudy.json("history", "list") == []
