"""Messages of gRPC compare by their texts where places do not count, else by their bytes."""

from __future__ import annotations

import gzip

import pytest

from understudy.matcher.body_forms.canonical import compute_body_key
from understudy.matcher.body_forms.grpc_forms import is_equal_content
from understudy.matcher.body_forms.open_places import NOWHERE, parse_ignored_place, places_from_redacted
from understudy.store.grpc.framing import frame_message
from understudy.store.grpc.protobuf import encode_varint
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Headers

GRPC = Headers.of([("content-type", "application/grpc")])
PLACES = places_from_redacted(frozenset({RedactedPlace(Part.TEXT, r"key-\w+")}))


def field(number: int, content: bytes) -> bytes:
    return encode_varint(number << 3 | 2) + encode_varint(len(content)) + content


@pytest.mark.parametrize(
    ("recorded", "sent", "equal"),
    [
        (field(1, b"REDACTED"), field(1, b"key-ofaclient"), True),
        (field(3, field(1, b"REDACTED")) + b"\x08\x01", field(3, field(1, b"key-ofaclient")) + b"\x08\x01", True),
        (field(1, b"REDACTED"), field(2, b"key-ofaclient"), False),
        (field(1, b"REDACTED") + b"\x08\x01", field(1, b"key-ofaclient") + b"\x08\x02", False),
        (field(1, b"REDACTED"), field(1, b"tea"), False),
    ],
    ids=["a text", "a nested text", "another field", "another number", "no secret"],
)
def test_redacted_texts_match_texts_of_other_lengths(recorded: bytes, sent: bytes, equal: bool) -> None:
    keys = [compute_body_key(frame_message(one), GRPC, PLACES) for one in (recorded, sent)]
    assert (keys[0] == keys[1]) is equal


def test_bodies_without_places_compare_as_bytes() -> None:
    keys = {compute_body_key(frame_message(one), GRPC, NOWHERE) for one in (b"\x08\x01", b"\x08\x01", b"\x08\x02")}
    assert len(keys) == 2


def test_ignored_places_do_not_count_in_json_messages() -> None:
    ignored = frozenset({parse_ignored_place("$.at")})
    keys = {compute_body_key(frame_message(b'{"id": 1, "at": %d}' % at), GRPC, ignored) for at in (1, 2)}
    assert len(keys) == 1
    assert compute_body_key(frame_message(b'{"id": 2, "at": 1}'), GRPC, ignored) not in keys


def test_compressed_messages_equal_plain_ones() -> None:
    coded = Headers((*GRPC.fields, (b"grpc-encoding", b"gzip")))
    compressed = frame_message(gzip.compress(field(1, b"tea")), 1)
    assert compute_body_key(compressed, coded) == compute_body_key(frame_message(field(1, b"tea")), GRPC)


def test_the_number_of_messages_counts() -> None:
    one = frame_message(field(1, b"tea"))
    assert compute_body_key(one, GRPC, PLACES) != compute_body_key(one + frame_message(b""), GRPC, PLACES)


@pytest.mark.parametrize(
    ("expected", "content", "equal"),
    [
        (field(1, b"id REDACTED."), field(1, b"id of a client."), True),
        (field(1, b"id REDACTED."), field(1, b"id of a client!"), False),
        (field(1, b"REDACTED") + field(2, b"a"), field(1, b"any") + field(2, b"b"), False),
        (field(1, b"tea"), field(1, b"tea") + b"\x10\x01", False),
        (b"REDACTED and \xff", b"it and \xff", True),
    ],
)
def test_contents_equal_except_placeholders(expected: bytes, content: bytes, equal: bool) -> None:
    assert is_equal_content(expected, content) is equal
