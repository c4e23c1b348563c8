"""Parent proxies, and the choice of one for an origin."""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes, urlsplit

from understudy.store.model.messages import Origin

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ParentProxy:
    """A proxy that is called in plain HTTP/1.1; `authorization` is the value of Proxy-Authorization, if any."""

    host: str
    port: int
    authorization: bytes | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> ParentProxy:
        """Parse a URL such as http://user:password@proxy.example:3128; the default port is 80.

        Raises ValueError, whose message has no password.
        """
        expected = "a parent proxy is a URL such as http://proxy.example:3128, a user and a password before its host"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ValueError(expected) from error
        if "://" not in url or any(character.isspace() for character in url):
            raise ValueError(expected)
        if parts.scheme != "http":
            raise ValueError(f"{expected}, not one of the scheme {parts.scheme}")
        if not parts.hostname or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(expected)
        return cls(parts.hostname.lower(), port or 80, _encode_basic_auth(parts.username, parts.password))

    @property
    def address(self) -> Address:
        """The host and the port."""
        return self.host, self.port

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return _is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def _encode_basic_auth(user: str | None, password: str | None) -> bytes | None:
    if user is None and password is None:
        return None
    return b"Basic " + b64encode(unquote_to_bytes(user or "") + b":" + unquote_to_bytes(password or ""))


@dataclass(frozen=True, slots=True)
class ParentProxies:
    """The parents for http and https origins, and the hosts that are called directly (NO_PROXY).

    `loopback`: the addresses of this machine are called through a parent, too.
    """

    http: ParentProxy | None = None
    https: ParentProxy | None = None
    exempt: tuple[str, ...] = ()
    loopback: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ParentProxies:
        """Return the parents of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case; raises ValueError."""
        default = _parse_variable(environment, "all_proxy")
        return cls(
            _parse_variable(environment, "http_proxy") or default,
            _parse_variable(environment, "https_proxy") or default,
            parse_no_proxy(environment),
        )

    def find_parent(self, origin: Origin) -> ParentProxy | None:
        """Return the parent through which this origin is called; None if it is called directly."""
        parent = self.https if origin.scheme == "https" else self.http
        if parent is None or (not self.loopback and _is_loopback(origin.host)):
            return None
        return None if any(_is_exempt(origin, pattern) for pattern in self.exempt) else parent

    @property
    def addresses(self) -> frozenset[Address]:
        """The addresses of these parents."""
        return frozenset(parent.address for parent in (self.http, self.https) if parent)

    def __bool__(self) -> bool:
        return self.http is not None or self.https is not None

    def __str__(self) -> str:
        """Return the URLs without passwords."""
        urls = dict.fromkeys(map(str, filter(None, (self.http, self.https))))
        return " and ".join(urls) or "none"


NO_PARENTS = ParentProxies()


def parse_no_proxy(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the entries of NO_PROXY."""
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return tuple(host.strip().lower() for host in listed.split(",") if host.strip())


def _parse_variable(environment: Mapping[str, str], name: str) -> ParentProxy | None:
    url = environment.get(name) or environment.get(name.upper())
    if not url:
        return None
    try:
        return ParentProxy.parse(url if "://" in url else f"http://{url}")  # clients accept these without a scheme
    except ValueError as error:
        raise ValueError(f"{name.upper()}: {error}") from error


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    address = _parse_address(host)
    return address is not None and address.is_loopback


def _is_exempt(origin: Origin, pattern: str) -> bool:
    """Return whether an entry of NO_PROXY covers this origin.

    An entry is `*`, a domain with its subdomains, an address or a network; a domain or address may have a port.
    """
    if pattern == "*":
        return True
    host, port = _split_port(pattern)
    if port is not None and port != origin.port:
        return False
    address = _parse_address(origin.host)
    if address is not None:
        try:
            return address in ipaddress.ip_network(host, strict=False)
        except ValueError:
            return False
    domain = host.removeprefix("*").removeprefix(".")
    return bool(domain) and (origin.host == domain or origin.host.endswith(f".{domain}"))


def _split_port(pattern: str) -> tuple[str, int | None]:
    host, colon, port = pattern.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        return host.strip("[]"), int(port)
    return pattern.strip("[]"), None


def _parse_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
