"""The texts in a message of Protocol Buffers, found without its schema (protobuf.dev, "Encoding")."""

from __future__ import annotations

from dataclasses import dataclass

VARINT, FIXED_64, LENGTH_DELIMITED, FIXED_32 = 0, 1, 2, 5
MAX_DEPTH = 16
_WIDTHS = {FIXED_64: 8, FIXED_32: 4}


@dataclass(frozen=True, slots=True)
class LengthField:
    """A field with a length, by offsets in the message: of its length, of its content, and of its end.

    `fields` are those of a content that is a message itself; None for a text or bytes.
    """

    length_start: int
    start: int
    end: int
    fields: tuple[LengthField, ...] | None = None


def find_fields(data: bytes) -> tuple[LengthField, ...] | None:
    """Return the fields of a message that have a length; None for bytes that cannot be a message.

    Without a schema a text that happens to be a valid message counts as one.
    """
    try:
        return _read_fields(data, 0, len(data), 0)
    except ValueError:
        return None


def encode_varint(value: int) -> bytes:
    """Return a number as base 128 varint."""
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _read_fields(data: bytes, offset: int, end: int, depth: int) -> tuple[LengthField, ...]:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    found: list[LengthField] = []
    while offset < end:
        tag, offset = _read_varint(data, offset, end)
        wire_type = tag & 7
        if not tag >> 3:
            raise ValueError("there is no field 0")
        if wire_type == LENGTH_DELIMITED:
            found.append(_read_field(data, offset, end, depth))
            offset = found[-1].end
        elif wire_type == VARINT:
            _, offset = _read_varint(data, offset, end)
        else:
            offset += _WIDTHS.get(wire_type, end)  # groups and unknown types end the reading
    if offset > end:
        raise ValueError("cut off")
    return tuple(found)


def _read_field(data: bytes, length_start: int, limit: int, depth: int) -> LengthField:
    length, start = _read_varint(data, length_start, limit)
    end = start + length
    if end > limit:
        raise ValueError("cut off")
    try:
        fields = _read_fields(data, start, end, depth + 1) if length else None
    except ValueError:
        fields = None
    return LengthField(length_start, start, end, fields)


def _read_varint(data: bytes, offset: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while offset < end and shift < 64:
        byte = data[offset]
        value |= (byte & 127) << shift
        offset, shift = offset + 1, shift + 7
        if byte < 128:
            return value, offset
    raise ValueError("no varint")
