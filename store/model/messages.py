"""HTTP messages as they were received: with the order, case and repetition of fields, and the raw bytes of bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Literal
from urllib.parse import urlsplit

import msgspec

DEFAULT_PORTS = {"http": 80, "https": 443}

MessagePart = Literal["request", "response"]
"""One of the two messages of an exchange or an example."""


def strip_url(url: str) -> str:
    """Return a URL for an error message: without its user, password, query and fragment, which may be secrets."""
    return re.sub(r"^([a-z]+://)?[^/]*@", r"\1", re.split("[?#]", url)[0])


class Headers(msgspec.Struct, frozen=True):
    """An ordered multi-map of header fields, as the bytes that were received (RFC 9110, section 5).

    `fields` holds (name, value) pairs. Look-ups ignore the case of names; names and values are decoded as Latin-1.
    """

    fields: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Headers:
        """Create headers from pairs of texts; raise UnicodeEncodeError for text outside Latin-1."""
        return cls(tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str) -> str | None:
        """Return the first value of `name`, or None."""
        lower = name.lower().encode("latin-1")
        for key, value in self.fields:
            if key.lower() == lower:
                return value.decode("latin-1")
        return None

    def get_all(self, name: str) -> list[str]:
        """Return all values of `name` in order, one for each field line; they are not split at commas."""
        lower = name.lower().encode("latin-1")
        return [value.decode("latin-1") for key, value in self.fields if key.lower() == lower]

    def drop(self, names: Iterable[str]) -> Headers:
        """Return a copy without the fields that have these names."""
        dropped = {name.lower().encode("latin-1") for name in names}
        return Headers(tuple(field for field in self.fields if field[0].lower() not in dropped))

    def replace(self, name: str, value: str) -> Headers:
        """Return a copy with a single field of this name.

        It stands in the place of the first one, with the case of its name, or at the end.
        """
        lower, new = name.lower().encode("latin-1"), value.encode("latin-1")
        fields: list[tuple[bytes, bytes]] = []
        is_placed = False
        for key, old in self.fields:
            if key.lower() != lower:
                fields.append((key, old))
            elif not is_placed:
                fields.append((key, new))
                is_placed = True
        if not is_placed:
            fields.append((name.encode("latin-1"), new))
        return Headers(tuple(fields))


LARGE_BODY = 1024 * 1024
"""The default of recorders: a body of more bytes is written to the store in pieces while it passes."""


class BodyRef(msgspec.Struct, frozen=True):
    """A reference to a body in the store: the SHA-256 of its bytes (hex), and its `size` in bytes."""

    digest: str
    size: int


class InlineBody(BodyRef, frozen=True):
    """A reference to a small body in history: that of the request or of the response of the exchange `entry`."""

    entry: int
    is_request: bool


class PiecedBody(BodyRef, frozen=True):
    """A new body whose pieces are in the store already, under `key`; storing its exchange makes them permanent."""

    key: str


Body = bytes | BodyRef


def measure_body(body: Body) -> int:
    """Return the size of a body in bytes."""
    return body.size if isinstance(body, BodyRef) else len(body)


class Chunk(msgspec.Struct, frozen=True):
    """A piece of a streamed body: the time in seconds after the head of the response, and the size in bytes.

    The size is that of the content, without its framing (chunked coding, DATA frames).
    """

    at: float
    size: int


class InterimResponse(msgspec.Struct, frozen=True):
    """An informational response before the final one (RFC 9110, section 15.2), such as 103 Early Hints."""

    status: int
    headers: Headers = Headers()
    reason: bytes = b""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of an upstream (RFC 6454, section 4); host in lower case, IPv6 without brackets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Return the origin of an http or https URL; raise ValueError that describes the expected form."""
        expected = f"expected a URL like http://127.0.0.1:3000 or https://api.example.com, got {strip_url(url)!r}"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ValueError(expected) from error
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0 or any(c.isspace() for c in url):
            raise ValueError(expected)
        return cls(parts.scheme, parts.hostname.lower(), port or DEFAULT_PORTS[parts.scheme])

    @property
    def normal(self) -> Origin:
        """The same origin in the form by which hosts are compared: case, a trailing dot and IPv6 spelling are gone."""
        return _normalize_origin(self)

    @property
    def authority(self) -> str:
        """`host` or `host:port`, as in a Host field: without the default port of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@lru_cache(maxsize=1024)
def _normalize_origin(origin: Origin) -> Origin:
    host = origin.host.lower().removesuffix(".")
    if ":" in host:
        with suppress(ValueError):  # an address with a scope, or none at all
            host = str(IPv6Address(host))
    return Origin(origin.scheme.lower(), host, origin.port)


class Request(msgspec.Struct, frozen=True):
    """One request. `target` is in origin form (`/path?query`) as it was sent, `origin` is the server it was sent to."""

    method: str
    target: bytes
    headers: Headers = Headers()
    body: Body = b""
    origin: Origin | None = None
    http_version: str = "HTTP/1.1"
    trailers: Headers = Headers()

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """The raw query without its question mark; empty if the target has no query."""
        return self.target.partition(b"?")[2]

    @property
    def url(self) -> str:
        """The URL for display: origin and target, with bytes that are not UTF-8 replaced."""
        return f"{self.origin or ''}{self.target.decode('utf-8', 'replace')}"


class Response(msgspec.Struct, frozen=True):
    """One response. `reason` is the reason phrase as it was received; it is empty for HTTP/2.

    `chunks` are the pieces of a streamed body, whose sizes add up to that of the body; empty for other bodies.
    `interim` are the informational responses before this one.
    """

    status: int
    headers: Headers = Headers()
    body: Body = b""
    reason: bytes = b""
    http_version: str = "HTTP/1.1"
    trailers: Headers = Headers()
    chunks: tuple[Chunk, ...] = ()
    interim: tuple[InterimResponse, ...] = ()
