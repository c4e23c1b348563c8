"""Recording WebSockets by mitmproxy's hooks, inside stock mitmproxy: each message as it passes, and the close."""

from __future__ import annotations

from mitmproxy import http
from wsproto.frame_protocol import Opcode

from understudy.addons.flow_notes import get_note
from understudy.addons.loop.commits import Commits
from understudy.addons.loop.slow_store import MAX_PENDING_BYTES
from understudy.addons.websockets.message_keeper import MESSAGE_OVERHEAD_BYTES
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage

# A close frame without a code, and a connection that ended without one; neither code is sent (RFC 6455, section 7.4.1).
NO_CODE, NO_CLOSE = 1005, 1006


class HookRecorder:
    """The addon that keeps the messages of WebSockets whose handshake is in history; no hook runs for pings and pongs.

    While more than MAX_PENDING_BYTES of messages wait for the store, the next message passes only when it is kept. What
    cannot be kept is counted and logged by the writer; the WebSocket goes on.
    """

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
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
        kept.add_done_callback(lambda done: self._handle_result(size, done.exception()))
        if self._pending_bytes > MAX_PENDING_BYTES:
            await kept

    def _handle_result(self, size: int, _: BaseException | None) -> None:
        self._pending_bytes -= size


def _encode_close(code: int | None, reason: str) -> bytes:
    if code is None or code == NO_CODE:
        return b""
    return BROKEN_OFF if code == NO_CLOSE else code.to_bytes(2, "big") + reason.encode()
