"""HTTP messages as they came: header order, case and repeats, raw body bytes. No framework, standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from understudy.store.model.fast_init import fast_init

DEFAULT_PORTS = {"http": 80, "https": 443}


def strip_url(url: str) -> str:
    """A URL for an error message: without its user, password, query and fragment, which may be secrets."""
    return re.sub(r"^([a-z]+://)?[^/]*@", r"\1", re.split("[?#]", url)[0])


@fast_init
@dataclass(frozen=True, slots=True)
class Headers:
    """An ordered multi-map of header fields, kept as the bytes that came (RFC 9110, section 5).

    `fields` holds (name, value) pairs. Names compare without case; names and values are decoded as Latin-1.
    """

    fields: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Headers:
        """Headers from text pairs; raises UnicodeEncodeError for text outside Latin-1."""
        return cls(tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        wanted = name.lower().encode("latin-1")
        for key, value in self.fields:
            if key.lower() == wanted:
                return value.decode("latin-1")
        return None

    def get_all(self, name: str) -> list[str]:
        """All values of `name` in order, one per field line; never split at commas."""
        wanted = name.lower().encode("latin-1")
        return [value.decode("latin-1") for key, value in self.fields if key.lower() == wanted]

    def drop(self, names: Iterable[str]) -> Headers:
        """A copy without the fields of these names."""
        dropped = {name.lower().encode("latin-1") for name in names}
        return Headers(tuple(field for field in self.fields if field[0].lower() not in dropped))

    def replace(self, name: str, value: str) -> Headers:
        """A copy with one field of this name: in the place of the first, with its case, or at the end."""
        wanted, new = name.lower().encode("latin-1"), value.encode("latin-1")
        fields: list[tuple[bytes, bytes]] = []
        done = False
        for key, old in self.fields:
            if key.lower() != wanted:
                fields.append((key, old))
            elif not done:
                fields.append((key, new))
                done = True
        if not done:
            fields.append((name.encode("latin-1"), new))
        return Headers(tuple(fields))


# A body of more bytes goes to the store in pieces while it passes, unless a recorder is told another size.
LARGE_BODY = 1024 * 1024


@fast_init
@dataclass(frozen=True, slots=True)
class BodyRef:
    """A body that lies in the store, named by the SHA-256 of its bytes (hex); `size` in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class PiecedBody(BodyRef):
    """A body whose bytes are in the store already, in pieces under `key`; it is kept with the exchange that has it."""

    key: str


Body = bytes | BodyRef


def measure_body(body: Body) -> int:
    """The size of a body in bytes."""
    return body.size if isinstance(body, BodyRef) else len(body)


@fast_init
@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed body: when it came, in seconds after the response's head, and its size in bytes.

    Pieces of content: what delivered them (chunked coding, DATA frames) is not in them.
    """

    at: float
    size: int


@fast_init
@dataclass(frozen=True, slots=True)
class InterimResponse:
    """An informational response that came before the final one (RFC 9110, section 15.2), such as 103 Early Hints."""

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
        """The origin of an http or https URL; raises ValueError that says what was expected."""
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
    def authority(self) -> str:
        """`host` or `host:port`, as in a Host header: the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@fast_init
@dataclass(frozen=True, slots=True)
class Request:
    """One request. `target` is in origin form (`/path?query`) as it was sent, `origin` where it was sent to."""

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
        """The raw query without its question mark; empty when there is none."""
        return self.target.partition(b"?")[2]

    @property
    def url(self) -> str:
        """The URL for people: origin and target, bytes that are not UTF-8 replaced."""
        return f"{self.origin or ''}{self.target.decode('utf-8', 'replace')}"


@fast_init
@dataclass(frozen=True, slots=True)
class Response:
    """One response. `reason` is the reason phrase as it came; HTTP/2 has none.

    `chunks` tells how a streamed body came, empty for one that came at once: their sizes add up to that of the body.
    `interim` are the informational responses before it.
    """

    status: int
    headers: Headers = Headers()
    body: Body = b""
    reason: bytes = b""
    http_version: str = "HTTP/1.1"
    trailers: Headers = Headers()
    chunks: tuple[Chunk, ...] = ()
    interim: tuple[InterimResponse, ...] = ()
