"""How a streamed answer goes out again: in the pieces that it came in, at the times that they came at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from understudy.serving.http1.wire import render_fields, render_interim_head
from understudy.store.model.messages import Body, Chunk, Headers, Response, measure_body

RECORDED_TIMING = 1.0
AT_ONCE = 0.0
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Stream:
    """What there is to a body beyond its bytes.

    `chunks` are its pieces with the seconds after the head that they are due; `sized`: Content-Length says where it
    ends; `trailers` are field lines.
    """

    chunks: tuple[Chunk, ...]
    is_sized: bool
    trailers: bytes = b""


WHOLE = Stream((), is_sized=True)


def replace_body(recorded: Response, headers: Headers, body: Body) -> Response:
    """The response with this body; with chunks if they are the body's still, with trailers where these can be sent.

    `headers` are those that were recorded, as far as they go to a client.
    """
    whole = sum(chunk.size for chunk in recorded.chunks) == measure_body(body)
    trailers = Headers() if "content-length" in headers else recorded.trailers
    return replace(recorded, headers=headers, body=body, chunks=recorded.chunks if whole else (), trailers=trailers)


def is_unsized(response: Response) -> bool:
    """Whether a response goes out as a stream whose length is not told before."""
    return "content-length" not in response.headers and bool(response.chunks or response.trailers.fields)


def stream_from_response(response: Response, timing: float) -> Stream | None:
    """How a response is streamed; None if it goes out at once. Its recorded times are multiplied by `timing`.

    One whose body is in the store goes out as it is read, if it has no chunks.
    """
    unsized = is_unsized(response)
    if not response.chunks and not unsized and isinstance(response.body, bytes):
        return None
    chunks = tuple(Chunk(chunk.at * timing, chunk.size) for chunk in response.chunks)
    return Stream(chunks, not unsized, render_fields(response.trailers))


def render_interim_heads(response: Response) -> bytes:
    """The informational responses that come before a response, as bytes; those that a client waits for are not here."""
    return b"".join(render_interim_head(one) for one in response.interim if one.status not in (100, 101))


def encode_chunk(content: bytes) -> bytes:
    """A piece of a body in chunked coding (RFC 9112, section 7.1); not an empty one, which would end the body."""
    return b"%x\r\n%s\r\n" % (len(content), content)


def encode_last_chunk(trailers: bytes) -> bytes:
    """The end of a body in chunked coding."""
    return b"0\r\n%s\r\n" % trailers
