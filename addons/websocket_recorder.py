"""Recording WebSockets by hooks: each message goes to the history writer as it passes, the close too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mitmproxy import http
from mitmproxy.connection import Connection
from wsproto.frame_protocol import Opcode

from understudy.addons.flow_notes import get_note
from understudy.addons.loop.commits import Commits
from understudy.store.model.gateways import OnLoss
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage

# Bytes of messages on their way to the store; while there are more, the next one waits until it is kept before it
# passes, and nothing more is taken from either side.
MAX_PENDING_BYTES = 4 * 1024 * 1024
MESSAGE_OVERHEAD_BYTES = 1_000  # what each takes beside its content
# RFC 6455, section 7.4.1: there was a close without a code, there was none. Neither is ever sent.
NO_CODE, NO_CLOSE = 1005, 1006


class ReadControl(Protocol):
    """Stop and go on taking what a connection of a client's brings: `addons.loop.connections.Connections`."""

    def pause_reading(self, client_id: str, connection: Connection) -> None: ...

    def resume_reading(self, client_id: str, connection: Connection) -> None: ...


class WebSocketRecorder:
    """Keeps what is said on WebSockets whose handshake is in history. Pings and pongs pass unseen by hooks.

    `hang_up` closes the connection of a client by its id: so ends, unless losses are to be lived with, a WebSocket that
    cannot be kept. Without `taps`, as in stock mitmproxy, senders that are faster than the store are not held up.
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
        """A message passes when this returns."""
        assert flow.websocket
        came = flow.websocket.messages[-1]
        kind = MessageKind.TEXT if came.type is Opcode.TEXT else MessageKind.BINARY
        await self._keep(flow, WebSocketMessage(came.timestamp, came.from_client, kind, came.content))

    async def websocket_end(self, flow: http.HTTPFlow) -> None:
        """One side has closed, or gone."""
        ended = flow.websocket
        assert ended
        assert ended.timestamp_end
        content = _encode_close(ended.close_code, ended.close_reason or "")
        closed = WebSocketMessage(ended.timestamp_end, bool(ended.closed_by_client), MessageKind.CLOSE, content)
        await self._keep(flow, closed)

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
                self._read_control.pause_reading(client_id, connection)

    def _handle_result(self, flow: http.HTTPFlow, size: int, failure: BaseException | None) -> None:
        self._pending_bytes -= size
        if self._read_control is not None and self._paused and self._pending_bytes < MAX_PENDING_BYTES // 2:
            stopped, self._paused = self._paused, set()
            for client_id, connection in stopped:
                self._read_control.resume_reading(client_id, connection)
        if failure is not None and self._on_loss is OnLoss.STOP:
            self._hang_up(flow.client_conn.id)


def _encode_close(code: int | None, reason: str) -> bytes:
    if code is None or code == NO_CODE:
        return b""
    return BROKEN_OFF if code == NO_CLOSE else code.to_bytes(2, "big") + reason.encode()
