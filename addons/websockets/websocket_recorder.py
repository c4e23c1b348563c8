"""Recording the WebSockets that the gateway forwards."""

from __future__ import annotations

from mitmproxy import http

from understudy.addons.flow_notes import get_note
from understudy.addons.websockets.message_keeper import MessageKeeper
from understudy.addons.websockets.message_tap import MessageTap
from understudy.store.model.messages import Headers


class WebSocketRecorder:
    """The addon that has the messages of each WebSocket kept whose handshake is in history."""

    def __init__(self, keeper: MessageKeeper) -> None:
        self._keeper = keeper

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """Begin to read the messages of a WebSocket."""
        note = get_note(flow)
        if note.entry is not None and flow.response is not None:
            headers = Headers(tuple(flow.response.headers.fields))
            note.message_tap = MessageTap(self._keeper, note.entry, flow.client_conn, flow.server_conn, headers)
