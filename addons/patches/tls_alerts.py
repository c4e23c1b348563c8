"""What mitmproxy has no hook for: TLS alerts that come after the handshake, and the first bytes of a client.

A fatal alert of an upstream ends reading from it, as the connection ends (RFC 8446, section 6.2). mitmproxy logs an
alert and ignores the end of the connection after it, and its HTTP layer waits for ever. In TLS 1.3 an upstream notices
that a client certificate is missing only when its client considers the handshake complete.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from OpenSSL import SSL

logger = logging.getLogger(__name__)


def end_on_fatal_alert(connection: SSL.Connection) -> None:
    """Make an error while reading end what is read; mitmproxy has no hook for errors there."""
    receive = connection.recv

    def recv(size: int, flags: int | None = None) -> bytes:
        try:
            return receive(size, flags)
        except (SSL.WantReadError, SSL.WantWriteError, SSL.ZeroReturnError):
            raise
        except SSL.Error as error:
            logger.warning("an upstream ended its TLS connection: %s", error)
            raise SSL.ZeroReturnError from error

    connection.recv = recv  # type: ignore[method-assign, assignment]  # of this one connection


def watch_first_read(connection: SSL.Connection, on_data: Callable[[], None], on_error: Callable[[str], None]) -> None:
    """Call back once for the first bytes of a connection, or for the error in their place."""
    receive = connection.recv

    def recv(size: int, flags: int | None = None) -> bytes:
        try:
            data = receive(size, flags)
        except (SSL.WantReadError, SSL.WantWriteError, SSL.ZeroReturnError):
            raise
        except SSL.Error as error:
            on_error(str(error))
            raise
        connection.recv = receive  # type: ignore[method-assign]
        on_data()
        return data

    connection.recv = recv  # type: ignore[method-assign, assignment]  # of this one connection
