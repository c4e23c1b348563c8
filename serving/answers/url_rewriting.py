"""The fields that a reverse proxy rewrites for its client: URLs and cookie domains of the upstream."""

from __future__ import annotations

from urllib.parse import urlsplit

from understudy.store.model.messages import Headers, Origin, Response
from understudy.store.model.values import replace

URL_HEADERS = (b"location", b"content-location")
REWRITTEN_FIELDS = frozenset((*URL_HEADERS, b"set-cookie"))


def rewrite_for_client(response: Response, upstream: Origin | None, base: str) -> Response:
    """Return the response for a client that reaches the root of the upstream at the URL `base`, without a last slash.

    Without an upstream only paths are rewritten, to be below the path of the base. The same object if nothing changes.
    """
    if not any(name.lower() in REWRITTEN_FIELDS for name, _ in response.headers.fields):
        return response
    fields = tuple(
        (name, _rewrite_field(name.lower(), value, upstream, base)) for name, value in response.headers.fields
    )
    return response if fields == response.headers.fields else replace(response, headers=Headers(fields))


def _rewrite_field(name: bytes, value: bytes, upstream: Origin | None, base: str) -> bytes:
    if name in URL_HEADERS:
        return _rewrite_url(value, upstream, base)
    if name == b"set-cookie" and upstream is not None:
        return _drop_domain(value, upstream.host)
    return value


def _rewrite_url(url: bytes, upstream: Origin | None, base: str) -> bytes:
    text = url.decode("latin-1")
    if text.startswith("/") and not text.startswith("//"):
        return f"{urlsplit(base).path}{text}".encode("latin-1")
    if upstream is None:
        return url
    if text.startswith("//"):  # relative to the scheme of the page (RFC 3986, section 4.2)
        text = f"{upstream.scheme}:{text}"
    end = next((i for i, c in enumerate(text) if c in "/?#" and i > text.find("://") + 2), len(text))
    try:
        origin = Origin.parse(text[:end])
    except ValueError:
        return url  # relative, or of another scheme
    return f"{base}{text[end:]}".encode("latin-1") if origin == upstream else url


def _drop_domain(cookie: bytes, host: str) -> bytes:
    # A cookie without Domain belongs to the host that the client called (RFC 6265, section 5.3): the gateway.
    pair, *attributes = cookie.split(b";")
    kept = [attribute for attribute in attributes if not _is_domain_of(attribute, host)]
    return b";".join([pair, *kept])


def _is_domain_of(attribute: bytes, host: str) -> bool:
    name, _, value = attribute.partition(b"=")
    domain = value.strip().lstrip(b".").decode("latin-1").lower()
    return name.strip().lower() == b"domain" and (host == domain or host.endswith("." + domain))
