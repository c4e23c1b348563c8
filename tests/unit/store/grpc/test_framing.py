"""Messages of gRPC in bodies, and in pieces of bodies."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.store.grpc.framing import (
    GrpcMessage,
    MessageCounter,
    MessageReader,
    decode_message,
    frame_message,
    split_messages,
)
from understudy.store.model.messages import Headers

CONTENTS = st.lists(st.binary(max_size=20), max_size=6)


def cut(body: bytes, places: list[int]) -> list[bytes]:
    """Return the body in pieces."""
    bounds = [0, *sorted(min(place, len(body)) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(bounds)]


def test_a_message_has_a_flag_and_a_length_of_four_bytes() -> None:
    assert frame_message(b"tea") == b"\x00\x00\x00\x00\x03tea"


@given(CONTENTS)
def test_a_body_is_split_into_its_messages(contents: list[bytes]) -> None:
    body = b"".join(map(frame_message, contents))
    assert [message.content for message in split_messages(body)] == contents


def test_messages_know_their_offsets() -> None:
    assert [one.offset for one in split_messages(frame_message(b"ab") + frame_message(b"c", 1))] == [0, 7]


@pytest.mark.parametrize("rest", [b"\x00", b"\x00\x00\x00\x00\x02a", b"\x00\xff\xff\xff\xffa"])
def test_an_incomplete_message_is_left_out(rest: bytes) -> None:
    assert [one.content for one in split_messages(frame_message(b"a") + rest)] == [b"a"]


@given(CONTENTS, st.lists(st.integers(0, 150), max_size=8))
def test_messages_are_read_from_any_pieces(contents: list[bytes], places: list[int]) -> None:
    reader, body = MessageReader(), b"".join(map(frame_message, contents)) + b"\x00\x00"
    found = [message.content for piece in cut(body, places) for message in reader.receive(piece)]
    assert (found, reader.rest) == (contents, b"\x00\x00")


@given(CONTENTS, st.lists(st.integers(0, 150), max_size=8))
def test_a_counter_counts_what_a_reader_reads(contents: list[bytes], places: list[int]) -> None:
    counter, reader = MessageCounter(), MessageReader()
    pieces = cut(b"".join(map(frame_message, contents)), places)
    assert [counter.count(piece) for piece in pieces] == [len(reader.receive(piece)) for piece in pieces]


@pytest.mark.parametrize(
    ("coding", "sent", "plain"),
    [
        ("gzip", gzip.compress(b"tea", mtime=0), b"tea"),
        ("deflate", zlib.compress(b"tea"), b"tea"),
        ("snappy", b"?", None),
        (None, b"?", b"?"),
    ],
)
def test_compressed_messages_are_decoded(coding: str | None, sent: bytes, plain: bytes | None) -> None:
    headers = Headers.of([("grpc-encoding", coding)] if coding else [])
    assert decode_message(GrpcMessage(1, sent), headers) == plain


def test_a_message_without_the_flag_is_plain_whatever_the_coding() -> None:
    assert decode_message(GrpcMessage(0, b"tea"), Headers.of([("grpc-encoding", "gzip")])) == b"tea"
