"""Where the body of an HTTP/1.1 message ends (RFC 9112, section 6): read while its bytes pass, none changed."""

from __future__ import annotations

import re
from collections.abc import Callable

from understudy.serving.http1.rules import RawFields

# Longer than any chunk extension in use, and all that a trailer section may have.
LONGEST_LINE = 16 * 1024
LONGEST_TRAILERS = 64 * 1024

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t -~\x80-\xff]*)?\r\n")
_TRAILER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*\r\n")


class FramingError(Exception):
    """Bytes of which two readers could make different bodies."""


class Framing:
    """A body of `length` bytes; the base of the other two.

    `take` is given what came and where to begin; it returns where the message ends in it, or where the bytes do, and
    the content among them. `is_complete` says that no more belongs to the message.
    """

    __slots__ = ("_left", "trailers")
    until_close = False

    def __init__(self, length: int) -> None:
        self._left = length
        self.trailers: RawFields = ()

    @property
    def remaining(self) -> int | None:
        """How many bytes of content are still to come; None if nobody knows."""
        return self._left

    @property
    def is_complete(self) -> bool:
        """Whether the message is over."""
        return not self._left

    def take(self, data: bytes, start: int) -> tuple[int, bytes]:
        """Read on; raises BadFraming."""
        end = min(len(data), start + self._left)
        self._left -= end - start
        return end, data[start:end]


class UntilClose(Framing):
    """A body that ends with its connection."""

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
        """Never by what it says."""
        return False

    def take(self, data: bytes, start: int) -> tuple[int, bytes]:
        """All of it."""
        return len(data), data[start:]


class Chunked(Framing):
    """A body in chunks, and the trailers behind it."""

    __slots__ = ("_line", "_read", "_size", "_trailers")

    def __init__(self) -> None:
        super().__init__(0)
        self._line = b""  # the beginning of a line that is not whole
        self._read: Callable[[bytes], None] | None = self._read_size_line
        self._trailers: list[tuple[bytes, bytes]] = []
        self._size = 0

    @property
    def remaining(self) -> int | None:
        """Unknown until it is over."""
        return None if self._read is not None else 0

    @property
    def is_complete(self) -> bool:
        """Whether its last line has come."""
        return self._read is None

    def take(self, data: bytes, start: int) -> tuple[int, bytes]:
        """Read on; raises BadFraming."""
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
        if not stop:
            self._line = line
            return len(data)
        self._line = b""
        assert self._read is not None
        self._read(line)
        return stop

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
        if field is None or self._size > LONGEST_TRAILERS:
            raise FramingError("the trailers of a chunked body cannot be read")
        self._trailers.append((field[1], field[2]))


def framing_from_fields(fields: RawFields, *, until_close: bool = False) -> Framing:
    """How a body is framed that these fields announce; `until_close`: by its connection if they announce none.

    llhttp has seen to it that there is one Content-Length in digits, and not beside a Transfer-Encoding; a response may
    tell the same length more than once.
    """
    for name, value in fields:
        lower = name.lower()
        if lower == b"content-length":
            return Framing(int(value.partition(b",")[0]))
        if lower == b"transfer-encoding" and value.lower().rpartition(b",")[2].strip() == b"chunked":
            return Chunked()
    return UntilClose() if until_close else Framing(0)
