"""Bodies of responses that pass through a reverse proxy, with URLs that lead the client to it, where that is asked for.

The size of such a body is known only at its end: it is sent in chunks, without the fields that depend on its bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from understudy.serving.answers.streams import encode_chunk, encode_last_chunk
from understudy.serving.fields.body_rewriting import NOT_WHOLE, BodyRewriter, is_rewritable
from understudy.serving.http1.exchange_reader import ForwardedBody, ForwardedBodyFactory
from understudy.serving.http1.heads import RequestHead, ResponseHead, UpstreamProtocolError
from understudy.serving.http1.rules import RawFields
from understudy.serving.http1.wire import render_fields
from understudy.store.coded_pieces import PieceDecoder, make_piece_decoder
from understudy.store.model.header_fields import is_digest_field
from understudy.store.model.messages import Headers, Origin
from understudy.store.model.values import replace

# What depends on the bytes of a body, or offers parts of the API's body.
_OF_THE_BYTES = frozenset((b"content-length", b"content-encoding", b"transfer-encoding", b"accept-ranges"))


class RewrittenPieces:
    """One body for the client, decoded, in pieces."""

    def __init__(self, decoder: PieceDecoder, rewriter: BodyRewriter) -> None:
        self._decoder = decoder
        self._rewriter = rewriter

    def take(self, content: bytes) -> bytes:
        """Take the next bytes of the content; return what the client gets. Raises UpstreamProtocolError."""
        try:
            return self._rewriter.feed(self._decoder.decode(content)) if content else b""
        except ValueError as error:
            raise UpstreamProtocolError("its body is not in the coding that it claims") from error

    def finish(self) -> bytes:
        """Return the end of the body for the client. Raises UpstreamProtocolError."""
        if not self._decoder.is_finished:
            raise UpstreamProtocolError("its body is cut off")
        return self._rewriter.finish()


class ChunkedBody:
    """A body in the chunks of HTTP/1.1, or none in the answer to HEAD; `head` is the one that the client gets."""

    def __init__(self, head: ResponseHead, pieces: RewrittenPieces, *, has_body: bool) -> None:
        self.head = _adapt_head(head, has_body=has_body)
        self._pieces = pieces
        self._has_body = has_body

    def take(self, content: bytes) -> bytes:
        """Take the next bytes of the content; return what the client gets. Raises UpstreamProtocolError."""
        return _encode(self._pieces.take(content))

    def finish(self, trailers: RawFields) -> bytes:
        """Return the end of the body for the client. Raises UpstreamProtocolError."""
        if not self._has_body:
            return b""
        return _encode(self._pieces.finish()) + encode_last_chunk(render_fields(Headers(trailers)))


def rewrite_pieces(status: int, headers: Headers, upstream: Origin, client: Origin) -> RewrittenPieces | None:
    """Return what rewrites the body of a response for the client of a reverse proxy; None if it passes unchanged."""
    decoder = make_piece_decoder(",".join(headers.get_all("content-encoding")))
    if status in NOT_WHOLE or decoder is None or not is_rewritable(headers):
        return None
    return RewrittenPieces(decoder, BodyRewriter(headers, upstream, str(client)))


def drop_fields_of_bytes(fields: RawFields) -> RawFields:
    """Return the fields of a response without those that depend on the bytes of its body, or offer parts of it."""
    return tuple(field for field in fields if not _depends_on_bytes(field[0].lower()))


def make_forwarded_body_factory(
    request: RequestHead, upstream: Origin, get_client_origin: Callable[[], Origin | None]
) -> ForwardedBodyFactory:
    """Return the function that returns the body of a response for the client; None for one that passes unchanged.

    `get_client_origin` returns the origin that the client calls; None if it is unknown.
    """

    def make(head: ResponseHead) -> ForwardedBody | None:
        client = get_client_origin() if request.http_version == "HTTP/1.1" else None  # HTTP/1.0 has no chunks
        pieces = client and rewrite_pieces(head.status, Headers(head.fields), upstream, client)
        return ChunkedBody(head, pieces, has_body=request.method != "HEAD") if pieces else None

    return make


def _adapt_head(head: ResponseHead, *, has_body: bool) -> ResponseHead:
    kept = drop_fields_of_bytes(head.fields)
    fields = (*kept, (b"Transfer-Encoding", b"chunked")) if has_body else kept
    line = head.raw[: head.raw.index(b"\r\n") + 2]
    return replace(head, fields=fields, raw=line + render_fields(Headers(fields)) + b"\r\n")


def _depends_on_bytes(name: bytes) -> bool:
    return name in _OF_THE_BYTES or is_digest_field(name)


def _encode(data: bytes) -> bytes:
    return encode_chunk(data) if data else b""
