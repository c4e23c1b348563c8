"""Undoes content codings (RFC 9110, section 8.4.1), within a limit, so that no small body fills the memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

LIMIT = 64 * 2**20
"""Bytes a decoded body may have: far more than an API's answer, little enough for the memory of any machine."""

_MEMBER = 4096  # bytes of a gzip member that are read first
_SLICE = 64  # a byte of brotli can stand for 640 kB
_GZIP, _ZLIB, _RAW = 31, 15, -15
_BROKEN = (zlib.error, brotli.error, zstandard.ZstdError, ValueError)


def remove_codings(codings: str, body: bytes, limit: int = LIMIT) -> bytes | None:
    """The body without the codings that a Content-Encoding header lists.

    None if one is unknown, the body is broken, cut off or followed by something, or `limit` bytes are not enough.
    """
    for coding in reversed([c.strip().lower() for c in codings.split(",") if c.strip()]):
        decode = _DECODERS.get(coding)
        if decode is None:
            return None
        try:
            body = decode(body, limit)
        except _BROKEN:
            return None
    return body


def _decode_gzip(body: bytes, limit: int) -> bytes:
    out, at = bytearray(), 0
    while at < len(body):
        at = _decode_member(body, at, out, limit)
    return bytes(out)


def _decode_member(body: bytes, start: int, out: bytearray, limit: int) -> int:
    """Undo the member that starts here into `out`; where it ends. A file may have many (RFC 1952, section 2.2)."""
    stream = zlib.decompressobj(_GZIP)
    at, size = start, _MEMBER
    # In pieces, for zlib copies what comes after a member; growing ones, for most have one member only.
    while not stream.eof:
        piece = body[at : at + size]
        if not piece:
            raise ValueError("cut off")
        out += stream.decompress(piece, limit + 1 - len(out))
        if len(out) > limit:
            raise ValueError("too long")
        at += len(piece) - len(stream.unused_data)
        size *= 2
    return at


def _decode_deflate(body: bytes, limit: int) -> bytes:
    try:
        return _inflate(body, limit, _ZLIB)
    except zlib.error:
        # Some servers send bare deflate data; RFC 9110, section 8.4.1.2, knows them.
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


def _decode_in_slices(feed: Callable[[bytes], bytes], finished: Callable[[], bool], body: bytes, limit: int) -> bytes:
    out = bytearray()
    for start in range(0, len(body), _SLICE):
        out += feed(body[start : start + _SLICE])
        if len(out) > limit:
            raise ValueError("too long")
    if not finished():
        raise ValueError("cut off")
    return bytes(out)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "identity": lambda body, _limit: body,
    "gzip": _decode_gzip,
    "x-gzip": _decode_gzip,
    "deflate": _decode_deflate,
    "br": _decode_brotli,
    "zstd": _decode_zstd,
}
