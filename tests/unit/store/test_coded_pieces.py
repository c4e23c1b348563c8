"""Content codings, decoded piece by piece."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from understudy.store.coded_pieces import LARGEST_OUTPUT, make_piece_decoder

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "X-Gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def decode(coding: str, data: bytes, size: int) -> bytes:
    """Return a body that comes in pieces of this size, and is whole."""
    decoder = make_piece_decoder(coding)
    assert decoder is not None
    content = b"".join(decoder.decode(data[start : start + size]) for start in range(0, len(data), size))
    assert decoder.is_finished
    return content


@given(st.sampled_from(sorted(ENCODERS)), st.binary(max_size=2_000), st.integers(1, 100))
def test_a_body_in_pieces_is_decoded(coding: str, content: bytes, size: int) -> None:
    assert decode(coding, ENCODERS[coding](content), size) == content


def test_a_gzip_body_may_have_several_members() -> None:
    assert decode("gzip", gzip.compress(b"one ") + gzip.compress(b"two"), 5) == b"one two"


def test_deflate_may_lack_its_format() -> None:
    assert decode("deflate", zlib.compress(b"hello")[2:-4], 3) == b"hello"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_is_cut_off_is_not_finished(coding: str) -> None:
    decoder = make_piece_decoder(coding)
    assert decoder is not None
    decoder.decode(ENCODERS[coding](b"hello" * 100)[:-1])
    assert not decoder.is_finished


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_other_bytes_are_an_error(coding: str) -> None:
    decoder = make_piece_decoder(coding)
    assert decoder is not None
    with pytest.raises(ValueError, match=r"."):
        decoder.decode(b"\xff\xfe not in this coding" * 10)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_small_piece_cannot_fill_the_memory(coding: str) -> None:
    decoder = make_piece_decoder(coding)
    assert decoder is not None
    with pytest.raises(ValueError, match="too long"):
        decoder.decode(ENCODERS[coding](bytes(2 * LARGEST_OUTPUT)))


@pytest.mark.parametrize("codings", ["compress", "gzip, br"])
def test_an_unknown_coding_and_several_have_no_decoder(codings: str) -> None:
    assert make_piece_decoder(codings) is None
