"""Cookies of an upstream for the clients of a gateway or mock server, and the names of those cookies back."""

from __future__ import annotations

from urllib.parse import urlsplit

from understudy.store.model.messages import Headers, Origin, Request
from understudy.store.model.values import replace

MAX_RENAMED = 10_000
# A browser takes cookies with these names over TLS only (RFC 6265bis, section 4.1.3).
_HOST_PREFIX, _SECURE_PREFIX = b"__host-", b"__secure-"


class RenamedCookies:
    """The cookies whose prefix `__Host-` or `__Secure-` one gateway or mock server took off for its clients.

    Thread-safe: each access to the names is one operation on a dict.
    """

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[bytes, bytes] = {}

    def rename(self, name: bytes) -> bytes:
        """Return the name of a cookie without its prefix, and remember it."""
        lower = name.lower()
        start = next((len(prefix) for prefix in (_HOST_PREFIX, _SECURE_PREFIX) if lower.startswith(prefix)), 0)
        plain = name[start:]
        if not start or not plain:
            self._names.pop(name, None)  # now this name is the upstream's own
            return name
        if plain in self._names or len(self._names) < MAX_RENAMED:
            self._names[plain] = name
        return plain

    def restore(self, cookies: bytes) -> bytes:
        """Return the value of a Cookie field with the prefixes that were taken off."""
        names = self._names
        if not names:
            return cookies
        return b";".join(_restore_pair(pair, names) for pair in cookies.split(b";"))

    def restore_fields(self, fields: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
        """Return the fields of a request with the prefixes that were taken off; the same object if nothing changes."""
        if not self._names or not any(name.lower() == b"cookie" for name, _ in fields):
            return fields
        restored = tuple((name, self.restore(value) if name.lower() == b"cookie" else value) for name, value in fields)
        return fields if restored == fields else restored

    def restore_request(self, request: Request) -> Request:
        """Return the request with the prefixes that were taken off."""
        fields = self.restore_fields(request.headers.fields)
        return request if fields is request.headers.fields else replace(request, headers=Headers(fields))


def _restore_pair(pair: bytes, names: dict[bytes, bytes]) -> bytes:
    name, equals, value = pair.partition(b"=")
    stripped = name.strip()
    full = names.get(stripped) if stripped else None
    return pair if full is None else name.replace(stripped, full) + equals + value


def rewrite_cookie(cookie: bytes, upstream: Origin | None, base: str, renamed: RenamedCookies) -> bytes:
    """Return the value of a Set-Cookie field for a client that reaches the root of the upstream at the URL `base`.

    A Domain of the upstream is left out: the cookie then belongs to the host that the client called (RFC 6265, section
    5.3). A Path becomes one below the path of the base. Over plain HTTP, where clients neither take nor send such
    cookies, Secure and what requires it are left out.
    """
    pair, *attributes = cookie.split(b";")
    is_plain = base.startswith("http:")
    is_fixed = not is_plain and pair.lstrip().lower().startswith(_HOST_PREFIX)  # this prefix requires Path=/
    path = b"" if is_fixed else urlsplit(base).path.encode("latin-1")
    kept = [
        _move_path(attribute, path) if path else attribute
        for attribute in attributes
        if not (upstream and _is_domain_of(attribute, upstream.host)) and not (is_plain and _requires_tls(attribute))
    ]
    name, equals, value = pair.partition(b"=")
    if is_plain and equals:
        pair = name.replace(name.strip(), renamed.rename(name.strip())) + equals + value if name.strip() else pair
    return b";".join([pair, *kept])


def _move_path(attribute: bytes, base: bytes) -> bytes:
    name, equals, value = attribute.partition(b"=")
    path = value.strip()
    if name.strip().lower() != b"path" or not path.startswith(b"/"):
        return attribute  # without an absolute path, clients take the folder of the URL (RFC 6265, section 5.2.4)
    return name + equals + base + (b"" if path == b"/" else path)


def _requires_tls(attribute: bytes) -> bool:
    name, _, value = attribute.partition(b"=")
    lower = name.strip().lower()
    return lower in (b"secure", b"partitioned") or (lower == b"samesite" and value.strip().lower() == b"none")


def _is_domain_of(attribute: bytes, host: str) -> bool:
    name, _, value = attribute.partition(b"=")
    domain = value.strip().lstrip(b".").decode("latin-1").lower()
    return name.strip().lower() == b"domain" and (host == domain or host.endswith("." + domain))
