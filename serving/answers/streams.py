"""Streamed answers: sent in the pieces in which they were recorded, at the recorded times."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.serving.http1.wire import render_fields, render_interim_head
from understudy.store.model.messages import Body, Chunk, Headers, Response, measure_body
from understudy.store.model.values import replace

RECORDED_TIMING = 1.0
AT_ONCE = 0.0
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Stream:
    """How a body is streamed.

    `chunks` are its pieces, each due in seconds after the head; `is_sized`: it ends by its Content-Length; `trailers`
    are field lines.
    """

    chunks: tuple[Chunk, ...]
    is_sized: bool
    trailers: bytes = b""


WHOLE = Stream((), is_sized=True)


def replace_body(recorded: Response, headers: Headers, body: Body) -> Response:
    """Return the response with this body, with its chunks if they fit the body, with its trailers if they can be sent.

    `headers` are the recorded ones without hop-by-hop fields.
    """
    has_chunks = sum(chunk.size for chunk in recorded.chunks) == measure_body(body)
    trailers = Headers() if "content-length" in headers else recorded.trailers
    return replace(
        recorded, headers=headers, body=body, chunks=recorded.chunks if has_chunks else (), trailers=trailers
    )


def is_unsized(response: Response) -> bool:
    """Return whether a response is sent as a stream without a Content-Length."""
    return "content-length" not in response.headers and bool(response.chunks or response.trailers.fields)


def stream_from_response(response: Response, timing: float) -> Stream | None:
    """Return how a response is streamed; None if it is sent at once. `timing` multiplies its recorded times.

    A body in the store without chunks is sent as it is read.
    """
    unsized = is_unsized(response)
    if not response.chunks and not unsized and isinstance(response.body, bytes):
        return None
    chunks = tuple(Chunk(chunk.at * timing, chunk.size) for chunk in response.chunks)
    return Stream(chunks, not unsized, render_fields(response.trailers))


def render_interim_heads(response: Response) -> bytes:
    """Render the informational responses before a response, without 100 and 101, for which a client waits."""
    return b"".join(render_interim_head(one) for one in response.interim if one.status not in (100, 101))


def encode_chunk(content: bytes) -> bytes:
    """Encode a piece of a body as a chunk (RFC 9112, section 7.1); it must not be empty, as that would end the body."""
    return b"%x\r\n%s\r\n" % (len(content), content)


def encode_last_chunk(trailers: bytes) -> bytes:
    """Encode the end of a body in chunked coding; `trailers` are field lines."""
    return b"0\r\n%s\r\n" % trailers
