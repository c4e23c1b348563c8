"""What a forwarded request and its answer are on the other side: the bytes that came, but for what must differ."""

from __future__ import annotations

import re
from collections.abc import Callable

from understudy.serving.answers.url_rewriting import REWRITTEN_FIELDS, rewrite_for_client
from understudy.serving.http1.exchange_reader import HeadRewriter
from understudy.serving.http1.heads import RequestHead, ResponseHead
from understudy.serving.http1.rules import RawFields
from understudy.store.model.messages import Headers, Origin, Response

# They are for the proxy that the client was told of, and no further (RFC 9110, section 7.6.1).
PROXY_FIELDS = frozenset((b"proxy-connection", b"proxy-authorization"))

_HOST = re.compile(rb"\r\n[Hh][Oo][Ss][Tt]:[ \t]*([^\r]*)")


def rewrite_request_head(head: RequestHead, target: bytes, origin: Origin, *, reverse: bool) -> bytes:
    """The head of a request as its upstream gets it: in origin form, and as it came where nothing has to change.

    `own`: the client takes the gateway for the API, so that Host has to be made the upstream's.
    """
    host = origin.authority.encode("latin-1")
    absolute = target != head.target
    if not absolute and (not reverse or _find_host(head.fields) == host):
        return head.raw
    if not absolute and (there := _HOST.search(head.raw)) is not None:
        return head.raw[: there.start(1)] + host + head.raw[there.end(1) :]
    fields = [(name, host if name.lower() == b"host" else value) for name, value in head.fields]
    if absolute:
        fields = [field for field in fields if field[0].lower() not in PROXY_FIELDS]
    if _find_host(head.fields) is None:
        fields.append((b"Host", host))
    line = b"%s %s %s\r\n" % (head.method.encode("ascii"), target, head.http_version.encode("ascii"))
    return line + _render_lines(fields)


def rewrite_for_parent(head: bytes, origin: Origin, authorization: bytes | None) -> bytes:
    """The head of a request as a parent proxy gets it: it is sent the whole URL (RFC 9112, section 3.2.2)."""
    method, rest = head.split(b" ", 1)
    line, fields = rest.split(b"\r\n", 1)
    signed = b"Proxy-Authorization: %s\r\n" % authorization if authorization else b""
    return b"%s %s%s\r\n%s%s" % (method, str(origin).encode("latin-1"), line.removeprefix(b"*"), signed, fields)


def make_head_rewriter(upstream: Origin, base: Callable[[], Origin | None]) -> HeadRewriter:
    """What makes an upstream's URLs and cookies those of a reverse proxy; `base` tells where its client knows it."""

    def edit(head: ResponseHead) -> bytes:
        if not any(name.lower() in REWRITTEN_FIELDS for name, _ in head.fields):
            return head.raw
        known = base()
        came = Response(head.status, Headers(head.fields))
        made = rewrite_for_client(came, upstream, str(known)) if known else came
        if made is came:
            return head.raw
        return head.raw[: head.raw.index(b"\r\n") + 2] + _render_lines(made.headers.fields)

    return edit


def _find_host(fields: RawFields) -> bytes | None:
    return next((value for name, value in fields if name.lower() == b"host"), None)


def _render_lines(fields: RawFields | list[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%s: %s\r\n" % field for field in fields]) + b"\r\n"
