"""The options of mitmproxy that make a gateway listen and call upstreams, and why it cannot listen."""

from __future__ import annotations

import errno
import os
import socket

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.options import Options

from understudy.proxy.gateway.settings import GatewaySettings
from understudy.proxy.gateway.trusted_roots import find_trusted_roots
from understudy.store.errors import Conflict, Hint, UserError

BACKLOG = 2_048


def make_options(settings: GatewaySettings) -> Options:
    """Return the options that mitmproxy needs before it has addons."""
    upstream = settings.upstream
    # Our layers do TLS towards the upstream: in mitmproxy's own https mode the gateway would listen on UDP too.
    mode = "regular" if upstream is None else f"reverse:http://{format_address(upstream.host, upstream.port)}"
    return Options(listen_host=settings.host, listen_port=settings.port, mode=[mode], confdir=str(settings.confdir))


def make_addon_options(settings: GatewaySettings) -> dict[str, object]:
    """Return the options that mitmproxy's addons declare."""
    # mitmproxy would trust what certifi lists, and not what a company put into the system's store.
    authorities = settings.upstream_ca or find_trusted_roots(os.environ)
    return {
        "connection_strategy": "lazy",
        "upstream_cert": False,
        "keep_host_header": True,
        "ssl_insecure": settings.insecure,
        "ssl_verify_upstream_trusted_ca": str(authorities) if authorities else None,
        "client_certs": str(settings.client_cert) if settings.client_cert else None,
    }


def accept_bursts(servers: Proxyserver) -> None:
    """Let as many clients connect at once as to a mock server; mitmproxy lets 100 wait, and more are reset."""
    for instance in servers.servers:
        for server in getattr(instance, "_servers", ()):
            for listener in server.sockets:
                with socket.socket(fileno=os.dup(listener.fileno())) as again:
                    again.listen(BACKLOG)


def make_listen_error(settings: GatewaySettings, servers: Proxyserver) -> UserError:
    """Return the error of a gateway that cannot listen, from the error of its server."""
    error = next((one.last_exception for one in servers.servers if one.last_exception), None)
    address = format_address(settings.host, settings.port)
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        message = f"{address} is taken by another server or program"
        return Conflict(message, what="address", which=address, hint=Hint("choose_listen"))
    return UserError(f"cannot listen on {address}: {_describe_error(error)}", what="address", which=address)


def format_address(host: str, port: int) -> str:
    """Return HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _describe_error(error: Exception | None) -> str:
    # mitmproxy puts a sentence with Python's words around the system's error.
    number = error.errno or 0 if isinstance(error, OSError) else 0
    if "could not bind on any address" in str(error):  # asyncio's words since Python 3.13, without a number
        number = errno.EADDRNOTAVAIL
    if number < 0:  # getaddrinfo(3)
        return "that name cannot be resolved"
    return os.strerror(number) if number else str(error)
