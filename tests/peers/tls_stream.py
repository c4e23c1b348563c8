"""TLS on a blocking socket, for a thread that reads and others that write: SSLSocket is not made for that."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

READ_BYTES = 262_144


class TlsStream:
    """A connection after its handshake."""

    def __init__(self, connected: socket.socket, context: ssl.SSLContext, server_name: str | None = None) -> None:
        self._socket = connected
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._using, self._sending = threading.Lock(), threading.Lock()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_name is None, server_hostname=server_name
        )
        self._shake_hands()

    def sendall(self, data: bytes) -> None:
        """Send all of the bytes."""
        with self._sending:
            with self._using:
                self._tls.write(data)
                encrypted = self._outgoing.read()
            self._socket.sendall(encrypted)

    def recv(self) -> bytes:
        """Return bytes that came, b"" at the end."""
        while True:
            with self._using:
                try:
                    return self._tls.read(READ_BYTES)
                except ssl.SSLWantReadError:
                    pass
            if not (data := self._socket.recv(READ_BYTES)):
                return b""
            with self._using:
                self._incoming.write(data)

    def settimeout(self, seconds: float) -> None:
        """Raise TimeoutError when the other side takes or sends nothing for so long."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """Close the connection, also for a thread that reads from it."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._socket.recv(READ_BYTES)
                if not data:
                    raise OSError("the connection was closed in the handshake") from None
                self._incoming.write(data)
            else:
                self._flush()
                return

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._socket.sendall(data)
