"""The ends of bodies, in any pieces."""

from __future__ import annotations

import pytest

from understudy.serving.http1.framing import (
    LONGEST_LINE,
    Chunked,
    Framing,
    FramingError,
    UntilClose,
    framing_from_fields,
)

CHUNKS = b'4;name="a b"\r\nWiki\r\n00000a\r\n0123456789\r\n0\r\nX-Sum: 1 \r\nx-more:\r\n\r\n'
NEXT = b"GET / HTTP/1.1\r\n"


def read(framing: Framing, data: bytes, size: int) -> tuple[bytes, int]:
    """Return the content and the number of bytes of the message, read in pieces of `size` bytes."""
    content, at = b"", 0
    while at < len(data) and not framing.is_complete:
        end, part = framing.take(data[: at + size], at)
        content += part
        if end < at + size:
            at = end
            break
        at = end
    return content, at


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_chunks_are_decoded_and_end_at_their_last_byte(size: int) -> None:
    framing = Chunked()
    assert read(framing, CHUNKS + NEXT, size) == (b"Wiki0123456789", len(CHUNKS))
    assert framing.is_complete
    assert framing.trailers == ((b"X-Sum", b"1"), (b"x-more", b""))


@pytest.mark.parametrize(
    "line",
    [
        b"4 \r\n",
        b"4      \r\n",
        b"4\t\r\n",
        b"4 \t ;a=b\r\n",
        b"4; a = b \r\n",
        b"4;\r\n",
        b"004\r\n",
        b"0000000000000004\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_sizes_with_one_reading_are_read_as_curl_reads_them(line: bytes, size: int) -> None:
    data = line + b"Wiki\r\n0  \r\n\r\n"
    assert read(Chunked(), data + NEXT, size) == (b"Wiki", len(data))


@pytest.mark.parametrize(
    "bad",
    [
        b"0x4\r\n",
        b" 4\r\n",
        b"4 2\r\n",
        b"4 x\r\n",
        b"4 \n",
        b"4 \r\r\n",
        b"4\x0b\r\n",
        b"4\x00\r\n",
        b"4_2\r\n",
        b"-4\r\n",
        b"+4\r\n",
        b"\r\n",
        b"4\n",
        b"4\rWiki",
        b"4;\r\r\n",
        b"4\r\nWikis\r\n",
        b"4\r\nWiki\n",
        b"1234567890123456\r\n",
        b"00000000000000004\r\n",
        b"4\r\nWiki \r\n",
        b"0\r\nno colon\r\n",
        b"0\r\n folded: 1\r\n",
        b"0\r\nX: 1\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_chunks_that_two_readers_could_read_differently_are_refused(bad: bytes, size: int) -> None:
    with pytest.raises(FramingError):
        read(Chunked(), bad + b"0\r\n\r\n", size)


def test_lines_are_bounded() -> None:
    with pytest.raises(FramingError):
        read(Chunked(), b"1;" + b"x" * LONGEST_LINE, 1000)


@pytest.mark.parametrize("size", [1, 1000])
def test_a_length_is_counted(size: int) -> None:
    framing = Framing(4)
    assert read(framing, b"Wiki" + NEXT, size) == (b"Wiki", 4)
    assert (framing.is_complete, framing.remaining) == (True, 0)


def test_without_a_body_a_message_is_complete() -> None:
    assert Framing(0).is_complete


def test_a_body_that_ends_with_its_connection_is_never_complete() -> None:
    framing = UntilClose()
    assert (framing.take(b"abc", 1), framing.is_complete, framing.remaining) == ((3, b"bc"), False, None)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ((), Framing),
        (((b"content-LENGTH", b"3"),), Framing),
        (((b"Transfer-Encoding", b"Chunked"),), Chunked),
        (((b"Transfer-Encoding", b"gzip, chunked"),), Chunked),
    ],
)
def test_fields_set_the_framing(fields: tuple[tuple[bytes, bytes], ...], kind: type[Framing]) -> None:
    assert type(framing_from_fields(fields)) is kind


@pytest.mark.parametrize("fields", [(), ((b"Transfer-Encoding", b"gzip"),)])
def test_a_response_without_a_length_ends_with_its_connection(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    assert type(framing_from_fields(fields, until_close=True)) is UntilClose
