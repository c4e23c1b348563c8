"""Rendering of responses as the bytes of HTTP/1.1 (RFC 9112)."""

from __future__ import annotations

from http import HTTPStatus

from understudy.store.model.messages import Headers, InterimResponse, Response

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE = b"Connection: close\r\n\r\n"
KEEP_ALIVE = b"Connection: keep-alive\r\n\r\n"

_REASONS = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}


def render_head(response: Response) -> bytes:
    """Render status line and header fields, up to and including the empty line; no Connection is added."""
    return b"%s%s\r\n" % (_render_status_line(response), render_fields(response.headers))


def render_interim_head(interim: InterimResponse) -> bytes:
    """Render an informational response, which has no body (RFC 9110, section 15.2)."""
    return b"%s%s\r\n" % (_render_status_line(interim), render_fields(interim.headers))


def render_fields(headers: Headers) -> bytes:
    """Render header or trailer fields, each as a line."""
    return b"".join([b"%s: %s\r\n" % field for field in headers.fields])


def add_connection(head: bytes, line: bytes) -> bytes:
    """Return a head with one more line at its end.

    The line is CLOSE, KEEP_ALIVE for an HTTP/1.0 client (RFC 9112, appendix C.2.2), or another complete field.
    """
    return head[:-2] + line


def _render_status_line(response: Response | InterimResponse) -> bytes:
    return b"HTTP/1.1 %d %s\r\n" % (response.status, response.reason or _REASONS.get(response.status, b""))
