"""Redaction of gRPC: each message stays one, with the right lengths."""

from __future__ import annotations

import gzip
import json

import pytest

from understudy.store.grpc.framing import frame_message, split_messages
from understudy.store.grpc.protobuf import encode_varint, find_fields
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Chunk, Headers, Request, Response
from understudy.store.redaction.redacting_history import redact_exchange
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

SECRET = "ghp_" + "a1B2" * 9
GRPC = [("content-type", "application/grpc")]


def field(number: int, content: bytes) -> bytes:
    return encode_varint(number << 3 | 2) + encode_varint(len(content)) + content


def redact(body: bytes, headers: list[tuple[str, str]] | None = None) -> bytes:
    """Return the body of a request after redaction."""
    request = Request("POST", b"/shop.Orders/Get", Headers.of(headers or GRPC), body)
    redacted = BUILT_IN_REDACTOR.redact_request(request, body)[0].body
    assert isinstance(redacted, bytes)
    return redacted


def read(body: bytes) -> list[bytes]:
    """Return the contents of all messages; nothing but whole messages may be in the body."""
    messages = list(split_messages(body))
    assert sum(len(one.framed) for one in messages) == len(body)
    return [one.content for one in messages]


def test_lengths_fit_after_redaction() -> None:
    inner = field(1, b"a note") + field(2, SECRET.encode()) + b"\x18\x07"
    first = field(1, b"x" * 100) + field(5, inner) + field(6, b"after")
    redacted, second = read(redact(frame_message(first) + frame_message(b"\x08\x01")))
    assert (SECRET.encode() in redacted, second) == (False, b"\x08\x01")
    fields = find_fields(redacted)
    assert fields is not None
    assert [redacted[one.start : one.end] for one in (fields[0], fields[2])] == [b"x" * 100, b"after"]
    assert fields[1].fields is not None
    texts = [redacted[one.start : one.end] for one in fields[1].fields]
    assert texts == [b"a note", b"REDACTED"]


def test_json_messages_are_redacted_by_names() -> None:
    body = frame_message(b'{"password": "hunter2"}') + frame_message(b'{"a": 1}')
    redacted, other = read(redact(body))
    assert (json.loads(redacted), other) == ({"password": "REDACTED"}, b'{"a": 1}')


def test_json_in_a_text_is_redacted() -> None:
    (redacted,) = read(redact(frame_message(field(1, b'{"password": "hunter2"}'))))
    assert b"hunter2" not in redacted
    assert find_fields(redacted) is not None


def test_a_compressed_message_with_secrets_becomes_a_plain_one() -> None:
    body = frame_message(gzip.compress(field(1, SECRET.encode()), mtime=0), 1) + frame_message(
        gzip.compress(b"\x08\x01", mtime=0), 1
    )
    redacted = redact(body, [*GRPC, ("grpc-encoding", "gzip")])
    assert [(one.flag, one.content) for one in split_messages(redacted)] == [
        (0, field(1, b"REDACTED")),
        (1, gzip.compress(b"\x08\x01", mtime=0)),
    ]


def test_a_body_without_secrets_stays() -> None:
    body = frame_message(field(1, b"tea")) + b"\x00\x00"
    assert redact(body) is body


@pytest.mark.parametrize(("flag", "note"), [(1, "1 compressed messages of the request"), (0, "")])
def test_messages_that_cannot_be_decoded_are_marked(flag: int, note: str) -> None:
    headers = Headers.of([*GRPC, ("grpc-encoding", "snappy")])
    exchange = Exchange("s", Request("POST", b"/a/b", headers, frame_message(b"?", flag)), Response(200), Timings(0.0))
    degraded = redact_exchange(exchange, BUILT_IN_REDACTOR).degraded
    assert note in degraded
    assert bool(degraded) is bool(note)


def test_the_pieces_of_an_answer_move_with_its_messages() -> None:
    parts = [frame_message(field(1, SECRET.encode())), frame_message(field(1, b"tea"))]
    response = Response(200, Headers.of(GRPC), b"".join(parts), chunks=tuple(Chunk(0.0, len(part)) for part in parts))
    redacted, _ = BUILT_IN_REDACTOR.redact_response(response, b"".join(parts))
    assert [chunk.size for chunk in redacted.chunks] == [len(frame_message(field(1, b"REDACTED"))), len(parts[1])]
