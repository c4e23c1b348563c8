"""Decode content codings (RFC 9110, section 8.4.1) up to a limit, so that a small body cannot fill the memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

from understudy.store import aws_chunked

LIMIT = 64 * 2**20
"""The bytes that a decoded body may have: more than any usual API response, and small enough for any machine."""

_FIRST_READ = 4096  # bytes of a gzip member
_SLICE = 64  # one byte of brotli can stand for 640 kB
_GZIP, _ZLIB, _RAW = 31, 15, -15
_BROKEN = (zlib.error, brotli.error, zstandard.ZstdError, ValueError)


def remove_codings(codings: str, body: bytes, limit: int = LIMIT) -> bytes | None:
    """Return the body without the content codings that a Content-Encoding header lists.

    None if a coding is unknown, if the body is broken, cut off or followed by other bytes, or if the result has more
    than `limit` bytes.
    """
    names = [c.strip().lower() for c in codings.split(",") if c.strip()]
    # S3's clients list aws-chunked first (`aws-chunked,gzip`), although it is applied last.
    names.sort(key=aws_chunked.NAME.__eq__)
    for coding in reversed(names):
        decode = _DECODERS.get(coding)
        if decode is None:
            return None
        try:
            body = decode(body, limit)
        except _BROKEN:
            return None
    return body


def _decode_gzip(body: bytes, limit: int) -> bytes:
    out, offset = bytearray(), 0
    while offset < len(body):
        offset = _decode_member(body, offset, out, limit)
    return bytes(out)


def _decode_member(body: bytes, start: int, out: bytearray, limit: int) -> int:
    """Decode the gzip member at `start` into `out`; return the offset of its end.

    A gzip file can have several members (RFC 1952, section 2.2).
    """
    stream = zlib.decompressobj(_GZIP)
    offset, size = start, _FIRST_READ
    # zlib copies the bytes after a member, so it gets slices; they grow, because most files have one member.
    while not stream.eof:
        piece = body[offset : offset + size]
        if not piece:
            raise ValueError("cut off")
        out += stream.decompress(piece, limit + 1 - len(out))
        if len(out) > limit:
            raise ValueError("too long")
        offset += len(piece) - len(stream.unused_data)
        size *= 2
    return offset


def _decode_deflate(body: bytes, limit: int) -> bytes:
    try:
        return _inflate(body, limit, _ZLIB)
    except zlib.error:
        # Some servers send deflate data without the zlib format (RFC 9110, section 8.4.1.2).
        return _inflate(body, limit, _RAW)


def _inflate(body: bytes, limit: int, window: int) -> bytes:
    stream = zlib.decompressobj(window)
    out = stream.decompress(body, limit + 1)
    if not stream.eof or len(out) > limit:
        raise ValueError("cut off, or too long")
    return out


def _decode_brotli(body: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    return _decode_in_slices(stream.process, stream.is_finished, body, limit)


def _decode_zstd(body: bytes, limit: int) -> bytes:
    stream = zstandard.ZstdDecompressor().decompressobj()
    return _decode_in_slices(stream.decompress, lambda: stream.eof, body, limit)


def _decode_in_slices(
    decode: Callable[[bytes], bytes], is_finished: Callable[[], bool], body: bytes, limit: int
) -> bytes:
    out = bytearray()
    for start in range(0, len(body), _SLICE):
        out += decode(body[start : start + _SLICE])
        if len(out) > limit:
            raise ValueError("too long")
    if not is_finished():
        raise ValueError("cut off")
    return bytes(out)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "identity": lambda body, _limit: body,
    "gzip": _decode_gzip,
    "x-gzip": _decode_gzip,
    "deflate": _decode_deflate,
    "br": _decode_brotli,
    "zstd": _decode_zstd,
    aws_chunked.NAME: aws_chunked.decode_aws_chunked,
}
