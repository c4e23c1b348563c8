"""The head of a message as one block of bytes, as history keeps it; one reader for all blocks.

HTTP/1: a request or status line, the field lines and an empty line (RFC 9112, section 2.1), as they were received or
written from the fields. HTTP/2 and later: field lines with the pseudo-fields first (RFC 9113, section 8.3), and the
version beside the block. A head that cannot be written in lines, because of a line feed in a value for example, is a
JSON list with the version beside it; no other block begins with `[`.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from understudy.store.model.messages import Headers, Origin, Request, Response

# Exchanges with one API have much the same fields: each block of lines is parsed once, and its value is shared.
CACHE_SIZE = 4_096
MOST_CACHED_BYTES = 2_048

HeadFields = tuple[tuple[bytes, bytes], ...]

_FIELD = re.compile(rb"([^:\r\n]+):[ \t]*([^\r\n]*)\r\n")
_SCHEME_AND_HOST = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_JSON_BEGIN = b"["
_Pairs = list[tuple[str, str]]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[str, _Pairs]).decode


class HeadBlock(msgspec.Struct, frozen=True):
    """A block, and the version of its message where the block does not have it."""

    data: bytes
    version: str | None = None


class ReadHead(msgspec.Struct, frozen=True):
    """What a block says: the target of a request or the reason phrase of a response, and the rest."""

    subject: bytes
    version: str
    headers: Headers


def make_request_block(request: Request, received: bytes = b"") -> HeadBlock:
    """Return the block of a request: its head as it was received, or one that is written from the fields."""
    if received and _read_target(received) == request.target:
        return HeadBlock(received)
    if _has_lines_first(request.http_version):
        line = b"%s %s %s\r\n" % (_show(request.method), request.target, _show(request.http_version))
        block = HeadBlock(_write_lines(line, request.headers.fields))
    else:
        pseudo = _write_lines(b"", _list_pseudo_fields(request), end=b"")
        block = HeadBlock(_write_lines(pseudo, request.headers.fields), request.http_version)
    expected = ReadHead(request.target, request.http_version, request.headers)
    is_read_back = not block.data.startswith(_JSON_BEGIN) and read_request_block(block) == expected
    return block if is_read_back else _write_json(expected)


def make_response_block(response: Response, received: bytes = b"") -> HeadBlock:
    """Return the block of a response: its head as it was received, or one that is written from the fields."""
    if received and _read_reason(received) == response.reason:
        return HeadBlock(received)
    if _has_lines_first(response.http_version):
        line = b"%s %d %s\r\n" % (_show(response.http_version), response.status, response.reason)
        block = HeadBlock(_write_lines(line, response.headers.fields))
    else:
        line = b":status: %d\r\n" % response.status
        block = HeadBlock(_write_lines(line, response.headers.fields), response.http_version)
    expected = ReadHead(response.reason, response.http_version, response.headers)
    return block if read_response_block(block) == expected else _write_json(expected)


def read_request_block(block: HeadBlock) -> ReadHead:
    """Return what the block of a request says."""
    data, version = block.data, block.version
    if data.startswith(_JSON_BEGIN):
        return _read_json(block)
    if version is not None:
        pseudo, headers = _read_pseudo_fields(data)
        return ReadHead(pseudo.get(b":path", b""), version, headers)
    end = data.index(b"\r\n")
    return ReadHead(_read_target(data), _to_text(data[:end].rpartition(b" ")[2]), _read_lines(data[end + 2 :]))


def read_response_block(block: HeadBlock) -> ReadHead:
    """Return what the block of a response says."""
    data, version = block.data, block.version
    if data.startswith(_JSON_BEGIN):
        return _read_json(block)
    if version is not None:
        return ReadHead(b"", version, _read_pseudo_fields(data)[1])
    end = data.index(b"\r\n")
    return ReadHead(_read_reason(data), _to_text(data[:end].partition(b" ")[0]), _read_lines(data[end + 2 :]))


def redact_received_head(received: bytes, before: HeadFields, after: HeadFields, line: bytes | None = None) -> bytes:
    """Return a received head with the values of `after` in the lines where they differ from those before.

    `line` replaces the first line. Returns b"" for a head whose lines are not those of the fields.
    """
    lines = received.split(b"\r\n")
    if not received or len(before) != len(after) or len(lines) != len(before) + 3:
        return b""
    lines[0] = lines[0] if line is None else line
    for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
        if old != new:
            lines[number] = b"%s: %s" % new
    return b"\r\n".join(lines)


def _has_lines_first(version: str) -> bool:
    """Whether messages of this version begin with a request line or a status line."""
    return version.startswith(("HTTP/0", "HTTP/1"))


def _list_pseudo_fields(request: Request) -> HeadFields:
    origin: Origin | None = request.origin
    server: HeadFields = ()
    if origin is not None:
        server = ((b":scheme", _show(origin.scheme)), (b":authority", _show(origin.authority)))
    return ((b":method", _show(request.method)), *server, (b":path", request.target))


def _write_lines(first: bytes, fields: HeadFields, end: bytes = b"\r\n") -> bytes:
    return b"".join([first, *[b"%s: %s\r\n" % field for field in fields], end])


def _read_pseudo_fields(data: bytes) -> tuple[dict[bytes, bytes], Headers]:
    """Return the pseudo-fields, which begin the block, and the other fields."""
    pseudo: dict[bytes, bytes] = {}
    start = 0
    while data.startswith(b":", start):
        end = data.index(b"\r\n", start)
        name, _, value = data[start + 1 : end].partition(b": ")
        pseudo[b":" + name] = value
        start = end + 2
    return pseudo, _read_lines(data[start:])


def _read_lines(data: bytes) -> Headers:
    return _read_short_lines(data) if len(data) <= MOST_CACHED_BYTES else _parse_lines(data)


@lru_cache(CACHE_SIZE)
def _read_short_lines(data: bytes) -> Headers:
    return _parse_lines(data)


def _parse_lines(data: bytes) -> Headers:
    return Headers(tuple([(_share_name(name), value.rstrip(b" \t")) for name, value in _FIELD.findall(data)]))


@lru_cache(CACHE_SIZE)
def _share_name(name: bytes) -> bytes:
    return name  # APIs use few names: each is kept once


def _read_target(data: bytes) -> bytes:
    """Return the target of a request line in origin form (RFC 9112, section 3.2); b"" for a line of other parts."""
    parts = data[: data.index(b"\r\n")].split(b" ")
    if len(parts) != 3:
        return b""
    target = parts[1]
    if target.startswith(b"/"):
        return target
    server = _SCHEME_AND_HOST.match(target)
    if server is None:
        return target
    rest = target[server.end() :]
    return rest if rest.startswith(b"/") else b"/" + rest


def _read_reason(data: bytes) -> bytes:
    parts = data[: data.index(b"\r\n")].split(b" ", 2)
    return parts[2] if len(parts) == 3 else b""


def _write_json(head: ReadHead) -> HeadBlock:
    pairs = [(_to_text(name), _to_text(value)) for name, value in head.headers.fields]
    return HeadBlock(_encode((_to_text(head.subject), pairs)), head.version)


def _read_json(block: HeadBlock) -> ReadHead:
    subject, pairs = _decode(block.data)
    headers = Headers(tuple([(_share_name(_to_bytes(name)), _to_bytes(value)) for name, value in pairs]))
    return ReadHead(_to_bytes(subject), block.version or "", headers)


def _show(text: str) -> bytes:
    return text.encode("latin-1", "replace")  # a column has the text itself, or the JSON list is taken


def _to_bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _to_text(data: bytes) -> str:
    return data.decode("latin-1")
