"""What is read of one side of a WebSocket, and what is refused; tests/property has it beside wsproto."""

from __future__ import annotations

import zlib

import pytest

from understudy.serving.websockets import frame_reader
from understudy.serving.websockets.frame_heads import unmask
from understudy.serving.websockets.frame_reader import FrameReader, ReadMessage
from understudy.serving.websockets.inflation import MAX_STREAMS, Inflation
from understudy.store.model.websockets import MessageKind

TEXT, BINARY, CLOSE, PING = 0x81, 0x82, 0x88, 0x89
COMPRESSED = 0x40
BOMB = 100 * 1024 * 1024


def encode_frame(first: int, payload: bytes) -> bytes:
    return bytes((first, 127)) + len(payload).to_bytes(8, "big") + payload


def encode_control(first: int, payload: bytes) -> bytes:
    return bytes((first, len(payload))) + payload


def compress(*pieces: bytes, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return b"".join(map(stream.compress, pieces)) + stream.flush(flush)


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"\x83\x00", "opcode 3"),
        (b"\x8b\x00", "opcode 11"),
        (b"\xa1\x00", "an extension"),
        (b"\xc1\x00", "compressed without"),
        (b"\x09\x00", "fragmented"),
        (b"\x89\x7e\x00\x7e", "too long"),
        (b"\xc9\x00", "a control frame is compressed"),
        (b"\x80\x00", "out of order"),
        (b"\x01\x00\x81\x00", "out of order"),
        (b"\x82\x7f\x80" + bytes(7), "impossible length"),
        (b"HTTP/1.1 200 OK\r\n", "fragmented"),
    ],
)
def test_what_is_no_frame_is_refused(wire: bytes, reason: str) -> None:
    """What came before is read."""
    reader = FrameReader()
    assert [message.content for message in reader.receive(encode_frame(TEXT, b"before") + wire)][:1] == [b"before"]
    assert reason in (reader.problem or "")
    assert reader.receive(encode_frame(TEXT, b"after")) == []


def test_the_first_frame_alone_says_that_a_message_is_compressed() -> None:
    reader = FrameReader(Inflation(keeps_window=True))
    assert reader.receive(b"\x41\x00\xc0\x00") == []
    assert reader.problem


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 1000])
def test_a_mask_is_removed(size: int) -> None:
    data, mask = bytes(range(256)) * 4, b"\x01\x80\xff\x7e"
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data[:size]))
    assert unmask(masked, mask) == data[:size]


def test_nothing_is_read_after_a_close() -> None:
    reader = FrameReader()
    wire = encode_control(CLOSE, b"\x03\xe8") + encode_frame(TEXT, b"late") + b"\xff\xff"
    assert reader.receive(wire) == [ReadMessage(MessageKind.CLOSE, b"\x03\xe8")]
    assert reader.receive(b"\xff") == []
    assert not reader.is_in_message


def test_a_message_over_its_room_is_cut_and_the_next_one_is_whole() -> None:
    reader = FrameReader()
    wire = encode_frame(BINARY, b"x" * 1_000) + encode_frame(BINARY, b"whole")
    found = [message for at in range(0, len(wire), 100) for message in reader.receive(wire[at : at + 100], 50)]
    assert found == [ReadMessage(MessageKind.BINARY, b"x" * 50, True), ReadMessage(MessageKind.BINARY, b"whole")]


@pytest.mark.parametrize(("room", "content"), [(1, b""), (2, b"\xc3\xbc"), (3, b"\xc3\xbc"), (6, "üü€"[:2].encode())])
def test_a_text_is_cut_between_characters(room: int, content: bytes) -> None:
    [message] = FrameReader().receive(encode_frame(TEXT, "üü€".encode()), room)
    assert message == ReadMessage(MessageKind.TEXT, content, True)


def test_a_frame_of_any_length_is_not_held() -> None:
    """It is announced as the longest that there is."""
    reader = FrameReader()
    reader.receive(b"\x82\x7f\x7f" + b"\xff" * 7)
    for _ in range(100):
        reader.receive(bytes(1_000), 5_000)
    assert reader.held_bytes == 5_000


@pytest.mark.parametrize("keeps_window", [True, False])
def test_a_small_message_that_inflates_far_is_cut(keeps_window: bool) -> None:
    """The next message is read, which may refer to it."""
    stream = zlib.compressobj(wbits=-15)
    packed = [stream.compress(bytes(BOMB)) + stream.flush(zlib.Z_SYNC_FLUSH)]
    stream = stream if keeps_window else zlib.compressobj(wbits=-15)
    packed.append(stream.compress(bytes(100)) + stream.flush(zlib.Z_SYNC_FLUSH))
    reader = FrameReader(Inflation(keeps_window=keeps_window))
    wire = b"".join(encode_frame(BINARY | COMPRESSED, one[:-4]) for one in packed)
    found = [message for at in range(0, len(wire), 10_000) for message in reader.receive(wire[at : at + 10_000], 1_000)]
    assert found == [ReadMessage(MessageKind.BINARY, bytes(1_000), True), ReadMessage(MessageKind.BINARY, bytes(100))]


def test_a_message_that_inflates_without_end_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_reader, "MAX_INFLATED_BYTES", 1_000_000)
    reader = FrameReader(Inflation(keeps_window=True))
    assert reader.receive(encode_frame(BINARY | COMPRESSED, compress(bytes(2_000_000)))) == []
    assert "inflates to more than" in (reader.problem or "")


@pytest.mark.parametrize("tail", [b"", b"\x00"])
def test_a_message_may_end_its_stream(tail: bytes) -> None:
    """With the empty block that should follow, or without it (RFC 7692, section 7.2.3.4)."""
    reader = FrameReader(Inflation(keeps_window=True))
    wire = encode_frame(TEXT | COMPRESSED, compress(b"hello", flush=zlib.Z_FINISH) + tail)
    assert [message.content for message in reader.receive(wire + wire)] == [b"hello", b"hello"]


def test_a_message_of_many_streams_is_not_read_on() -> None:
    reader = FrameReader(Inflation(keeps_window=True))
    assert reader.receive(encode_frame(TEXT | COMPRESSED, compress(b"", flush=zlib.Z_FINISH) * (MAX_STREAMS + 2))) == []
    assert "streams" in (reader.problem or "")


def test_what_is_not_compressed_as_agreed_is_refused() -> None:
    reader = FrameReader(Inflation(keeps_window=True))
    assert reader.receive(encode_frame(TEXT | COMPRESSED, b"\xff\xff\xff")) == []
    assert "compressed in another way" in (reader.problem or "")


def test_a_message_that_is_not_complete_is_known() -> None:
    reader = FrameReader()
    assert not reader.is_in_message
    reader.receive(encode_frame(0x01, b"first") + encode_control(PING, b""))
    assert (reader.is_in_message, reader.held_bytes) == (True, 5)
