"""Read what a user gives a gateway as text: addresses, URLs and proxies. Errors name the field of `GatewaySettings`."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.serving.gateway.parent_proxies import NO_PARENTS, ParentProxies, ParentProxy, parse_no_proxy
from understudy.store.errors import UserError
from understudy.store.model.messages import Origin, strip_url

LOOPBACK = "127.0.0.1"
NO_PARENT = "none"


def parse_listen_address(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT, :PORT or PORT; the host is the loopback address by default.

    Raises UserError.
    """
    host, _, port = text.rpartition(":")
    bare = host.strip("[]")
    is_odd = (bare != host and host != f"[{bare}]") or any(one.isspace() or one in "/@?#[]" for one in bare)
    if not port.isascii() or not port.isdigit() or int(port) > 65535 or is_odd:
        raise UserError(f"takes HOST:PORT, such as 127.0.0.1:8080, got {text!r}", field="listen")
    return bare or LOOPBACK, int(port)


def parse_upstream(text: str) -> Origin:
    """Return the origin of an upstream's URL, which has no path and no user; raises UserError."""
    try:
        origin = Origin.parse(text)
    except ValueError as error:
        raise UserError(str(error), field="upstream") from error
    if any(character in text.split("://", 1)[1].rstrip("/") for character in "/?#@"):
        message = f"takes scheme, host and port only, such as {origin}, got {strip_url(text)!r}"
        raise UserError(message, field="upstream")
    return origin


def parse_parent_proxy(text: str, environment: Mapping[str, str]) -> ParentProxies:
    """Return the parent proxy of this URL for all upstreams but those of NO_PROXY; "none" is no parent proxy.

    Raises UserError.
    """
    if text == NO_PARENT:
        return NO_PARENTS
    try:
        parent = ParentProxy.parse(text)
    except ValueError as error:
        raise UserError(f"{error}, or {NO_PARENT}", field="parent_proxy") from error
    return ParentProxies(parent, parent, parse_no_proxy(environment), loopback=True)


def read_parent_proxies(environment: Mapping[str, str], port: int) -> ParentProxies:
    """Return the parent proxies that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name; raises UserError.

    A gateway that listens on `port` is not its own parent proxy: it would call itself.
    """
    try:
        parents = ParentProxies.from_environment(environment)
    except ValueError as error:
        raise UserError(str(error)) from error
    is_own = any(each is not None and each.is_loopback and each.port == port for each in (parents.http, parents.https))
    return NO_PARENTS if is_own else parents
