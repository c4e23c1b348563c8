"""Decode content codings (RFC 9110, section 8.4.1) piece by piece, with bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

LARGEST_OUTPUT = 16 * 2**20
"""The bytes that one piece may become; more is no body of an API."""

_SLICE = 64  # one byte of brotli can stand for 640 kB
_GZIP, _ZLIB, _RAW = 31, 15, -15


class PieceDecoder(Protocol):
    """Decodes one body."""

    def decode(self, data: bytes) -> bytes:
        """Return the content of the next piece; raises ValueError for a broken body."""
        ...

    @property
    def is_finished(self) -> bool:
        """Whether the body may end here."""
        ...


def make_piece_decoder(codings: str) -> PieceDecoder | None:
    """Return the decoder for what a Content-Encoding header lists; None for an unknown coding, or several."""
    names = [name.strip().lower() for name in codings.split(",") if name.strip()]
    if not names:
        return _Identity()
    make = _DECODERS.get(names[0]) if len(names) == 1 else None
    return None if make is None else make()


class _Identity:
    is_finished = True

    def decode(self, data: bytes) -> bytes:
        return data


class _Zlib:
    """gzip with several members (RFC 1952, section 2.2), or deflate, which some servers send without its format."""

    def __init__(self, *windows: int) -> None:
        self._windows = list(windows)
        self._stream = zlib.decompressobj(self._windows[0])
        self._begun = False

    @property
    def is_finished(self) -> bool:
        return self._stream.eof or not self._begun

    def decode(self, data: bytes) -> bytes:
        out = bytearray()
        while data:
            if self._stream.eof:
                if self._windows[0] != _GZIP:
                    raise ValueError("something follows the body")
                self._stream = zlib.decompressobj(_GZIP)
            out += self._decompress(data, LARGEST_OUTPUT + 1 - len(out))
            if len(out) > LARGEST_OUTPUT:
                raise ValueError("too long")
            data = self._stream.unused_data
        return bytes(out)

    def _decompress(self, data: bytes, limit: int) -> bytes:
        try:
            content = self._stream.decompress(data, limit)
        except zlib.error as error:
            if self._begun or len(self._windows) == 1:
                raise ValueError(str(error)) from error
            self._windows.pop(0)
            self._stream = zlib.decompressobj(self._windows[0])
            return self._decompress(data, limit)
        self._begun = True
        return content


class _Sliced:
    """A coding whose decoder has no limit of its own: it gets slices."""

    def __init__(self, decode: Callable[[bytes], bytes], is_finished: Callable[[], bool]) -> None:
        self._decode = decode
        self._is_finished = is_finished
        self._begun = False

    @property
    def is_finished(self) -> bool:
        return not self._begun or self._is_finished()

    def decode(self, data: bytes) -> bytes:
        out = bytearray()
        self._begun = True
        for start in range(0, len(data), _SLICE):
            try:
                out += self._decode(data[start : start + _SLICE])
            except (brotli.error, zstandard.ZstdError) as error:
                raise ValueError(str(error)) from error
            if len(out) > LARGEST_OUTPUT:
                raise ValueError("too long")
        return bytes(out)


def _make_brotli() -> PieceDecoder:
    stream = brotli.Decompressor()
    return _Sliced(stream.process, stream.is_finished)


def _make_zstd() -> PieceDecoder:
    stream = zstandard.ZstdDecompressor().decompressobj()
    return _Sliced(stream.decompress, lambda: stream.eof)


_DECODERS: dict[str, Callable[[], PieceDecoder]] = {
    "identity": _Identity,
    "gzip": lambda: _Zlib(_GZIP),
    "x-gzip": lambda: _Zlib(_GZIP),
    "deflate": lambda: _Zlib(_ZLIB, _RAW),
    "br": _make_brotli,
    "zstd": _make_zstd,
}
