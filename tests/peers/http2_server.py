"""An HTTP/2 server over TLS that says what a test tells it, frame by frame; nobody's framework is in between."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue

import h2.config
import h2.connection
import h2.events

Fields = list[tuple[str, str]]
Say = Callable[[h2.connection.H2Connection], None]


@dataclass
class Asked:
    """One request, whole, and the connection to answer it on."""

    server: Connection
    stream_id: int
    headers: dict[str, str]
    body: bytes = b""
    trailers: Fields = field(default_factory=list)

    def head(self, *fields: tuple[str, str], status: int = 200, end: bool = False) -> None:
        """Send the head of the answer, or an informational one."""
        self._say(lambda h: h.send_headers(self.stream_id, [(":status", str(status)), *fields], end))

    def data(self, content: bytes, *, end: bool = False) -> None:
        """Send data, as the windows allow: in one frame if they are open."""
        self.server.send_data(self.stream_id, content, end=end)

    def end(self, *trailers: tuple[str, str]) -> None:
        """End the answer, with trailers if there are some."""
        if trailers:
            self._say(lambda h: h.send_headers(self.stream_id, list(trailers), end_stream=True))
        else:
            self._say(lambda h: h.end_stream(self.stream_id))

    def reset(self) -> None:
        """Break the answer off."""
        self._say(lambda h: h.reset_stream(self.stream_id))

    def _say(self, say: Say) -> None:
        self.server.send(say, self.stream_id)


class Connection(threading.Thread):
    """One connection of a client."""

    def __init__(
        self,
        raw: socket.socket,
        tls: ssl.SSLContext,
        answer: Callable[[Asked], None],
        begin: Callable[[Asked], None],
        resets: Queue[int],
    ) -> None:
        super().__init__(daemon=True)
        self._raw, self._tls, self._answer, self._begin, self._resets = raw, tls, answer, begin, resets
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._lock = threading.Lock()
        self._received = threading.Condition(self._lock)
        self._asked: dict[int, Asked] = {}
        self._given_up: set[int | None] = set()  # streams that the client has reset

    def send(self, say: Say, stream_id: int | None = None) -> None:
        """Say something, and send it; nothing on a stream that is given up: nobody waits for it (RFC 9113, 6.4)."""
        with self._lock:
            if stream_id in self._given_up:
                return
            say(self._h2)
            self._socket.sendall(self._h2.data_to_send())

    def send_data(self, stream_id: int, content: bytes, *, end: bool) -> None:
        """Send data on a stream, and wait for its windows; what is left is dropped when the client gives it up."""
        with self._received:
            while stream_id not in self._given_up:
                room = min(self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size)
                if room > 0 or not content:
                    self._h2.send_data(stream_id, content[:room], end and len(content) <= room)
                    content = content[room:]
                    self._socket.sendall(self._h2.data_to_send())
                    if not content:
                        return
                else:
                    self._received.wait()

    def run(self) -> None:
        """Serve until the client has gone."""
        with suppress(OSError), self._tls.wrap_socket(self._raw, server_side=True) as self._socket:
            self.send(lambda h: h.initiate_connection())
            while data := self._socket.recv(65536):
                with self._lock:
                    events = self._h2.receive_data(data)
                    self._given_up |= {one.stream_id for one in events if isinstance(one, h2.events.StreamReset)}
                    self._received.notify_all()
                for event in events:
                    if isinstance(event, h2.events.StreamReset):
                        self._resets.put(event.stream_id or 0)
                    self._take(event)
                self.send(lambda _: None)

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            assert event.stream_id
            headers = {str(name): str(value) for name, value in event.headers or ()}
            self._asked[event.stream_id] = asked = Asked(self, event.stream_id, headers)
            self._begin(asked)
        elif isinstance(event, h2.events.DataReceived):
            assert event.stream_id
            self._asked[event.stream_id].body += event.data or b""
            self.send(lambda h: h.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0))
        elif isinstance(event, h2.events.TrailersReceived):
            assert event.stream_id
            self._asked[event.stream_id].trailers = [(str(name), str(value)) for name, value in event.headers or ()]
        elif isinstance(event, h2.events.StreamEnded):
            assert event.stream_id
            threading.Thread(target=self._answer, args=(self._asked.pop(event.stream_id),), daemon=True).start()


def ignore(asked: Asked) -> None:
    """Do nothing."""


@contextmanager
def http_2_server(
    certificate: Path,
    answer: Callable[[Asked], None],
    begin: Callable[[Asked], None] = ignore,
    resets: Queue[int] | None = None,
) -> Iterator[str]:
    """The server on a free port; `answer` gets each whole request in a thread of its own. Yields its URL.

    `begin` gets each request when its head has come; `resets` the numbers of the streams that clients reset.
    """
    resets = Queue() if resets is None else resets
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.set_alpn_protocols(["h2"])
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                Connection(listening.accept()[0], tls, answer, begin, resets).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()
