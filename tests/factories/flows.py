"""mitmproxy flows for tests, as a gateway's hooks get them, with sensible defaults."""

from __future__ import annotations

from collections.abc import Iterable

from mitmproxy import flow, http
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test.tflow import tflow

UPSTREAM = ("api.example.com", 80)
Fields = Iterable[tuple[bytes, bytes]]


def make_flow(
    method: str = "GET",
    target: bytes = b"/users/7",
    *,
    headers: Fields = ((b"Host", b"127.0.0.1:8080"),),
    body: bytes = b"",
    address: tuple[str, int] = UPSTREAM,
    reverse: bool = True,
    response: http.Response | None = None,
    error: str | None = None,
) -> http.HTTPFlow:
    """A flow of a reverse proxy for http://api.example.com, or of a forward proxy that was asked for `address`."""
    request = http.Request(
        host=address[0],
        port=address[1],
        method=method.encode("latin-1"),
        scheme=b"http",
        authority=b"",
        path=target,
        http_version=b"HTTP/1.1",
        headers=http.Headers(headers),
        content=body,
        trailers=None,
        timestamp_start=1_000.0,
        timestamp_end=1_001.0,
    )
    made = tflow(req=request, resp=response or False, err=flow.Error(error) if error else False)
    made.client_conn.proxy_mode = ProxyMode.parse("reverse:http://api.example.com:80" if reverse else "regular")
    return made


def make_flow_response(
    status: int = 200, body: bytes | None = b"{}", *, headers: Fields = ((b"Content-Type", b"application/json"),)
) -> http.Response:
    """An upstream's response as mitmproxy reads it."""
    return http.Response(
        http_version=b"HTTP/1.1",
        status_code=status,
        reason=b"Fine",
        headers=http.Headers(headers),
        content=body,
        trailers=None,
        timestamp_start=1_002.0,
        timestamp_end=1_003.0,
    )
