"""The coding `aws-chunked`, in which clients of S3 sign an upload piece by piece.

AWS, "Signature calculations for the Authorization header: Transferring payload in multiple chunks": a piece begins with
its length in hexadecimal digits, an extension with its signature and a line end; trailers may follow the last piece.
"""

from __future__ import annotations

import re

NAME = "aws-chunked"
MAX_PIECES = 100_000  # S3 takes pieces of 8 KiB and more; each costs a microsecond here

_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\r\n]{0,1024})?\r\n")
_TRAILERS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*\r\n)*(?:\r\n)?")


def decode_aws_chunked(body: bytes, limit: int) -> bytes:
    """Return the content, without lengths, signatures and trailers.

    Raises ValueError if the body has another form, too many pieces, or more than `limit` bytes of content.
    """
    pieces: list[bytes] = []
    start, total = 0, 0
    while len(pieces) <= MAX_PIECES:
        head = _HEAD.match(body, start)
        if head is None:
            raise ValueError("a piece without its length")
        size = int(head[1], 16)
        start = head.end()
        if not size:
            return _join_pieces(pieces, body, start)
        total += size
        if total > limit or body[start + size : start + size + 2] != b"\r\n":
            raise ValueError("a piece that is cut off, or too long")
        pieces.append(body[start : start + size])
        start += size + 2
    raise ValueError("too many pieces")


def _join_pieces(pieces: list[bytes], body: bytes, end: int) -> bytes:
    if not _TRAILERS.fullmatch(body, end):
        raise ValueError("other bytes after the last piece")
    return b"".join(pieces)
