"""The framing of HTTP/1.1 bodies (RFC 9112, section 6): finds where a body ends while its bytes are passed on."""

from __future__ import annotations

import re
from collections.abc import Callable

from understudy.serving.http1.rules import RawFields

# The first is longer than any chunk extension in use; the second bounds a whole trailer section.
LONGEST_LINE = 16 * 1024
LONGEST_TRAILERS = 64 * 1024

# What a line begins with, as far as it has come: its bytes are passed on before it is complete.
_SIZE_BEGUN = re.compile(rb"0?[0-9A-Fa-f]{0,15}(?:(?<=[0-9A-Fa-f])[ \t]*(?:;[\t -~\x80-\xff]*)?\r?)?")
_CHUNK_END_BEGUN = re.compile(rb"\r?")
_TRAILER_BEGUN = re.compile(rb"\r?|([!#$%&'*+.^_`|~0-9A-Za-z-]+)(:[\t -~\x80-\xff]*\r?)?")
# These decide where a message ends and which server it is for: no trailer may (RFC 9110, section 6.5.1).
NO_TRAILERS = frozenset((b"content-length", b"transfer-encoding", b"host"))

# Some servers pad the size with spaces, to write it later into room of a fixed length; as curl, up to 16 digits.
_SIZE = re.compile(rb"(0?[0-9A-Fa-f]{1,15})[ \t]*(?:;[\t -~\x80-\xff]*)?\r\n")
_TRAILER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*\r\n")


class FramingError(Exception):
    """The body is malformed: two readers could read different bodies."""


class Framing:
    """A body of `length` bytes, and the base of the other framings."""

    __slots__ = ("_left", "trailers")
    until_close = False

    def __init__(self, length: int) -> None:
        self._left = length
        self.trailers: RawFields = ()

    @property
    def size(self) -> int:
        """The bytes of content that are known to come: of a body with a length, before any was read, that length."""
        return self._left

    @property
    def remaining(self) -> int | None:
        """The bytes of content that are still to come; None if unknown."""
        return self._left

    @property
    def is_complete(self) -> bool:
        """Whether the message has ended."""
        return not self._left

    def take(self, data: bytes, start: int) -> tuple[int, bytes]:
        """Read bytes from `start`; return where the message or the data ends, and the content before it.

        Raises FramingError.
        """
        end = min(len(data), start + self._left)
        self._left -= end - start
        return end, data[start:end]


class UntilClose(Framing):
    """A body that ends when its connection is closed."""

    __slots__ = ()
    until_close = True

    def __init__(self) -> None:
        super().__init__(0)

    @property
    def remaining(self) -> int | None:
        """Unknown."""
        return None

    @property
    def is_complete(self) -> bool:
        """Never by its bytes."""
        return False

    def take(self, data: bytes, start: int) -> tuple[int, bytes]:
        """Return all bytes as content."""
        return len(data), data[start:]


class Chunked(Framing):
    """A chunked body and its trailers (RFC 9112, section 7.1)."""

    __slots__ = ("_line", "_read", "_size", "_trailers")

    def __init__(self) -> None:
        super().__init__(0)
        self._line = b""  # the beginning of an incomplete line
        self._read: Callable[[bytes], None] | None = self._read_size_line
        self._trailers: list[tuple[bytes, bytes]] = []
        self._size = 0

    @property
    def remaining(self) -> int | None:
        """Unknown until the end."""
        return None if self._read is not None else 0

    @property
    def is_complete(self) -> bool:
        """Whether its last line was read."""
        return self._read is None

    def take(self, data: bytes, start: int) -> tuple[int, bytes]:
        """Read bytes from `start`; return where the message or the data ends, and the content before it.

        Raises FramingError.
        """
        pieces: list[bytes] = []
        at, end = start, len(data)
        while at < end and self._read is not None:
            if self._left:
                stop = min(end, at + self._left)
                pieces.append(data[at:stop])
                self._left -= stop - at
                at = stop
            else:
                at = self._read_line(data, at)
        return at, pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read_line(self, data: bytes, at: int) -> int:
        stop = data.find(b"\n", at) + 1
        line = self._line + data[at : stop or len(data)]
        if len(line) > LONGEST_LINE:
            raise FramingError("a line of a chunked body is too long")
        assert self._read is not None
        if not stop:
            self._check_begun(line)
            self._line = line
            return len(data)
        self._line = b""
        self._read(line)
        return stop

    def _check_begun(self, line: bytes) -> None:
        if self._read == self._read_size_line:
            if _SIZE_BEGUN.fullmatch(line) is None:
                raise FramingError("the size of a chunk cannot be read")
        elif self._read == self._read_chunk_end:
            if _CHUNK_END_BEGUN.fullmatch(line) is None:
                raise FramingError("a chunk is longer than its size")
        else:
            trailer = _TRAILER_BEGUN.fullmatch(line)
            if trailer is None or (trailer[2] and trailer[1].lower() in NO_TRAILERS):
                raise FramingError("the trailers of a chunked body cannot be read")

    def _read_size_line(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise FramingError("the size of a chunk cannot be read")
        self._left = int(size[1], 16)
        self._read = self._read_chunk_end if self._left else self._read_trailer_line

    def _read_chunk_end(self, line: bytes) -> None:
        if line != b"\r\n":
            raise FramingError("a chunk is longer than its size")
        self._read = self._read_size_line

    def _read_trailer_line(self, line: bytes) -> None:
        if line == b"\r\n":
            self.trailers = tuple(self._trailers)
            self._read = None
            return
        field = _TRAILER.fullmatch(line)
        self._size += len(line)
        if field is None or self._size > LONGEST_TRAILERS or field[1].lower() in NO_TRAILERS:
            raise FramingError("the trailers of a chunked body cannot be read")
        self._trailers.append((field[1], field[2]))


def framing_from_fields(fields: RawFields, *, until_close: bool = False) -> Framing:
    """Return the framing that these fields announce; else none, or with `until_close` the end of the connection.

    llhttp has checked that Content-Length is digits, and not beside a Transfer-Encoding; a response may repeat the same
    length.
    """
    for name, value in fields:
        lower = name.lower()
        if lower == b"content-length":
            return Framing(int(value.partition(b",")[0]))
        if lower == b"transfer-encoding" and value.lower().rpartition(b",")[2].strip() == b"chunked":
            return Chunked()
    return UntilClose() if until_close else Framing(0)
