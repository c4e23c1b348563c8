"""Tests of uploads to S3 that are signed in pieces."""

from __future__ import annotations

import pytest

from understudy.store.aws_chunked import MAX_PIECES, decode_aws_chunked
from understudy.store.content_codings import remove_codings

SIGNED = b";chunk-signature=" + b"a" * 64


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"5" + SIGNED + b"\r\nhello\r\n0" + SIGNED + b"\r\n\r\n", b"hello"),
        (b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
        (b"A\r\n0123456789\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n", b"0123456789"),
        (b"1\r\na\r\n0\r\nx-amz-checksum-crc32:A\r\nx-amz-trailer-signature:b\r\n\r\n", b"a"),
        (b"0" + SIGNED + b"\r\n\r\n", b""),
        (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
        (b"1\r\na\r\n0\r\n", b"a"),
    ],
)
def test_content(body: bytes, content: bytes) -> None:
    """The content stays; lengths, signatures and trailers do not."""
    assert decode_aws_chunked(body, 100) == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"5\r\nhell",
        b"5\r\nhelloo\r\n0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"5\r\nhello\r\n0\r\n\r\nmore",
        b"-1\r\nhello\r\n0\r\n\r\n",
        b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n",
        b"1\r\nx\r\n" * (MAX_PIECES + 1) + b"0\r\n\r\n",
    ],
)
def test_other_forms_are_refused(body: bytes) -> None:
    """What is not in pieces, is cut off, or is too large raises ValueError."""
    with pytest.raises(ValueError, match="piece"):
        decode_aws_chunked(body, 100)


@pytest.mark.parametrize("codings", ["aws-chunked", "AWS-Chunked , identity", "identity,aws-chunked"])
def test_it_is_undone_first(codings: str) -> None:
    """Wherever the name stands in Content-Encoding, the pieces are the outermost coding."""
    assert remove_codings(codings, b"5\r\nhello\r\n0\r\n\r\n") == b"hello"
