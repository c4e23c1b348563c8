"""A parent proxy for tests: asks for a password, opens tunnels, and fetches what is asked for by its whole URL."""

from __future__ import annotations

import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

USER, PASSWORD = "ann", "sesame-of-the-parent"
CREDENTIALS = b64encode(f"{USER}:{PASSWORD}".encode())


@dataclass
class ParentProxy:
    """Where it listens, and the first lines of what it was asked. It alone knows where its `hosts` are."""

    port: int
    hosts: dict[str, int]
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self.port}"

    def serve(self, client: socket.socket) -> None:
        """One connection: a tunnel, or one request."""
        with closing(client), suppress(OSError, ValueError):
            head = _head(client)
            line, _, fields = head.partition(b"\r\n")
            self.asked.append(line.decode())
            if b"\r\nproxy-authorization: basic " + CREDENTIALS.lower() not in b"\r\n" + fields.lower():
                client.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            method, target, _ = line.decode().split(" ")
            authority, _, path = target.removeprefix("http://").partition("/")
            host, _, port = authority.partition(":")
            with closing(socket.create_connection(("127.0.0.1", self.hosts.get(host) or int(port)))) as upstream:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    kept = [one for one in fields.split(b"\r\n") if not one.lower().startswith(b"proxy-")]
                    upstream.sendall(b"\r\n".join([f"{method} /{path} HTTP/1.1".encode(), b"Connection: close", *kept]))
                _pump_both(client, upstream)


@contextmanager
def parent_proxy(**hosts: int) -> Iterator[ParentProxy]:
    """A parent in a thread; `hosts` are names (_ for .) and the ports where they really are."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        parent = ParentProxy(listener.getsockname()[1], {name.replace("_", "."): port for name, port in hosts.items()})

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=parent.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield parent
        listener.shutdown(socket.SHUT_RDWR)


def _head(client: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            raise ValueError("no request")
        head += byte
    return head


def _pump_both(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_pump, args=(one, other), daemon=True)
    back.start()
    _pump(other, one)
    back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
