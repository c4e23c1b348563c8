"""URLs of the upstream in JSON and HTML bodies become those of the gateway or mock server, where that is asked for."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

from understudy.matcher.body_forms.kinds import Reading, choose_reading
from understudy.serving.fields.integrity import drop_false_digests
from understudy.store.content_codings import remove_codings
from understudy.store.model.collections import Example
from understudy.store.model.media_types import LINES_OF_JSON, parse_media_type
from understudy.store.model.messages import Body, Chunk, Headers, Origin, Response, measure_body
from understudy.store.model.values import replace

MAX_REWRITTEN_BYTES = 16 * 2**20
"""The size of a decoded body up to which a whole body is rewritten."""

HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))
_JSON_STREAMS = LINES_OF_JSON - {"text/event-stream"}
# A 206 is a part of a body, whose other parts are the API's.
NOT_WHOLE = (204, 206, 304)

# Slashes may be escaped in JSON (RFC 8259, section 7). In HTML a URL may lack the scheme.
_AUTHORITY = rb"[A-Za-z0-9._:@\[\]%-]"
_SCHEME = rb"(?<![A-Za-z0-9+.-])(https?|wss?):"
_JSON_URL = re.compile(rb"%s(\\?/)\\?/(%s+)" % (_SCHEME, _AUTHORITY), re.IGNORECASE)
_HTML_URL = re.compile(rb"""(?:%s|(?<=["'=(]))(\\?/)\\?/(%s+)""" % (_SCHEME, _AUTHORITY), re.IGNORECASE)
# What may be the beginning of such a URL; an authority has at most 255 bytes for the host and 6 for the port.
_UNFINISHED = re.compile(
    rb"""(?:(?<![A-Za-z0-9+.-])(?:[A-Za-z]{1,5}:?|(?:https?|wss?):[\\/]{1,3})"""
    rb"""|(?:(?<![A-Za-z0-9+.-])(?:https?|wss?):|(?<=["'=(]))\\?/(?:\\?/?%s{0,261})?)\Z""" % _AUTHORITY,
    re.IGNORECASE,
)


def is_rewritable(headers: Headers) -> bool:
    """Return whether a body with these header fields is JSON or HTML, by its media type."""
    media = parse_media_type(headers.get("content-type"))
    if media is None:
        return False
    return media in HTML_TYPES or media in _JSON_STREAMS or choose_reading(media) is Reading.JSON


def needs_body(example: Example) -> bool:
    """Return whether `rewrite_example_body` needs the bytes of the body of this example."""
    response = example.response
    has_urls = example.request.origin is not None and response.status not in NOT_WHOLE
    return has_urls and measure_body(response.body) <= MAX_REWRITTEN_BYTES and is_rewritable(response.headers)


class BodyRewriter:
    """Rewrites one body as it comes; holds back no more than the beginning of a URL.

    `base` is the URL at which the client reaches the root of the upstream, without a last slash.
    """

    __slots__ = ("_base", "_last", "_pattern", "_rest", "_upstream")

    def __init__(self, headers: Headers, upstream: Origin, base: str) -> None:
        is_html = parse_media_type(headers.get("content-type")) in HTML_TYPES
        self._pattern = _HTML_URL if is_html else _JSON_URL
        self._upstream = upstream.normal
        self._base = base
        self._rest = b""
        self._last = b""  # what was before the rest

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; return what can be sent now."""
        data = self._rest + data
        text, start = self._last + data, len(self._last)
        unfinished = _UNFINISHED.search(text, max(start, len(text) - 300))
        end = len(data) if unfinished is None else unfinished.start() - start
        return self._rewrite(data, end)

    def finish(self) -> bytes:
        """Return what is left at the end of the body."""
        return self._rewrite(self._rest, len(self._rest))

    def _rewrite(self, data: bytes, end: int) -> bytes:
        text, self._rest = self._last + data[:end], data[end:]
        pieces: list[bytes] = []
        done = len(self._last)
        for url in self._pattern.finditer(text, done):
            pieces += text[done : url.start()], self._replace_origin(url)
            done = url.end()
        pieces.append(text[done:])
        self._last = text[-1:]
        return b"".join(pieces)

    def _replace_origin(self, url: re.Match[bytes]) -> bytes:
        scheme, slash, authority = url[1], url[2], url[3]
        host = authority.rstrip(b".:")
        is_followed = url.string[url.end() : url.end() + 1] in (b"/", b"\\", b"?", b"#")
        rest = b"" if is_followed else authority[len(host) :]  # the end of a sentence is no part of the URL
        is_websocket = scheme is not None and scheme[:2].lower() == b"ws"
        name = self._upstream.scheme if scheme is None else scheme.decode("ascii").lower().replace("ws", "http")
        try:
            origin = Origin.parse(f"{name}://{host.decode('ascii')}").normal
        except ValueError:
            return url[0]
        if origin != self._upstream:
            return url[0]
        base = f"ws{self._base.removeprefix('http')}" if is_websocket else self._base
        return base.encode("latin-1").replace(b"/", slash) + rest


def rewrite_example_body(example: Example, body: Body, base: str) -> tuple[Example, Body]:
    """Return an example and its body with URLs that lead to `base` instead of the origin of the example.

    A body in a content coding is decoded if it changes. The same objects if nothing changes, and for a body that is too
    large, or not whole in memory.
    """
    response, upstream = example.response, example.request.origin
    if upstream is None or response.status in NOT_WHOLE or not is_rewritable(response.headers):
        return example, body
    if example.request.method == "HEAD":
        return replace(example, response=_forget_size(response)), body
    plain = _decode(response.headers, body)
    if plain is None:
        return example, body
    rewriter, is_coded = BodyRewriter(response.headers, upstream, base), plain is not body
    sizes = [len(plain)] if is_coded or not response.chunks else [chunk.size for chunk in response.chunks]
    ends = list(accumulate(sizes, initial=0))
    pieces = [rewriter.feed(plain[start:end]) for start, end in pairwise(ends)]
    pieces += rewriter.feed(plain[ends[-1] :]), rewriter.finish()
    rewritten = b"".join(pieces)
    if rewritten == plain:
        return example, body
    headers = drop_false_digests(response.headers.drop(("content-encoding",)), rewritten)
    chunks = () if is_coded else _resize(response.chunks, pieces)
    return replace(example, response=replace(response, headers=headers, body=rewritten, chunks=chunks)), rewritten


def _decode(headers: Headers, body: Body) -> bytes | None:
    if not isinstance(body, bytes) or measure_body(body) > MAX_REWRITTEN_BYTES:
        return None
    coding = ",".join(headers.get_all("content-encoding"))
    return remove_codings(coding, body, MAX_REWRITTEN_BYTES) if coding else body


def _resize(chunks: tuple[Chunk, ...], pieces: list[bytes]) -> tuple[Chunk, ...]:
    """Return the chunks with the sizes of the pieces; what follows the last one belongs to it."""
    if not chunks:
        return ()
    *first, last = chunks
    sizes = [len(piece) for piece in pieces]
    resized = [Chunk(chunk.at, size) for chunk, size in zip(first, sizes, strict=False)]
    return (*resized, Chunk(last.at, sum(sizes[len(first) :])))


def _forget_size(response: Response) -> Response:
    """Return a response to HEAD without what only describes the body that the API would have sent."""
    return replace(response, headers=drop_false_digests(response.headers.drop(("content-length",)), b""))
