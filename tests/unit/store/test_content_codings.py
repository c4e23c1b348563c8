"""Content codings are decoded up to a limit."""

from __future__ import annotations

import gzip
import zlib

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard

from understudy.store.content_codings import remove_codings

TEXT = b"what was said " * 500
RAW = zlib.compressobj(wbits=-15)
CODED = {
    "identity": TEXT,
    "gzip": gzip.compress(TEXT, mtime=0),
    "x-gzip": gzip.compress(TEXT, mtime=0),
    "GZIP": gzip.compress(TEXT[:100], mtime=0) + gzip.compress(TEXT[100:], mtime=0),
    "deflate": zlib.compress(TEXT),
    "Deflate": RAW.compress(TEXT) + RAW.flush(),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
    "": TEXT,
    "gzip, br": brotli.compress(gzip.compress(TEXT, mtime=0)),
}


@pytest.mark.parametrize(("codings", "body"), CODED.items())
def test_codings_are_decoded(codings: str, body: bytes) -> None:
    assert remove_codings(codings, body) == TEXT


@pytest.mark.parametrize("codings", ["gzip", "GZIP", "deflate", "Deflate", "br", "zstd"])
def test_a_body_cut_off_is_none(codings: str) -> None:
    assert remove_codings(codings, CODED[codings][:-1]) is None


@pytest.mark.parametrize("codings", ["gzip", "GZIP", "deflate", "Deflate", "br", "zstd"])
def test_a_body_longer_than_the_limit_is_none(codings: str) -> None:
    assert remove_codings(codings, CODED[codings], limit=len(TEXT)) == TEXT
    assert remove_codings(codings, CODED[codings], limit=len(TEXT) - 1) is None


@pytest.mark.parametrize("codings", ["gzip", "deflate", "br", "zstd", "compress", "gzip, unheard-of"])
def test_a_body_without_the_coding_is_none(codings: str) -> None:
    assert remove_codings(codings, b"plain text") is None
