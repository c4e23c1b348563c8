"""Find the secrets in the messages of gRPC: in JSON, and in texts of Protocol Buffers, whose lengths are adapted."""

from __future__ import annotations

from understudy.store.grpc.framing import PREFIX_BYTES, GrpcMessage, decode_message, frame_message, split_messages
from understudy.store.grpc.protobuf import LengthField, encode_varint, find_fields
from understudy.store.model.messages import Headers
from understudy.store.redaction.bodies import NO_PLACES, EditsAndPlaces, PlaceSet, find_body_edits
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.text_edits import Edit, apply_edits


def find_grpc_edits(body: bytes, headers: Headers, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact a body of gRPC message by message, and their places.

    Prefixes are edits too. A compressed message with secrets becomes one without compression; one that cannot be
    decompressed stays (see `count_unread_messages`).
    """
    edits: list[Edit] = []
    places: PlaceSet = NO_PLACES
    for message in split_messages(body):
        message_edits, message_places = _find_in_message(message, headers, finder)
        edits += message_edits
        places |= message_places
    return edits, places


def count_unread_messages(body: bytes, headers: Headers) -> int:
    """Return the number of messages whose compression cannot be removed, so that no secrets are looked for."""
    return sum(decode_message(one, headers) is None for one in split_messages(body) if one.is_compressed)


def _find_in_message(message: GrpcMessage, headers: Headers, finder: SecretFinder) -> EditsAndPlaces:
    plain = decode_message(message, headers)
    edits, places = find_content_edits(plain, finder) if plain else ([], NO_PLACES)
    if not edits or plain is None:
        return [], NO_PLACES
    start, redacted = message.offset + PREFIX_BYTES, apply_edits(plain, edits)
    if message.is_compressed:
        return [(message.offset, start + len(message.content), frame_message(redacted))], places
    prefix = frame_message(redacted)[1:PREFIX_BYTES]
    return [(message.offset + 1, start, prefix), *_move(edits, start)], places


def find_content_edits(plain: bytes, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact the content of a message: of Protocol Buffers by its texts, else as any body."""
    fields = find_fields(plain)
    return find_body_edits(plain, "", finder) if fields is None else _find_in_fields(plain, fields, finder)


def _find_in_fields(data: bytes, fields: tuple[LengthField, ...], finder: SecretFinder) -> EditsAndPlaces:
    edits: list[Edit] = []
    places: PlaceSet = NO_PLACES
    for field in fields:
        inner, inner_places = _find_in_field(data, field, finder)
        growth = sum(len(new) - (end - start) for start, end, new in inner)
        if growth:
            edits.append((field.length_start, field.start, encode_varint(field.end - field.start + growth)))
        edits += inner
        places |= inner_places
    return edits, places


def _find_in_field(data: bytes, field: LengthField, finder: SecretFinder) -> EditsAndPlaces:
    if field.fields is not None:
        return _find_in_fields(data, field.fields, finder)
    edits, places = find_body_edits(data[field.start : field.end], "", finder)
    return _move(edits, field.start), places


def _move(edits: list[Edit], offset: int) -> list[Edit]:
    return [(start + offset, end + offset, new) for start, end, new in edits]
