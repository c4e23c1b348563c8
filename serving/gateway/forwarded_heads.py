"""The heads of forwarded requests and responses: the received bytes, except for fields that have to differ."""

from __future__ import annotations

import re
from collections.abc import Callable

from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.fields.url_rewriting import may_lead_away, rewrite_for_client
from understudy.serving.http1.exchange_reader import HeadRewriter
from understudy.serving.http1.heads import RequestHead, ResponseHead
from understudy.serving.http1.rules import RawFields
from understudy.store.model.messages import Headers, Origin, Response
from understudy.store.model.values import replace

# These are for the next proxy only (RFC 9110, section 7.6.1).
PROXY_FIELDS = frozenset((b"proxy-connection", b"proxy-authorization"))

_HOST = re.compile(rb"\r\n[Hh][Oo][Ss][Tt]:[ \t]*([^\r]*)")


def rewrite_request_head(head: RequestHead, target: bytes, origin: Origin, *, reverse: bool) -> bytes:
    """Return the head of a request for its upstream: in origin form, else unchanged where possible.

    `reverse`: the client takes the gateway for the API, so Host has to become that of the upstream.
    """
    absolute = target != head.target
    if not absolute and not reverse:
        return head.raw
    host = origin.authority.encode("latin-1")
    if not absolute and (field := _HOST.search(head.raw)) is not None:
        if field[1].rstrip(b" \t") == host:
            return head.raw
        return head.raw[: field.start(1)] + host + head.raw[field.end(1) :]
    fields = [(name, host if name.lower() == b"host" else value) for name, value in head.fields]
    if absolute:
        fields = [(name, value) for name, value in fields if name.lower() not in PROXY_FIELDS]
    if _find_host(head.fields) is None:
        fields.append((b"Host", host))
    line = b"%s %s %s\r\n" % (head.method.encode("ascii"), target, head.http_version.encode("ascii"))
    return line + _render_lines(fields)


def restore_cookies(head: RequestHead, renamed: RenamedCookies) -> RequestHead:
    """Return the head of a request with the names of cookies that its upstream gave them."""
    fields = renamed.restore_fields(head.fields)
    if fields is head.fields:
        return head
    return replace(head, fields=fields, raw=head.raw[: head.raw.index(b"\r\n") + 2] + _render_lines(fields))


def rewrite_for_parent(head: bytes, origin: Origin, authorization: bytes | None) -> bytes:
    """Return the head of a request for a parent proxy, with the URL in absolute form (RFC 9112, section 3.2.2)."""
    method, rest = head.split(b" ", 1)
    line, fields = rest.split(b"\r\n", 1)
    credentials = b"Proxy-Authorization: %s\r\n" % authorization if authorization else b""
    return b"%s %s%s\r\n%s%s" % (method, str(origin).encode("latin-1"), line.removeprefix(b"*"), credentials, fields)


def make_head_rewriter(
    upstream: Origin, get_client_origin: Callable[[], Origin | None], renamed: RenamedCookies
) -> HeadRewriter:
    """Return the function that rewrites URLs and cookies of an upstream for the clients of a reverse proxy.

    `get_client_origin` returns the origin that the client calls; None if it is unknown. `renamed` remembers the cookies
    whose names are changed.
    """

    def rewrite(head: ResponseHead) -> bytes:
        if not may_lead_away(head.fields):
            return head.raw
        client_origin = get_client_origin()
        response = Response(head.status, Headers(head.fields))
        rewritten = rewrite_for_client(response, upstream, str(client_origin), renamed) if client_origin else response
        if rewritten is response:
            return head.raw
        return head.raw[: head.raw.index(b"\r\n") + 2] + _render_lines(rewritten.headers.fields)

    return rewrite


def _find_host(fields: RawFields) -> bytes | None:
    return next((value for name, value in fields if name.lower() == b"host"), None)


def _render_lines(fields: RawFields | list[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%s: %s\r\n" % field for field in fields]) + b"\r\n"
