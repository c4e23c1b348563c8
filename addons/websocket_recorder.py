"""Recording WebSockets by hooks: each message goes to the history writer as it passes, and so does the close."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy import http
from mitmproxy.connection import Connection
from wsproto.frame_protocol import Opcode

from understudy.addons.flow_notes import get_note
from understudy.addons.loop.commits import Commits
from understudy.addons.loop.reading_gate import PauseReason
from understudy.addons.loop.slow_store import MAX_PENDING_BYTES, ReadControl
from understudy.store.model.gateways import OnLoss
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage

MESSAGE_OVERHEAD_BYTES = 1_000  # the memory that each takes beside its content
# A close frame without a code, and a connection that ended without one; neither code is sent (RFC 6455, section 7.4.1).
NO_CODE, NO_CLOSE = 1005, 1006


class WebSocketRecorder:
    """The addon that keeps the messages of WebSockets whose handshake is in history; no hook runs for pings and pongs.

    `hang_up` closes a client's connection by its id: that ends a WebSocket that cannot be kept, unless `on_loss` is to
    continue. While more than MAX_PENDING_BYTES of messages wait for the store, the next message passes only when it is
    kept, and nothing more is read from either side. Without `read_control`, as in stock mitmproxy, senders that are
    faster than the store are not slowed down.
    """

    def __init__(
        self,
        commits: Commits,
        hang_up: Callable[[str], object] = lambda client_id: None,  # noqa: ARG005 - stock mitmproxy goes on
        on_loss: OnLoss = OnLoss.STOP,
        read_control: ReadControl | None = None,
    ) -> None:
        self._commits = commits
        self._hang_up = hang_up
        self._on_loss = on_loss
        self._read_control = read_control
        self._paused: set[tuple[str, Connection]] = set()
        self._pending_bytes = 0

    async def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Keep a message; it passes when this returns."""
        assert flow.websocket
        message = flow.websocket.messages[-1]
        kind = MessageKind.TEXT if message.type is Opcode.TEXT else MessageKind.BINARY
        await self._keep(flow, WebSocketMessage(message.timestamp, message.from_client, kind, message.content))

    async def websocket_end(self, flow: http.HTTPFlow) -> None:
        """Keep the close of a WebSocket, or that it ended without one."""
        websocket = flow.websocket
        assert websocket
        assert websocket.timestamp_end
        content = _encode_close(websocket.close_code, websocket.close_reason or "")
        by_client = bool(websocket.closed_by_client)
        await self._keep(flow, WebSocketMessage(websocket.timestamp_end, by_client, MessageKind.CLOSE, content))

    async def _keep(self, flow: http.HTTPFlow, message: WebSocketMessage) -> None:
        entry = get_note(flow).entry
        if entry is None:
            return
        size = len(message.content) + MESSAGE_OVERHEAD_BYTES
        self._pending_bytes += size
        kept = self._commits.keep_message(entry, message)
        kept.add_done_callback(lambda done: self._handle_result(flow, size, done.exception()))
        if self._pending_bytes > MAX_PENDING_BYTES:
            self._pause_senders(flow)
            await kept

    def _pause_senders(self, flow: http.HTTPFlow) -> None:
        client_id = flow.client_conn.id
        for connection in (flow.client_conn, flow.server_conn):
            if self._read_control is not None and (client_id, connection) not in self._paused:
                self._paused.add((client_id, connection))
                self._read_control.pause_reading(client_id, connection, PauseReason.MESSAGES)

    def _handle_result(self, flow: http.HTTPFlow, size: int, failure: BaseException | None) -> None:
        self._pending_bytes -= size
        if self._read_control is not None and self._paused and self._pending_bytes < MAX_PENDING_BYTES // 2:
            paused, self._paused = self._paused, set()
            for client_id, connection in paused:
                self._read_control.resume_reading(client_id, connection, PauseReason.MESSAGES)
        if failure is not None and self._on_loss is OnLoss.STOP:
            self._hang_up(flow.client_conn.id)


def _encode_close(code: int | None, reason: str) -> bytes:
    if code is None or code == NO_CODE:
        return b""
    return BROKEN_OFF if code == NO_CLOSE else code.to_bytes(2, "big") + reason.encode()
