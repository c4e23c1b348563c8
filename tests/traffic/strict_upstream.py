"""A strict upstream: it keeps every byte that reaches it, and lets h11 read them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11

# What no request has, in its head, its framing or its trailers: these tests send no such content.
_ASCII = bytes(byte if byte < 0x80 else ord("x") for byte in range(256))
FORBIDDEN = (b"\0", b"\x01", b"\x0b", b"\r\r", b"\r\n ", b"\r\n\t", b"\n\n")


@dataclass
class StrictUpstream:
    """What came since the last `take`: whole requests as (method, target, body), and what no client may send."""

    url: str = ""
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)

    def take(self) -> tuple[list[tuple[str, str, bytes]], list[str]]:
        """Return the requests and the malformed bytes, and forget them."""
        taken = self.requests, self.malformed
        self.requests, self.malformed = [], []
        return taken

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection; close it at the first byte that is not HTTP/1.1."""
        try:
            await self._answer_all(reader, writer)
        except (ConnectionError, h11.RemoteProtocolError) as error:
            if isinstance(error, h11.RemoteProtocolError) and "closed" not in str(error):
                self.malformed.append(str(error))
        finally:
            writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server, request, body = h11.Connection(h11.SERVER), None, b""
        while True:
            event = server.next_event()
            if event is h11.NEED_DATA:
                data = await reader.read(65_536)
                self.malformed += [f"{word!r} in {data!r}" for word in FORBIDDEN if word in data]
                # h11 reads no target that is not ASCII, and keeps no connection of HTTP/1.0 open.
                server.receive_data(data.translate(_ASCII).replace(b" HTTP/1.0\r\n", b" HTTP/1.1\r\n"))
                if not data:
                    return
            elif isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                self.requests.append((request.method.decode(), request.target.decode("latin-1"), body))
                writer.write(server.send(h11.Response(status_code=200, headers=[("Content-Length", "2")])) or b"")
                writer.write((server.send(h11.Data(data=b"ok")) if request.method != b"HEAD" else b"") or b"")
                writer.write(server.send(h11.EndOfMessage()) or b"")
                if server.our_state is not h11.DONE or server.their_state is not h11.DONE:
                    return
                server.start_next_cycle()
            else:
                return


@asynccontextmanager
async def strict_upstream() -> AsyncIterator[StrictUpstream]:
    """Serve until the block ends."""
    upstream = StrictUpstream()
    server = await asyncio.start_server(upstream.answer, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()
