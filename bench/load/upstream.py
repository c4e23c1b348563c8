"""A bare asyncio server for machines without nginx: `python -m bench.load.upstream PORT`."""

from __future__ import annotations

import asyncio
import json
import sys

from bench.programs import PADDING


class Server(asyncio.Protocol):
    """A protocol that answers each GET with JSON that contains its target."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport of a new connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Answer each complete request."""
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for head in heads:
            target = head.split(b" ", 2)[1].decode("latin-1")
            body = json.dumps({"path": target, "padding": PADDING}).encode()
            line = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            self._transport.write(b"%sContent-Length: %d\r\n\r\n%s" % (line, len(body), body))


async def serve(port: int) -> None:
    """Serve until the process is killed."""
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
