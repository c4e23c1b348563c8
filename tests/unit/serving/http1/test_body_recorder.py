"""Recording of bodies that are passed on."""

from __future__ import annotations

from hashlib import sha256

from understudy.serving.http1.body_recorder import MOST_CHUNKS, PIECE_BYTES, BodyLimits, BodyRecorder, Piece
from understudy.store.model.messages import Chunk, PiecedBody


def fed(body: BodyRecorder, *pieces: tuple[float, bytes]) -> BodyRecorder:
    for at, content in pieces:
        body.add(content, at)
    return body


def test_a_small_body_is_bytes() -> None:
    body = fed(BodyRecorder(BodyLimits()), (0, b"ab"), (0, b"c"))
    assert (body.to_body(), body.take_pieces(ended=True), body.key) == (b"abc", [], None)


def test_a_large_body_is_in_pieces_of_a_size() -> None:
    body = BodyRecorder(BodyLimits(large=10))
    content, got = b"0123456789abcdef" * 4096, list[Piece]()
    for _ in range(9):
        got += fed(body, (0, content)).take_pieces()
    assert [len(piece) for _, _, piece in got] == [PIECE_BYTES, PIECE_BYTES]
    got += body.take_pieces(ended=True)
    assert b"".join(piece for _, _, piece in got) == content * 9
    assert [(key, number) for key, number, _ in got] == [(body.key, 0), (body.key, 1), (body.key, 2)]
    assert body.key
    assert body.to_body() == PiecedBody(sha256(content * 9).hexdigest(), len(content) * 9, body.key)


def test_no_more_than_the_maximum_is_recorded() -> None:
    body = fed(BodyRecorder(BodyLimits(max_size=3)), (0, b"ab"), (1, b"cd"), (2, b"ef"))
    assert (body.to_body(), body.cut, body.size) == (b"abc", True, 3)
    assert sum(chunk.size for chunk in body.to_chunks(stream=True)) == 3


def test_a_body_of_the_maximum_size_is_not_cut() -> None:
    assert not fed(BodyRecorder(BodyLimits(max_size=2)), (0, b"ab")).cut


def test_pieces_with_pauses_are_chunks() -> None:
    body = fed(BodyRecorder(BodyLimits()), (0.0, b"a"), (0.0005, b"b"), (0.25, b"cd"))
    assert body.to_chunks(stream=False) == (Chunk(0.0, 2), Chunk(0.25, 2))


def test_a_body_without_pauses_has_no_chunks() -> None:
    assert fed(BodyRecorder(BodyLimits()), (0.0, b"a"), (0.0009, b"b"), (0.0018, b"c")).to_chunks(stream=True) == ()


def test_of_a_large_body_only_a_stream_has_chunks() -> None:
    body = fed(BodyRecorder(BodyLimits(large=1)), (0.0, b"ab"), (1.0, b"cd"))
    assert (body.to_chunks(stream=False), len(body.to_chunks(stream=True))) == ((), 2)


def test_an_endless_stream_has_no_endless_list() -> None:
    body = BodyRecorder(BodyLimits())
    for number in range(MOST_CHUNKS + 10):
        body.add(b"x", float(number))
    chunks = body.to_chunks(stream=True)
    assert (len(chunks), chunks[-1].size) == (MOST_CHUNKS, 11)
