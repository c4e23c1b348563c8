"""The messages of gRPC in a form in which their texts compare by themselves, whatever the lengths around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from understudy.store.grpc.framing import GrpcMessage, decode_message, frame_message, split_messages
from understudy.store.grpc.protobuf import LengthField, find_fields
from understudy.store.model.messages import Headers
from understudy.store.redaction.placeholders import is_equal_except_secrets


class ContentPart(NamedTuple):
    """A part of a message: a text (or bytes), or what stands between two texts, without their lengths."""

    is_text: bool
    depth: int
    content: bytes


def canonicalize_grpc(body: bytes, canonicalize_text: Callable[[bytes], bytes]) -> bytes:
    """Return a form that bodies share if their texts, made canonical, and the rest of their messages are equal."""
    return b"".join(_canonicalize_message(message, canonicalize_text) for message in split_messages(body))


def decompress_messages(body: bytes, headers: Headers) -> bytes:
    """Return a body with its messages uncompressed; unchanged if there is nothing to do, or a message is broken."""
    messages = list(split_messages(body))
    plain = [decode_message(message, headers) for message in messages]
    if not any(message.is_compressed for message in messages):
        return body
    rest = body[sum(len(message.framed) for message in messages) :]
    return body if None in plain else b"".join(frame_message(each) for each in plain if each is not None) + rest


def is_equal_content(expected: bytes, content: bytes) -> bool:
    """Return whether the content of a message equals the expected one, except for placeholders in its texts."""
    mine, theirs = list(_split(expected)), list(_split(content))
    return len(mine) == len(theirs) and all(map(_is_equal_part, mine, theirs))


def _canonicalize_message(message: GrpcMessage, canonicalize_text: Callable[[bytes], bytes]) -> bytes:
    parts = [
        part._replace(content=canonicalize_text(part.content)) if part.is_text else part
        for part in _split(message.content)
    ]
    return b"%d %d\n" % (message.flag, len(parts)) + b"".join(map(_write_part, parts))


def _is_equal_part(mine: ContentPart, theirs: ContentPart) -> bool:
    if mine[:2] != theirs[:2]:
        return False
    if mine.content == theirs.content or not mine.is_text:
        return mine.content == theirs.content
    return is_equal_except_secrets(mine.content.decode("latin-1"), theirs.content.decode("latin-1"))


def _split(content: bytes) -> Iterator[ContentPart]:
    fields = find_fields(content)
    if fields is None:
        yield ContentPart(True, 0, content)
    else:
        yield from _split_fields(content, fields, 0, len(content), 0)


def _split_fields(
    content: bytes, fields: tuple[LengthField, ...], start: int, end: int, depth: int
) -> Iterator[ContentPart]:
    for field in fields:
        yield ContentPart(False, depth, content[start : field.length_start])
        if field.fields is None:
            yield ContentPart(True, depth, content[field.start : field.end])
        else:
            yield from _split_fields(content, field.fields, field.start, field.end, depth + 1)
        start = field.end
    yield ContentPart(False, depth, content[start:end])


def _write_part(part: ContentPart) -> bytes:
    return b"%d %d %d:%s" % (part.is_text, part.depth, len(part.content), part.content)
