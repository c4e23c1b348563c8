"""The texts in messages of Protocol Buffers, without a schema."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.store.grpc.protobuf import MAX_DEPTH, LengthField, encode_varint, find_fields


def field(number: int, content: bytes) -> bytes:
    """Return a field with a length."""
    return encode_varint(number << 3 | 2) + encode_varint(len(content)) + content


def find_texts(data: bytes, fields: tuple[LengthField, ...] | None) -> list[bytes]:
    """Return the contents of the fields that are no messages, in order."""
    found: list[bytes] = []
    for one in fields or ():
        found += [data[one.start : one.end]] if one.fields is None else find_texts(data, one.fields)
    return found


@pytest.mark.parametrize(("number", "encoded"), [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")])
def test_numbers_are_written_in_base_128(number: int, encoded: bytes) -> None:
    assert encode_varint(number) == encoded


def test_texts_are_found_beside_numbers_and_inside_messages() -> None:
    numbers = b"\x08\xac\x02" + b"\x11" + b"\0" * 8 + b"\x1d" + b"\0" * 4
    data = numbers + field(4, b"sencha!") + field(5, b"\x08\x01" + field(2, b"inner text"))
    assert find_texts(data, find_fields(data)) == [b"sencha!", b"inner text"]


@pytest.mark.parametrize(
    "data",
    [b'{"a": 1}', b"hello", b"\x0a\x05tea", b"\x08", b"\x02\x01a", b"\x08" + b"\xff" * 10, b"\x11\0\0", b"\x0b\x0c"],
    ids=["JSON", "text", "cut off", "no number", "field 0", "long number", "cut number", "group"],
)
def test_other_bytes_are_no_message(data: bytes) -> None:
    assert find_fields(data) is None


def test_an_empty_message_has_no_fields() -> None:
    assert find_fields(b"") == ()


def test_messages_nested_too_deeply_are_bytes() -> None:
    data = b"\x08\x01"
    for _ in range(MAX_DEPTH + 3):
        data = field(1, data)
    assert find_texts(data, find_fields(data)) != [b""]


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    fields = find_fields(data)
    assert all(0 <= one.length_start < one.start <= one.end <= len(data) for one in fields or ())
