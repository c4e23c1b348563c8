"""The fields that lead a client to the upstream: their URLs and cookies become those of the gateway or mock server."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from understudy.serving.fields.cookie_rewriting import RenamedCookies, rewrite_cookie
from understudy.serving.http1.rules import RawFields
from understudy.store.model.messages import Headers, Origin, Response
from understudy.store.model.values import replace

# These hold one URL, absolute or relative (RFC 3986, section 4.1), and nothing else.
URL_HEADERS = frozenset(
    (b"location", b"content-location", b"operation-location", b"azure-asyncoperation", b"sourcemap", b"x-sourcemap")
)
# URLs of these are identifiers that clients compare or send back, not places that they call.
_IDENTIFIERS = frozenset((b"content-type", b"etag", b"access-control-allow-origin", b"vary"))

_URL = re.compile(rb"""(?<![A-Za-z0-9+.-])(?:https?|wss?)://[^\s"'<>,;]+""", re.IGNORECASE)
_LINK_TARGET = re.compile(rb'(?:(?<=<)[^<>]*(?=>))|(?:(?<=anchor=")[^"]*(?="))', re.IGNORECASE)  # RFC 8288, section 3
_REFRESH = re.compile(rb"""(\s*[0-9.]+\s*[;,]\s*(?:url\s*=\s*)?["']?)([^"']*)(.*)""", re.IGNORECASE | re.DOTALL)


def may_lead_away(fields: RawFields) -> bool:
    """Return whether `rewrite_for_client` may change a field of these."""
    if not _REWRITTEN_NAMES.isdisjoint([name.lower() for name, _ in fields]):
        return True
    return b"://" in b"\n".join([value for _, value in fields])


def rewrite_for_client(
    response: Response, upstream: Origin | None, base: str, renamed: RenamedCookies | None = None
) -> Response:
    """Return the response for a client that reaches the root of the upstream at the URL `base`, without a last slash.

    Without an upstream only paths and cookies are rewritten. `renamed` remembers the cookies whose names are changed.
    The same object if nothing changes.
    """
    recorded = response.headers.fields
    if not may_lead_away(recorded):
        return response
    renamed = RenamedCookies() if renamed is None else renamed
    fields = tuple((name, _rewrite_field(name.lower(), value, upstream, base, renamed)) for name, value in recorded)
    return response if fields == recorded else replace(response, headers=Headers(fields))


def _rewrite_field(name: bytes, value: bytes, upstream: Origin | None, base: str, renamed: RenamedCookies) -> bytes:
    if name == b"set-cookie":
        return rewrite_cookie(value, upstream, base, renamed)
    rewrite = _REWRITTEN.get(name)
    if rewrite is not None:
        return rewrite(value, upstream, base)
    if b"://" not in value or name in _IDENTIFIERS or upstream is None:
        return value
    # The hash of Digest authentication covers realm and domain (RFC 7616, section 3.4).
    if name.endswith(b"-authenticate") and value[:6].lower() == b"digest":
        return value
    return _URL.sub(lambda url: _rewrite_url(url[0], upstream, base), value)


def _rewrite_url(url: bytes, upstream: Origin | None, base: str) -> bytes:
    text = url.decode("latin-1")
    if text.startswith("/") and not text.startswith("//"):
        return f"{urlsplit(base).path}{text}".encode("latin-1")
    if upstream is None:
        return url
    if text.startswith("//"):  # relative to the scheme of the page (RFC 3986, section 4.2)
        text = f"{upstream.scheme}:{text}"
    # A WebSocket has the origin of the HTTP that its handshake is (RFC 6455, section 3).
    is_websocket = text[:2].lower() == "ws"
    if is_websocket:
        text, base = f"http{text[2:]}", f"ws{base.removeprefix('http')}"
    end = next((i for i, c in enumerate(text) if c in "/?#" and i > text.find("://") + 2), len(text))
    try:
        origin = Origin.parse(text[:end])
    except ValueError:
        return url  # relative, or of another scheme
    return f"{base}{text[end:]}".encode("latin-1") if origin == upstream else url


def _rewrite_link(value: bytes, upstream: Origin | None, base: str) -> bytes:
    # Relation types and profiles may be URLs, too; they are names (RFC 8288, section 2.1.2).
    return _LINK_TARGET.sub(lambda target: _rewrite_url(target[0], upstream, base), value)


def _rewrite_refresh(value: bytes, upstream: Origin | None, base: str) -> bytes:
    parts = _REFRESH.fullmatch(value)
    return parts[1] + _rewrite_url(parts[2], upstream, base) + parts[3] if parts else value


_REWRITTEN: dict[bytes, Callable[[bytes, Origin | None, str], bytes]] = {
    **dict.fromkeys(URL_HEADERS, _rewrite_url),
    b"link": _rewrite_link,
    b"refresh": _rewrite_refresh,
}
_REWRITTEN_NAMES = frozenset((*_REWRITTEN, b"set-cookie"))
