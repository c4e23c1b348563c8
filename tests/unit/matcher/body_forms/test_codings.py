"""Tests of the codings that are undone before bodies are compared; more are in test_canonical.py."""

from __future__ import annotations

import gzip

import pytest

from understudy.matcher.body_forms.codings import explain_codings, undo_codings
from understudy.store.model.messages import Headers

PIECES = b"5\r\nhello\r\n0\r\n\r\n"
ZIPPED = gzip.compress(b"hello", mtime=0)
HASH = "X-Amz-Content-Sha256"


@pytest.mark.parametrize(
    ("body", "fields", "plain"),
    [
        (PIECES, {"Content-Encoding": "aws-chunked"}, b"hello"),
        (PIECES, {HASH: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, b"hello"),
        (PIECES, {HASH: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, b"hello"),
        (PIECES, {HASH: "UNSIGNED-PAYLOAD"}, PIECES),
        (PIECES, {}, PIECES),
        (b"hello", {HASH: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, b"hello"),
        (b"%x\r\n%b\r\n0\r\n\r\n" % (len(ZIPPED), ZIPPED), {"Content-Encoding": "aws-chunked,gzip"}, b"hello"),
        (
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(ZIPPED), ZIPPED),
            {"Content-Encoding": "gzip", HASH: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
            b"hello",
        ),
    ],
)
def test_codings_of_uploads(body: bytes, fields: dict[str, str], plain: bytes) -> None:
    """Uploads in pieces are known by Content-Encoding or by the field with the hash of the content."""
    headers = Headers.of(fields.items())
    assert undo_codings(body, headers) == plain
    assert explain_codings(body, headers) == ""


def test_broken_pieces_are_explained() -> None:
    """An upload whose pieces cannot be read stays as it is, with a note."""
    assert "aws-chunked is unknown, broken" in explain_codings(
        b"5\r\nhell", Headers.of([("Content-Encoding", "aws-chunked")])
    )
