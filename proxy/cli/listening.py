"""The options of commands that serve for where they listen: `--listen HOST:PORT` and `--port PORT`."""

from __future__ import annotations

import click

from understudy.store.errors import UserError

port_option = click.option(
    "-p", "--port", type=click.IntRange(0, 65535), metavar="PORT", help="The port to listen on; 0 is a free one."
)


def choose_address(listen: str | None, port: int | None, default: str) -> tuple[str, int]:
    """Return host and port by the options, or those of the default address.

    Raises UserError for an address that cannot be read, and if the options give two ports.
    """
    from understudy.proxy.gateway.inputs import parse_listen_address

    host, listen_port = parse_listen_address(default if listen is None else listen)
    if port is None:
        return host, listen_port
    if listen is not None and port != listen_port:
        raise UserError(f"--listen {listen} and --port {port} give two ports; give one of them")
    return host, port
