"""Reading the messages of one WebSocket while its bytes pass."""

from __future__ import annotations

import logging
import time

from mitmproxy.connection import Client, Connection

from understudy.addons.websockets.message_keeper import MessageKeeper
from understudy.serving.websockets.extensions import UnknownExtension, parse_extensions
from understudy.serving.websockets.frame_reader import FrameReader, ReadMessage
from understudy.serving.websockets.inflation import Inflation
from understudy.store.model.exchanges import describe_cut_message
from understudy.store.model.messages import Headers
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage

logger = logging.getLogger(__name__)

# A further reason why a WebSocket is incomplete adds nothing.
MAX_REASONS = 5


class MessageTap:
    """Keeps the messages of the WebSocket whose handshake is the `entry` of history, as far as they can be read.

    Each message counts to the connection that sends it. Pings and pongs are not kept, and only the first close is.
    """

    def __init__(
        self, keeper: MessageKeeper, entry: int, client: Client, server: Connection, response_headers: Headers
    ) -> None:
        self._keeper = keeper
        self._entry = entry
        self._client = client
        self._server = server
        self._counts = {True: 0, False: 0}  # of messages, by whether they are the client's
        self._reasons = 0
        self._has_close = False
        self._readers: dict[bool, FrameReader] = {}
        try:
            extensions = parse_extensions(response_headers)
        except UnknownExtension as problem:
            self._mark_degraded(f"its messages are not kept: {problem}")
            return
        windows = {True: extensions.keeps_client_window, False: extensions.keeps_server_window}
        for from_client, keeps_window in windows.items():
            inflation = Inflation(keeps_window=keeps_window) if extensions.deflates else None
            self._readers[from_client] = FrameReader(inflation)

    @property
    def message_count(self) -> int:
        """The number of messages of both sides so far, as far as they could be read."""
        return sum(self._counts.values())

    def take(self, data: bytes, *, from_client: bool) -> None:
        """Read bytes that one side has sent."""
        reader = self._readers.get(from_client)
        if reader is None:
            return
        held = reader.held_bytes
        try:
            for message in reader.receive(data, self._keeper.room):
                self._take_message(message, from_client)
        except Exception:  # the bytes have to pass all the same
            logger.exception("the messages of a WebSocket could not be read")
            self._stop_reading(from_client, "an error of Understudy")
            self._keeper.report_loss(self._client)
        if reader.problem is not None:
            self._stop_reading(from_client, reader.problem)
        is_read = from_client in self._readers
        self._keeper.note_held((reader.held_bytes if is_read else 0) - held)

    def end(self, *, by_client: bool) -> None:
        """Note that the connection has ended, by which side."""
        for from_client, reader in self._readers.items():
            self._keeper.note_held(-reader.held_bytes)
            if reader.is_in_message:
                self._mark_degraded(f"the last message of the {_name(from_client)} was incomplete and is not kept")
        self._readers.clear()
        if not self._has_close:
            self._keep(MessageKind.CLOSE, BROKEN_OFF, by_client)

    def _stop_reading(self, from_client: bool, reason: str) -> None:
        self._readers.pop(from_client, None)
        first = f"message {self._counts[from_client] + 1} of the {_name(from_client)}"
        self._mark_degraded(f"{first} and later ones are not kept: {reason}")

    def _take_message(self, message: ReadMessage, from_client: bool) -> None:
        if message.kind is MessageKind.CLOSE:
            if not self._has_close:
                self._keep(message.kind, message.content, from_client)
            self._has_close = True
        elif message.kind in (MessageKind.TEXT, MessageKind.BINARY):
            self._counts[from_client] += 1
            if message.is_cut:
                number, size = self._counts[from_client], len(message.content)
                self._mark_degraded(describe_cut_message(number, _name(from_client), size))
            self._keep(message.kind, message.content, from_client)

    def _keep(self, kind: MessageKind, content: bytes, from_client: bool) -> None:
        sender = self._client if from_client else self._server
        message = WebSocketMessage(time.time(), from_client, kind, content)
        self._keeper.keep(self._entry, self._client, sender, message)

    def _mark_degraded(self, reason: str) -> None:
        self._reasons += 1
        if self._reasons <= MAX_REASONS:
            logger.warning("the WebSocket of entry %d: %s", self._entry, reason)
            self._keeper.mark_degraded(self._entry, reason)


def _name(from_client: bool) -> str:
    return "client" if from_client else "server"
